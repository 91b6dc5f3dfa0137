/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/measure.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utf8.h"
#include "lib/log.h"
#include "lib/result.h"

#define PAGE_BYTES 4096.0
#define MEASURE_PHASES "before, inflate, plateau, deflate, after"

static bool begins_with(const char *text, const char *begin)
{
	return !strncmp(text, begin, strlen(begin));
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

static bool is_number(const struct field *f)
{
	return f->type == FIELD_COUNT || f->type == FIELD_INTEGER || f->type == FIELD_REAL ||
	       f->type == FIELD_COUNTERS || f->type == FIELD_NUMBERS;
}

/* The field at the end of a path; or NULL, @record the last one found, and @path the rest. */
static const struct field *follow(const struct record **record, const char **path)
{
	const char *rest = *path;
	const struct field *f;
	bool nested;
	size_t n;

	do {
		n = strcspn(rest, ".");
		f = (*record)->fields;
		while (f->name && (strncmp(f->name, rest, n) || f->name[n]))
			f++;
		*path = rest;
		if (!f->name || !strcmp(f->name, "name"))
			return NULL;
		rest += n + (rest[n] == '.');
		if (f->type == FIELD_MAP)
			rest += strcspn(rest, ".") + (strchr(rest, '.') != NULL);
		nested = f->type == FIELD_MAP || f->type == FIELD_STRUCT;
		if (nested)
			*record = f->record;
	} while (nested);
	if (f->type == FIELD_NUMBERS)
		return *rest && !rest[strspn(rest, "0123456789")] ? f : NULL;
	return (f->type == FIELD_COUNTERS) == (*rest != '\0') ? f : NULL;
}

static const struct field *find_field(const char *path)
{
	const struct record *records[] = { &boot_record, &cycle_record };
	const struct field *f = NULL;
	const char *rest;
	size_t i;

	for (i = 0; !f && i < 2; i++) {
		rest = path;
		f = follow(&records[i], &rest);
	}
	return f;
}

/* @path is no field: list the fields where it goes wrong. */
static int refuse_path(const char *path, char *err, size_t err_size)
{
	const struct record *records[] = { &cycle_record, &boot_record };
	const char *rests[] = { path, path }, *where = "a boot and its cycles";
	int i, first = 0, last = 1, length = strlen(where);
	const struct field *f;
	size_t n;

	for (i = 0; i < 2; i++)
		follow(&records[i], &rests[i]);
	if (rests[0] != path || rests[1] != path) {
		first = last = rests[1] > rests[0];
		where = path;
		length = rests[first] - path;
		length -= length && path[length - 1] == '.';
	}
	n = snprintf(err, err_size, "no metric '%s'; in %.*s there are:", printable(path), length,
		     where);
	for (i = first; i <= last; i++)
		for (f = records[i]->fields; f->name && n < err_size; f++)
			if (is_number(f) || f->type == FIELD_STRUCT || f->type == FIELD_MAP ||
			    f->type == FIELD_HISTOGRAM)
				n += snprintf(err + n, err_size - n, "%s %s",
					      err[n - 1] == ':' ? "" : ",", f->name);
	return -EINVAL;
}

static void set_field(struct measure *m, const struct field *f, const char *column)
{
	snprintf(m->column, sizeof(m->column), "%s", column);
	m->unit = f->unit;
	m->clock = f->clock;
	m->better = f->better;
}

/* What may follow a name: the statistic of a histogram, or the divisor of a field of a resize. */
static const struct suffix {
	const char *text;
	enum statistic statistic;
	enum relative relative;
	const char *per;
	double factor;
} suffixes[] = {
	{ ".p", STATISTIC_QUANTILE, PLAIN, "", 1 }, /* and a number */
	{ ".mean", STATISTIC_MEAN, PLAIN, "", 1 },
	{ ".min", STATISTIC_MIN, PLAIN, "", 1 },
	{ ".max", STATISTIC_MAX, PLAIN, "", 1 },
	{ ".count", STATISTIC_COUNT, PLAIN, "", 1 },
	{ ".disturbed_ns", STATISTIC_VALUE, PLAIN, "", 1 },
	{ ".disturbed_percent", STATISTIC_VALUE, PERCENT, "", 1 },
	{ ".excess_ns", STATISTIC_VALUE, PLAIN, "", 1 },
	{ ".excess_percent", STATISTIC_VALUE, PERCENT, "", 1 },
	{ ".per_page", STATISTIC_VALUE, PER_PAGE, "bytes", PAGE_BYTES },
	{ ".per_gib", STATISTIC_VALUE, PER_GIB, "bytes", GIB_BYTES },
	{ ".percent", STATISTIC_VALUE, PERCENT, "duration_ns", 100 },
	{ .text = NULL },
};

struct parser {
	struct measure *m;
	char prefix[MEASURE_NAME]; /* without the suffix */
	const char *statistic;	   /* the suffix as written */
	char *err;
	size_t err_size;
};

#define REFUSE(p, ...) refuse((p)->err, (p)->err_size, __VA_ARGS__)

/* ".p99.9": the percentile's own dot is no separator. */
static bool is_percentile(const char *text)
{
	return begins_with(text, ".p") && isdigit((unsigned char)text[2]) &&
	       !text[2 + strspn(text + 2, "0123456789.")];
}

static const struct suffix *find_suffix(struct parser *p)
{
	const struct suffix *s;
	const char *at = p->m->name;

	for (; (at = strchr(at, '.')); at++) {
		for (s = suffixes; s->text; s++)
			if (s == suffixes ? is_percentile(at) : !strcmp(at, s->text))
				break;
		if (!s->text)
			continue;
		p->statistic = at;
		snprintf(p->prefix, sizeof(p->prefix), "%.*s", (int)(at - p->m->name), p->m->name);
		return s;
	}
	return NULL;
}

/* RESIZE.FIELD over another of the resize, in each cycle. */
static int set_relative(struct parser *p, const char *per)
{
	const char *resize = direction_names[begins_with(p->prefix, direction_names[DEFLATE])];
	const struct field *f = find_field(p->prefix);

	if (!f || !is_number(f) || !begins_with(p->prefix, resize))
		return refuse_path(p->m->name, p->err, p->err_size);
	set_field(p->m, f, p->prefix);
	snprintf(p->m->per, sizeof(p->m->per), "%s.%s", resize, per);
	p->m->in_each_cycle = true;
	return 0;
}

static int set_victim(struct parser *p)
{
	const char *victim = p->prefix;
	struct measure *m = p->m;
	bool disturbed = m->statistic == STATISTIC_VALUE;

	if (!begins_with(victim, "guest.") && !begins_with(victim, "host."))
		return REFUSE(p,
			      "'%s' has no phases: 'during' is for co-located workloads, "
			      "guest.NAME_UNIT and host.NAME_UNIT",
			      m->name);
	snprintf(m->victim, sizeof(m->victim), "victims.%s", victim);
	snprintf(m->column, sizeof(m->column), "victims.%s.%s%s", victim, m->during,
		 disturbed ? p->statistic : "");
	m->clock = begins_with(victim, "host.") ? CLOCK_HOST : CLOCK_GUEST;
	m->better = !disturbed && ends_with(victim, "_per_s") ? BETTER_HIGHER : BETTER_LOWER;
	/* The unit of a victim is in its name. */
	m->unit = disturbed || ends_with(victim, "_ns") ? UNIT_NS
		  : ends_with(victim, "gib_per_s")	? UNIT_GIB_PER_S
		  : ends_with(victim, "bytes_per_s")	? UNIT_BYTES_PER_S
		  : ends_with(victim, "bytes")		? UNIT_BYTES
							: UNIT_NONE;
	return 0;
}

static int set_histogram(struct parser *p)
{
	char column[sizeof(p->m->column)];
	const struct field *f;

	if (begins_with(p->prefix, "guest."))
		return REFUSE(p, "'%s': expected a phase, as in '%s during inflate'; phases are %s",
			      p->m->name, p->m->name, MEASURE_PHASES);
	if (begins_with(p->prefix, "host."))
		snprintf(column, sizeof(column), "trace.host.calls.%s.latency_ns",
			 p->prefix + strlen("host."));
	else if (begins_with(p->prefix, "ops.") && !ends_with(p->prefix, ".histogram"))
		snprintf(column, sizeof(column), "%s.histogram", p->prefix);
	else
		snprintf(column, sizeof(column), "%s", p->prefix);
	f = find_field(column);
	if (!f)
		return refuse_path(column, p->err, p->err_size);
	if (f->type != FIELD_HISTOGRAM || p->m->statistic == STATISTIC_VALUE)
		return REFUSE(p, "'%s' is no histogram: it has no %s", p->prefix, p->statistic + 1);
	set_field(p->m, f, column);
	p->m->is_traced = begins_with(column, "ops.") || begins_with(column, "trace.");
	return 0;
}

/* "NAME" or "NAME during PHASE": the name into m->name. */
static int split(struct parser *p, const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	static const char during[] = " during ";
	const char *phase = strstr(text, during);
	size_t n = phase ? (size_t)(phase - text) : strlen(text);
	struct measure *m = p->m;
	int i;

	snprintf(m->text, sizeof(m->text), "%s", text);
	snprintf(m->name, sizeof(m->name), "%.*s", (int)(n < MEASURE_NAME ? n : 0), text);
	if (!*m->name || m->name[strspn(m->name, letters)] || *m->name == '.' ||
	    strstr(m->name, "..") || ends_with(m->name, "."))
		return REFUSE(p,
			      "'%s' is no metric; name one by its place in result.json, as "
			      "inflate.duration_ns, or a histogram's statistic, as ops.enqueue.p99",
			      printable(text));
	if (!phase)
		return 0;
	phase += strlen(during);
	i = name_index((char *const *)victim_phase_names, phase);
	if (i < 0)
		return REFUSE(p, "'%s': expected one of %s after 'during'", printable(phase),
			      MEASURE_PHASES);
	m->during = victim_phase_names[i];
	return 0;
}

int measure_parse(struct measure *m, const char *text, char *err, size_t err_size)
{
	struct parser p = { .m = m, .err = err, .err_size = err_size };
	const struct suffix *suffix;
	const struct field *f;
	char *end;

	*m = (struct measure){ .factor = 1 };
	if (split(&p, text))
		return -EINVAL;
	f = m->during ? NULL : find_field(m->name);
	if (f && is_number(f)) {
		set_field(m, f, m->name);
		return 0;
	}
	suffix = find_suffix(&p);
	if (!suffix && m->during)
		return REFUSE(&p,
			      "'%s': expected a statistic with 'during', as in %s.p99 (.p50, "
			      ".p99.9, .mean, .max)",
			      m->name, m->name);
	if (!suffix)
		return refuse_path(m->name, err, err_size);
	m->statistic = suffix->statistic;
	m->relative = suffix->relative;
	m->factor = suffix->factor;
	if (*suffix->per)
		return set_relative(&p, suffix->per);
	if (m->statistic == STATISTIC_QUANTILE) {
		/* 99.9 / 100 is above 0.999, which makes its rank one too high. */
		m->quantile = round(strtod(p.statistic + strlen(".p"), &end) * 1e7) / 1e9;
		if (*end || !(m->quantile > 0 && m->quantile < 1))
			return REFUSE(&p,
				      "'%s': expected a percentile between 0 and 100, as in .p99",
				      p.statistic);
	}
	return m->during ? set_victim(&p) : set_histogram(&p);
}

struct measure measure_of(const char *format, ...)
{
	char text[2 * MEASURE_NAME], err[256];
	struct measure m;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	/* The name of a victim comes from the tree: a bad one has no value. */
	measure_parse(&m, text, err, sizeof(err));
	return m;
}

struct unit_shown measure_shown(const struct measure *m, enum result_accel accel)
{
	enum { NUMBER, BYTES, TIME, INSTRUCTIONS, KINDS };
	static const struct unit_shown relative[][KINDS] = {
		[PER_PAGE] = { { "1/page", 1 },
			       { "1/page", 1 },
			       { "ns/page", 1 },
			       { "instructions/page", 1 } },
		[PER_GIB] = { { "1/GiB", 1 },
			      { "MiB/GiB", 1.0 / (1 << 20) },
			      { "s/GiB", 1e-9 },
			      { "G instructions/GiB", 1e-9 } },
		[PERCENT] = { { "%", 1 }, { "%", 1 }, { "%", 1 }, { "%", 1 } },
	};
	int kind = m->unit == UNIT_BYTES ? BYTES : m->unit == UNIT_NS ? TIME : NUMBER;
	bool instructions = accel_counts(accel, m->clock);

	if (kind == TIME && instructions)
		kind = INSTRUCTIONS;
	return m->relative == PLAIN ? unit_shown(m->unit, instructions)
				    : relative[m->relative][kind];
}

struct listing {
	FILE *f;
	const char *prefix;
};

static int list_field(const char *path, const struct field *f, const void *value, void *context)
{
	const struct listing *l = context;
	struct listing inner = *l;
	char name[160];

	(void)value;
	snprintf(name, sizeof(name), "%s%s%s", l->prefix, path,
		 f->type == FIELD_COUNTERS    ? ".COUNTER"
		 : f->type == FIELD_NUMBERS   ? ".ORDER"
		 : f->type == FIELD_MAP	      ? ".NAME."
		 : f->type == FIELD_HISTOGRAM ? ".STATISTIC"
					      : "");
	inner.prefix = name;
	if (f->type == FIELD_MAP)
		return record_walk(f->record, NULL, list_field, &inner);
	if (is_number(f) || f->type == FIELD_HISTOGRAM)
		fprintf(l->f, "  %-44s %s\n", name, f->doc ? f->doc : "");
	return 0;
}

void measure_list(FILE *f)
{
	struct listing l = { f, "" };

	fputs("Of each cycle; a boot has the median of its cycles\n\n", f);
	record_walk(&cycle_record, NULL, list_field, &l);
	fputs("\nOf each boot\n\n", f);
	record_walk(&boot_record, NULL, list_field, &l);
	fputs("\nA number of inflate or deflate has .per_page, .per_gib and .percent (of the "
	      "duration) too.\nSTATISTIC is pPERCENT (p50, p99.9), mean, min, max or count. Short "
	      "names of histograms:\nops.OP, host.ADVICE, and guest.NAME_UNIT, host.NAME_UNIT of "
	      "co-located workloads, which\nhave disturbed_ns, disturbed_percent, excess_ns and "
	      "excess_percent too, with 'during\nPHASE': " MEASURE_PHASES ".\n",
	      f);
}
