/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/gate/gate.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utf8.h"
#include "lib/alloc.h"
#include "lib/ini_file.h"
#include "lib/log.h"
#include "lib/result.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORD_SIZE 128
/* libinih truncates the name of a section here, silently. */
#define SECTION_MAX 48
#define PERCENT_MAX 1000

/* An expression as it is parsed. */
struct parser {
	struct claim *claim;
	const char *at;
	char word[WORD_SIZE]; /* the one before @at; "" at the end */
	char *err;
	size_t err_size;
};

#define REFUSE(p, ...) refuse((p)->err, (p)->err_size, __VA_ARGS__)

const char *const claim_operators[] = {
	[CLAIM_AT_MOST] = "<=",
	[CLAIM_BELOW] = "<",
	[CLAIM_AT_LEAST] = ">=",
	[CLAIM_ABOVE] = ">",
	NULL,
};

static const struct {
	const char *name;
	enum field_unit of;
	double size;
} units[] = {
	{ "ns", UNIT_NS, 1 },		{ "us", UNIT_NS, 1e3 },
	{ "ms", UNIT_NS, 1e6 },		{ "s", UNIT_NS, 1e9 },
	{ "B", UNIT_BYTES, 1 },		{ "KiB", UNIT_BYTES, 1 << 10 },
	{ "MiB", UNIT_BYTES, 1 << 20 }, { "GiB", UNIT_BYTES, 1 << 30 },
	{ "GiB/s", UNIT_GIB_PER_S, 1 },
};

static const char *const units_expected[] = {
	[UNIT_NONE] = "a count without a unit",
	[UNIT_NS] = "a time in ns, us, ms or s",
	[UNIT_BYTES] = "bytes in B, KiB, MiB or GiB",
	[UNIT_GIB_PER_S] = "a rate in GiB/s",
};

bool claim_holds(const struct claim *claim, double value)
{
	if (value == claim->limit)
		return claim->operator== CLAIM_AT_MOST || claim->operator== CLAIM_AT_LEAST;
	return claim->operator<= CLAIM_BELOW ? value < claim->limit : value> claim->limit;
}

enum field_unit claim_unit(const struct measure *m)
{
	bool has_unit = m->unit == UNIT_NS || m->unit == UNIT_BYTES || m->unit == UNIT_GIB_PER_S;

	return m->relative == PLAIN && has_unit ? m->unit : UNIT_NONE;
}

struct measure claim_measure(const struct claim *claim)
{
	struct measure m = claim->measure;

	m.over_before = claim->reference == REFERENCE_IDLE;
	if (claim->reference == REFERENCE_ITS)
		memcpy(m.per, claim->its.column, sizeof(m.per));
	return m;
}

static bool is_operator(char c)
{
	return c == '<' || c == '>' || c == '=';
}

/* A word, or a run of operator characters. What is too long is cut. */
static void next_word(struct parser *p)
{
	const char *at = p->at + strspn(p->at, " \t\n\v\f\r");
	bool is_run = is_operator(*at);

	for (p->at = at; *p->at && !isspace((unsigned char)*p->at); p->at++)
		if (is_operator(*p->at) != is_run)
			break;
	snprintf(p->word, WORD_SIZE, "%.*s",
		 (int)(p->at - at < WORD_SIZE ? p->at - at : WORD_SIZE - 1), at);
}

/* A variant's name may have operator characters: "chunks,x-a=on". */
static void next_name(struct parser *p)
{
	const char *at = p->at + strspn(p->at, " \t\n\v\f\r");
	size_t n = strcspn(at, " \t\n\v\f\r");

	p->at = at + n;
	snprintf(p->word, WORD_SIZE, "%.*s", (int)(n < WORD_SIZE ? n : WORD_SIZE - 1), at);
}

#define SHOWN(p) (*(p)->word ? (p)->word : "the end")

/* "METRIC [during PHASE]" */
static int parse_measure(struct parser *p)
{
	char text[2 * WORD_SIZE];
	size_t n;

	next_word(p);
	n = snprintf(text, sizeof(text), "%s", p->word);
	next_word(p);
	if (!strcmp(p->word, "during")) {
		next_word(p);
		snprintf(text + n, sizeof(text) - n, " during %s", p->word);
		next_word(p);
	}
	return measure_parse(&p->claim->measure, text, p->err, p->err_size);
}

static int parse_operator(struct parser *p)
{
	int i = name_index((char *const *)claim_operators, p->word);

	p->claim->operator= i;
	return i >= 0 ? 0 : REFUSE(p, "'%s': expected one of <= < >= > after the metric", SHOWN(p));
}

static int parse_unit(struct parser *p)
{
	struct claim *claim = p->claim;
	enum field_unit unit = claim_unit(&claim->measure);
	size_t i;

	if (!*p->word && unit == UNIT_NONE)
		return 0;
	for (i = 0; i < COUNT(units); i++) {
		if (strcmp(units[i].name, p->word) || units[i].of != unit)
			continue;
		snprintf(claim->unit, sizeof(claim->unit), "%s", p->word);
		claim->unit_size = units[i].size;
		claim->limit *= units[i].size;
		return 0;
	}
	return REFUSE(p, "'%s': expected for %s %s, or 'x' and a reference", SHOWN(p),
		      claim->measure.name, units_expected[unit]);
}

static int parse_idle(struct parser *p)
{
	const struct measure *m = &p->claim->measure;

	if (!m->during || m->statistic <= STATISTIC_SUM)
		return REFUSE(p,
			      "'idle': %s has no phases; 'during PHASE' goes with statistics of "
			      "guest.NAME_UNIT and host.NAME_UNIT",
			      m->name);
	if (m->during == victim_phase_names[PHASE_BEFORE])
		return REFUSE(p, "'idle': that is what 'during before' is itself");
	return 0;
}

/* "its METRIC": a number per boot without a phase. */
static int parse_its(struct parser *p)
{
	struct measure *its = &p->claim->its;

	next_word(p);
	if (measure_parse(its, p->word, p->err, p->err_size))
		return -EINVAL;
	if (its->statistic == STATISTIC_VALUE && !*its->per && !*p->claim->measure.per)
		return 0;
	return REFUSE(p, "'%s': expected a plain field after 'its', as in its inflate.kicks",
		      p->word);
}

static int parse_reference(struct parser *p)
{
	static const char *const names[] = {
		[REFERENCE_BASE] = "base", [REFERENCE_IDLE] = "idle", [REFERENCE_ITS] = "its"
	};
	enum claim_reference r = REFERENCE_BASE;

	next_name(p);
	if (!*p->word)
		return REFUSE(p, "expected a variant's name, 'base', 'idle' or 'its METRIC' after "
				 "'x'");
	while (r <= REFERENCE_ITS && strcmp(names[r], p->word))
		r++;
	if (r > REFERENCE_ITS) {
		r = REFERENCE_VARIANT;
		p->claim->reference_variant = xstrdup(p->word);
	}
	p->claim->reference = r;
	return r == REFERENCE_IDLE ? parse_idle(p) : r == REFERENCE_ITS ? parse_its(p) : 0;
}

/* Digits with or without a fraction, no sign, and a unit or "x" and a reference. */
static int parse_limit(struct parser *p)
{
	static const char digits[] = "0123456789";
	size_t n, fraction = 1;

	next_word(p);
	n = strspn(p->word, digits);
	if (p->word[n] == '.') {
		fraction = strspn(p->word + n + 1, digits);
		n += n ? 1 + fraction : 0;
	}
	if (!n || !fraction)
		return REFUSE(p, "'%s': expected a number, as in 5 ms, or as in 1.2 x base",
			      SHOWN(p));
	p->claim->limit = strtod(p->word, NULL);
	p->claim->unit_size = 1;
	memmove(p->word, p->word + n, strlen(p->word + n) + 1);
	if (!*p->word)
		next_word(p);
	return strcmp(p->word, "x") ? parse_unit(p) : parse_reference(p);
}

int claim_parse(struct claim *claim, const char *expression, char *err, size_t err_size)
{
	struct parser p = { .claim = claim, .at = expression, .err_size = err_size };

	p.err = err;
	claim->expression = xstrdup(expression);
	if (parse_measure(&p) || parse_operator(&p) || parse_limit(&p))
		return -EINVAL;
	next_word(&p);
	return *p.word ? REFUSE(&p, "unexpected '%s' after the claim", p.word) : 0;
}

static struct claim *add_claim(struct claims *claims, char *name)
{
	claims->list = xreallocarray(claims->list, claims->count + 1, sizeof(*claims->list));
	claims->list[claims->count] = (struct claim){ .unit_size = 1 };
	claims->list[claims->count].name = name;
	return &claims->list[claims->count++];
}

/* "METRIC=PERCENT%": where the '=' is, or NULL. */
static const char *read_percent(const char *text, double *percent)
{
	const char *equals = strrchr(text, '=');
	size_t digits = equals ? strspn(equals + 1, "0123456789.") : 0;
	char *end;

	if (!digits || equals == text)
		return NULL;
	*percent = strtod(equals + 1, &end);
	if (end != equals + 1 + digits || strcmp(end, "%") || *percent > PERCENT_MAX)
		return NULL;
	return equals;
}

int claims_add_regress(struct claims *claims, const char *text, char *err, size_t err_size)
{
	double percent;
	const char *equals = read_percent(text, &percent);
	int status, metric = equals ? equals - text : 0;
	struct claim *claim;
	char *expression;

	if (!equals)
		return refuse(err, err_size,
			      "'%s': expected METRIC=PERCENT%%, as in inflate.duration_ns=5%%",
			      printable(text));
	claim = add_claim(claims, xasprintf("max-regress %s", text));
	expression = xasprintf("%.*s <= 1 x base", metric, text);
	status = claim_parse(claim, expression, err, err_size);
	free(expression);
	if (status)
		return status;
	claim->limit = 1 + percent / 100;
	if (claim->measure.better == BETTER_HIGHER) {
		if (percent >= 100)
			return refuse(err, err_size,
				      "'%.10g%%': expected less than 100 %% where more is better",
				      percent);
		claim->operator= CLAIM_AT_LEAST;
		claim->limit = 1 - percent / 100;
	}
	free(claim->expression);
	claim->expression = xasprintf("%.*s %s %.10g x base", metric, text,
				      claim_operators[claim->operator], claim->limit);
	return 0;
}

struct loading {
	struct claims *claims;
	size_t first; /* of this file */
};

static struct claim *find_or_add(struct loading *l, const struct ini_entry *e)
{
	struct claim *claim;
	size_t i;

	for (i = l->first; i < l->claims->count; i++)
		if (!strcmp(l->claims->list[i].name, e->section))
			return &l->claims->list[i];
	claim = add_claim(l->claims, xstrdup(e->section));
	claim->line = e->line;
	claim->file = xstrdup(e->path);
	return claim;
}

/* Words to a NULL-terminated list. */
static int set_names(const struct ini_entry *e, char ***names)
{
	struct record_list list = { 0 };
	const char *at = e->value;
	size_t n;

	for (; *(at += strspn(at, " \t")); at += n) {
		n = strcspn(at, " \t");
		record_append_once(&list, at, n);
	}
	if (!list.count)
		return ini_fail(e, "expected names with blanks between them");
	record_append_text(&list, NULL);
	*names = list.items;
	return 0;
}

static int set_entry(const struct ini_entry *e, void *context)
{
	struct claim *claim;
	char why[512];

	if (!utf8_is_valid(e->section) || !utf8_is_valid(e->key) || !utf8_is_valid(e->value))
		return ini_fail(e, "the line or its section is not UTF-8");
	if (!*e->section)
		return ini_fail(e, "is before the first [claim]");
	if (strlen(e->section) > SECTION_MAX)
		return ini_fail(e, "a claim's name has up to %d characters", SECTION_MAX);
	claim = find_or_add(context, e);
	if (!strcmp(e->key, "claim")) {
		claim->line = e->line;
		return claim_parse(claim, e->value, why, sizeof(why)) ? ini_fail(e, "%s", why) : 0;
	}
	if (!strcmp(e->key, "scenario"))
		return set_names(e, &claim->scenarios);
	if (!strcmp(e->key, "variant"))
		return set_names(e, &claim->variants);
	if (strcmp(e->key, "description"))
		return ini_fail(e, "unknown key; there are: claim, scenario, variant, description");
	claim->description = xstrdup(e->value);
	return 0;
}

int claims_load(struct claims *claims, const char *path, char *err, size_t err_size)
{
	struct loading loading = { claims, claims->count };
	int status = ini_file_parse(path, set_entry, &loading, err, err_size);
	size_t i;

	if (status)
		return status;
	for (i = loading.first; i < claims->count; i++)
		if (!claims->list[i].expression)
			return refuse(err, err_size,
				      "%s:%u: [%s] has no claim; expected one, as in claim = "
				      "inflate.duration_ns <= 1.05 x base",
				      path, claims->list[i].line, claims->list[i].name);
	if (claims->count == loading.first)
		return refuse(err, err_size, "%s: there is no claim in it", path);
	return 0;
}

static void free_names(char **names)
{
	char **name;

	for (name = names; name && *name; name++)
		free(*name);
	free(names);
}

void claim_release(struct claim *claim)
{
	free(claim->file);
	free(claim->name);
	free(claim->expression);
	free(claim->description);
	free(claim->reference_variant);
	free_names(claim->scenarios);
	free_names(claim->variants);
	memset(claim, 0, sizeof(*claim));
}

void claims_release(struct claims *claims)
{
	size_t i;

	for (i = 0; i < claims->count; i++)
		claim_release(&claims->list[i]);
	free(claims->list);
	memset(claims, 0, sizeof(*claims));
}
