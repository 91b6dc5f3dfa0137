/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables that report.ini and questions.ini describe: rows of resizes, of variants, of
 * latencies and of answers; and how these files are read. */
#include "analysis/report/report.h"
#include "lib/directory.h"
#include "lib/alloc.h"
#include "lib/ini_file.h"
#include "lib/log.h"
#include "lib/stats.h"

static const struct {
	const char *name;
	double scale;
} units[] = {
	{ "%", 100 },
	{ "MiB", 1.0 / (1 << 20) },
	{ "pages", 1.0 / 4096 },
	{ "us", 1e-3 },
	{ "ms", 1e-6 },
	{ "s", 1e-9 },
};

/* A key whose value is a text. */
struct text_key {
	const char *name;
	size_t offset;
};

static const struct text_key topic_keys[] = {
	{ "heading", offsetof(struct topic, heading) }, { "intro", offsetof(struct topic, intro) },
	{ "note", offsetof(struct topic, note) },	{ "asks", offsetof(struct topic, asks) },
	{ "needs", offsetof(struct topic, needs) },	{ "see", offsetof(struct topic, see) },
	{ NULL, offsetof(struct topic, name) },
};

static const struct text_key item_keys[] = {
	{ "says", offsetof(struct topic_item, says) },
	{ "icount", offsetof(struct topic_item, says_icount) },
	{ "format", offsetof(struct topic_item, format) },
	{ "scenario", offsetof(struct topic_item, scenario) },
	{ "variant", offsetof(struct topic_item, variant) },
	{ "against", offsetof(struct topic_item, against) },
	{ "beside", offsetof(struct topic_item, beside) },
	{ "unit", offsetof(struct topic_item, unit) },
	{ NULL, offsetof(struct topic_item, name) },
};

static char **text_at(void *of, const struct text_key *key)
{
	return (char **)((char *)of + key->offset);
}

/* A text that is too long for a line continues in KEY.2, KEY.3 and so on. */
static int set_text(void *of, const struct text_key *key, const struct ini_entry *e)
{
	size_t n = strcspn(e->key, ".");
	char **text, *longer;

	for (; key->name; key++)
		if (strlen(key->name) == n && !strncmp(key->name, e->key, n))
			break;
	if (!key->name)
		return ini_fail(e, "unknown key; analysis/report/report.ini has those there are");
	text = text_at(of, key);
	longer = xasprintf("%s%s%s", *text ? *text : "", *text ? " " : "", e->value);
	free(*text);
	*text = longer;
	return 0;
}

static void *one_more(void *list, size_t *count, size_t size)
{
	char *longer = xreallocarray(list, *count + 1, size);

	memset(longer + *count * size, 0, size);
	++*count;
	return longer;
}

static struct topic *find(const struct topics *all, const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < all->count; i++)
		if (strlen(all->list[i].name) == length &&
		    !strncmp(all->list[i].name, name, length))
			return &all->list[i];
	return NULL;
}

const struct topic *topics_find(const struct topics *all, const char *name)
{
	static const struct topic empty = { .item_count = 0 };
	const struct topic *t = find(all, name, strlen(name));

	return t ? t : &empty;
}

static int set_topic(struct topics *all, const struct ini_entry *e)
{
	struct topic *t = find(all, e->section, strlen(e->section));

	if (!t) {
		all->list = one_more(all->list, &all->count, sizeof(*all->list));
		t = &all->list[all->count - 1];
		t->name = xstrdup(e->section);
	}
	return set_text(t, topic_keys, e);
}

static int set_unit(struct topic_item *item, const struct ini_entry *e)
{
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].name, e->value))
			continue;
		item->scale = units[i].scale;
		item->unit = xstrdup(strcmp(e->value, "us") ? e->value : "µs");
		return 0;
	}
	return ini_fail(e, "'%s' is no unit; expected %%, MiB, pages, us, ms or s", e->value);
}

static int set_measure(struct measure *m, const struct ini_entry *e, const char *text)
{
	char per[sizeof(m->per)], why[256];

	snprintf(per, sizeof(per), "%s", m->per);
	if (measure_parse(m, text, why, sizeof(why)))
		return ini_fail(e, "%s", why);
	if (*per)
		snprintf(m->per, sizeof(m->per), "%s", per);
	return 0;
}

/* Of a deflate it is the same, unless the file has another. */
static int set_measures(struct topic_item *item, const struct ini_entry *e)
{
	static const char inflate[] = "inflate.";
	bool of_resize = !strncmp(e->value, inflate, strlen(inflate));
	char *deflate = xasprintf("%s%s", of_resize ? "deflate." : "",
				  e->value + (of_resize ? strlen(inflate) : 0));
	int status = set_measure(&item->measures[INFLATE], e, e->value);

	/* What only an inflate has is not an error. */
	if (!status && set_measure(&item->measures[DEFLATE], e, deflate))
		item->measures[DEFLATE] = item->measures[INFLATE];
	free(deflate);
	return status;
}

static int set_item(struct topic *t, const char *name, const struct ini_entry *e)
{
	struct topic_item *item = t->item_count ? &t->items[t->item_count - 1] : NULL;

	if (!item || strcmp(item->name, name)) {
		t->items = one_more(t->items, &t->item_count, sizeof(*item));
		item = &t->items[t->item_count - 1];
		item->name = xstrdup(name);
		item->scale = 1;
	}
	if (!strcmp(e->key, "measure"))
		return set_measures(item, e);
	if (!strcmp(e->key, "deflate"))
		return set_measure(&item->measures[DEFLATE], e, e->value);
	if (!strcmp(e->key, "where"))
		return set_measure(&item->where, e, e->value);
	if (!strcmp(e->key, "unit"))
		return set_unit(item, e);
	if (!strcmp(e->key, "per"))
		snprintf(item->measures[INFLATE].per, sizeof(item->measures[INFLATE].per), "%s",
			 e->value);
	else if (!strcmp(e->key, "inverse"))
		item->inverse = strtod(e->value, NULL);
	else if (!strcmp(e->key, "sum"))
		item->sum = !strcmp(e->value, "yes");
	else
		return set_text(item, item_keys, e);
	return 0;
}

static int handle(const struct ini_entry *e, void *context)
{
	const char *slash = strchr(e->section, '/');
	struct topic *t;

	if (!slash)
		return set_topic(context, e);
	t = find(context, e->section, slash - e->section);
	return t ? set_item(t, slash + 1, e)
		 : ini_fail(e, "no question '%.*s' above", (int)(slash - e->section), e->section);
}

/* Once all is read: what a topic or an item cannot do without. */
static int check(const struct topics *all, const char *path, char *err, size_t err_size)
{
	const struct topic_item *item;
	const struct topic *t;

	for (t = all->list; t && t < all->list + all->count; t++) {
		if (!t->heading && (!t->asks || !t->needs))
			return refuse(err, err_size, "%s: [%s] needs asks and needs, or heading",
				      path, t->name);
		topic_for_each_item (t, item)
			if (!item->says || !*item->measures[INFLATE].name ||
			    (item->against && !item->variant))
				return refuse(
					err, err_size,
					"%s: [%s/%s] needs says, measure, and variant where it "
					"has against",
					path, t->name, item->name);
	}
	return 0;
}

int topics_load(struct topics *all, const char *path, char *err, size_t err_size)
{
	int status;

	*all = (struct topics){ NULL, 0 };
	status = ini_file_parse(path, handle, all, err, err_size);
	return status ? status : check(all, path, err, err_size);
}

static void release_texts(void *of, const struct text_key *key)
{
	for (; key->name; key++)
		free(*text_at(of, key));
	free(*text_at(of, key));
}

void topics_release(struct topics *all)
{
	struct topic_item *item;
	struct topic *t;

	for (t = all->list; t && t < all->list + all->count; t++) {
		topic_for_each_item (t, item)
			release_texts(item, item_keys);
		free(t->items);
		release_texts(t, topic_keys);
	}
	free(all->list);
}

/* Whether any boot has it; @scenario, @variant: NULL: of all. */
static bool is_known(const struct report *r, const char *scenario, const char *variant,
		     const struct topic_item *item, enum direction direction)
{
	return series_exists(r->table, scenario, variant, &item->measures[direction]) &&
	       (!*item->where.name || series_exists(r->table, scenario, variant, &item->where));
}

static bool topic_is_known(const struct report *r, const char *scenario, const struct topic *t)
{
	const struct topic_item *item;

	topic_for_each_item (t, item)
		if (is_known(r, scenario, NULL, item, INFLATE) ||
		    is_known(r, scenario, NULL, item, DEFLATE))
			return true;
	return false;
}

static struct estimate item_estimate(const struct report *r, const struct topic_item *item,
				     const char *scenario, const char *variant,
				     enum direction direction)
{
	struct measure m = item->measures[direction];

	if (*item->where.name && !series_exists(r->table, scenario, variant, &item->where))
		return (struct estimate){ .n = 0 };
	if (item->sum) {
		m.statistic = STATISTIC_SUM;
		m.in_each_cycle = false;
	}
	return estimate(r->table, scenario, variant, &m);
}

static void write_resize(struct writer *w, const struct report *r, const struct topic *t,
			 const char *scenario, const char *variant, enum direction direction)
{
	const struct topic_item *item;
	struct estimate e;
	size_t n = 0;

	topic_for_each_item (t, item) {
		e = item_estimate(r, item, scenario, variant, direction);
		n = e.n > n ? e.n : n;
	}
	if (!n)
		return;
	write_row_texts(w, scenario, direction_names[direction], variant, NULL);
	write_count(w, n);
	topic_for_each_item (t, item) {
		e = item_estimate(r, item, scenario, variant, direction);
		if (item->inverse > 0)
			write_number(w, item->format, e.n ? item->inverse / e.median : NAN);
		else
			cell_estimate(w, item->format, e, item->scale);
	}
}

bool write_resize_topic(struct writer *w, const struct report *r, int level, const char *name)
{
	const struct topic *t = topics_find(&r->topics, name);
	bool icount = table_is_icount(r->table);
	const struct topic_item *item;
	size_t s, v, d;

	if (!topic_is_known(r, NULL, t))
		return false;
	write_topic(w, r, level, name, NULL);
	write_table_of(w, "scenario|resize|variant|n");
	topic_for_each_item (t, item)
		write_columns(w, icount && item->says_icount ? item->says_icount : item->says);
	for (s = 0; r->table->scenarios[s]; s++)
		for (d = 0; d < DIRECTIONS; d++)
			for (v = 0; v < r->variant_count; v++)
				write_resize(w, r, t, r->table->scenarios[s], r->variants[v], d);
	write_table_end(w);
	write_note(w, t);
	return true;
}

void section_cpu(struct writer *w, struct report *r)
{
	if (!write_resize_topic(w, r, 2, "cpu"))
		report_gap(r, "CPU time of the resizes");
}

void write_variants(struct writer *w, const struct report *r, const struct report_scenario *s,
		    const struct topic *t)
{
	const struct topic_item *item;
	size_t v;

	if (!topic_is_known(r, s->name, t))
		return;
	write_paragraph(w, "%s:", t->heading);
	write_table_of(w, "variant|n");
	topic_for_each_item (t, item)
		if (is_known(r, s->name, NULL, item, INFLATE))
			write_columns(w, item->says);
	for (v = 0; v < s->variant_count; v++) {
		write_row_texts(w, s->variants[v], NULL);
		write_count(w, table_count(r->table, s->name, s->variants[v], BOOT_OK));
		topic_for_each_item (t, item)
			if (is_known(r, s->name, NULL, item, INFLATE))
				cell_estimate(
					w, item->format,
					item_estimate(r, item, s->name, s->variants[v], INFLATE),
					item->scale);
	}
	write_table_end(w);
}

void section_memory(struct writer *w, struct report *r)
{
	static const char *const names[] = { "memory-free", "memory-compaction", "memory-pressure",
					     "memory-host" };
	const struct report_scenario *s, *last = NULL;
	bool begun = false;
	size_t i;

	report_for_each_scenario (r, s) {
		const struct plot_of of = { .report = r, .scenario = s };

		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			const struct topic *t = topics_find(&r->topics, names[i]);

			if (!topic_is_known(r, s->name, t))
				continue;
			if (!begun)
				write_topic(w, r, 2, "memory", NULL);
			if (s != last)
				write_heading(w, 3, "%s: memory", s->name);
			begun = true;
			last = s;
			write_variants(w, r, s, t);
		}
		if (s != last)
			continue;
		report_plot(w, r, PLOT_RUNS, of);
		report_plot(w, r, PLOT_HOST_MEMORY, of);
	}
}

static struct estimate estimate_latency(const struct report *r, const char *scenario,
					const char *variant, const struct topic_item *item,
					enum statistic statistic, double quantile)
{
	struct measure m = item->measures[INFLATE];
	struct estimate e;
	struct series s;

	m.statistic = statistic;
	m.quantile = quantile;
	e = estimate(r->table, scenario, variant, &m);
	/* Of one boot alone the interval follows from its number of events. */
	if (e.n == 1 && statistic == STATISTIC_QUANTILE) {
		s = series(r->table, scenario, variant, &m);
		e.interval = series_within(r->table, s.boots[0], &m);
		series_release(&s);
	}
	return e;
}

/* How many values a boot has and, of an operation, whether they are one in a few of all. */
static bool write_events(struct writer *w, const struct report *r, const char *scenario,
			 const char *variant, const struct topic_item *item)
{
	static const char histogram[] = ".histogram";
	double events = estimate_latency(r, scenario, variant, item, STATISTIC_COUNT, 0).median;
	const char *column = item->measures[INFLATE].column, *end = strstr(column, histogram);
	struct estimate one_in = { .n = 0 };
	struct measure m;

	if (end) {
		m = measure_of("%.*s.one_in", (int)(end - column), column);
		one_in = estimate(r->table, scenario, variant, &m);
	}
	if (!one_in.n || one_in.median <= 1) {
		write_number(w, "%.0f", events);
		return false;
	}
	write_cell(w, "%.0f, 1 in %.0f", events, one_in.median);
	return true;
}

/* Whether the values are a sample. */
static bool write_latency(struct writer *w, const struct report *r, const char *scenario,
			  const char *variant, const struct topic_item *item)
{
	static const double quantiles[] = { 0, .5, .99, .999 };
	struct measure max = item->measures[INFLATE];
	double largest = 0;
	struct series s;
	bool sampled;
	size_t i;

	max.statistic = STATISTIC_MAX;
	s = series(r->table, scenario, variant, &max);
	for (i = 0; i < s.n; i++)
		largest = fmax(largest, s.values[i]);
	write_row_texts(w, item->says, variant, NULL);
	write_count(w, s.n);
	sampled = write_events(w, r, scenario, variant, item);
	for (i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		cell_estimate(w, "%.0f",
			      estimate_latency(r, scenario, variant, item,
					       i ? STATISTIC_QUANTILE : STATISTIC_MEAN,
					       quantiles[i]),
			      1);
	write_number(w, "%.0f", largest);
	series_release(&s);
	return sampled;
}

bool write_latency_topic(struct writer *w, const struct report *r, const char *name,
			 const char *scenario, const char *first_column, const char *unit)
{
	const struct topic *t = topics_find(&r->topics, name);
	const struct topic_item *item;
	bool sampled = false;
	size_t v;

	if (!topic_is_known(r, scenario, t))
		return false;
	write_topic(w, r, 3, name, scenario);
	write_table_of(w, first_column);
	write_columns(w, "variant|n|events a boot");
	write_column(w, "mean, %s", unit);
	write_columns(w, "p50|p99|p99.9|max");
	topic_for_each_item (t, item)
		for (v = 0; r->table->variants[v]; v++)
			if (is_known(r, scenario, r->table->variants[v], item, INFLATE))
				sampled |=
					write_latency(w, r, scenario, r->table->variants[v], item);
	write_table_end(w);
	write_note(w, t);
	if (sampled)
		write_text(w, " \"1 in N\": one operation in N is timed, and the interval contains "
			      "the error of this sample.");
	return true;
}

/* What an answer gives of a variant; @w: NULL: only whether it gives anything. */
static bool write_value(struct writer *w, const struct report *r, const struct topic_item *a,
			const char *scenario, const char *variant)
{
	struct measure timed;
	const bool by_polls = measure_in_common(&timed, r->table, &a->measures[INFLATE], scenario,
						variant, a->against);
	const struct measure *m = &timed;
	struct series mine = series(r->table, scenario, variant, m), base = { .n = 0 };
	struct resolution resolution, to;
	struct estimate e = { .interval = NO_INTERVAL };
	struct shift s;
	bool known;

	if (a->against) {
		base = series(r->table, scenario, a->against, m);
		known = mine.n > 1 && base.n > 1 && stats_all_positive(mine.values, mine.n) &&
			stats_all_positive(base.values, base.n);
	} else {
		e = estimate(r->table, scenario, variant, m);
		known = e.n;
	}
	if (!known || !w)
		goto out;
	write_row_texts(w, a->says, scenario, variant, NULL);
	if (a->against) {
		write_more(w, " against %s", a->against);
		write_cell(w, "%zu, %zu", mine.n, base.n);
		s = ratio_of(mine.values, mine.n, base.values, base.n);
		e.n = mine.n;
		e.median = s.value;
		e.interval = s.interval;
		resolution = resolution_of(r->table, scenario, variant, m);
		to = resolution_of(r->table, scenario, a->against, m);
		resolution = resolution_of_ratio(&resolution, &to);
		resolution_widen(&e.interval, &resolution);
		e.resolution = resolution.share;
		cell_estimate(w, "%.3f", e, 1);
		write_more(w, by_polls ? " x, by polls" : " x");
	} else {
		write_cell(w, "%zu", e.n);
		/* No powers of ten. */
		cell_estimate(w, e.median * a->scale < 10000 ? "%.4g" : "%.0f", e, a->scale);
		if (a->unit)
			write_more(w, " %s", a->unit);
	}
out:
	series_release(&mine);
	series_release(&base);
	return known;
}

static bool write_answer(struct writer *w, const struct report *r, const struct topic_item *a)
{
	const struct report_scenario *s;
	bool any = false;
	size_t v;

	report_for_each_scenario (r, s) {
		if ((a->scenario && strcmp(a->scenario, s->name)) ||
		    (a->beside && !table_has(r->table, s->name, a->beside)))
			continue;
		for (v = 0; v < s->variant_count; v++)
			if (!a->variant || !strcmp(a->variant, s->variants[v]))
				any |= write_value(w, r, a, s->name, s->variants[v]);
	}
	return any;
}

static bool is_answered(const struct report *r, const struct topic *q)
{
	const struct topic_item *a;

	topic_for_each_item (q, a)
		if (write_answer(NULL, r, a))
			return true;
	return false;
}

static void write_question(struct writer *w, struct report *r, const struct topic *q)
{
	const struct topic_item *a;
	bool missing = false;

	write_paragraph(w, "%s", "");
	write_strong(w, "%s", q->asks);
	write_table_of(w, "measure|scenario|variant|n|value [95 %]");
	topic_for_each_item (q, a)
		missing |= !write_answer(w, r, a);
	write_table_end(w);
	/* Only if the main answer is there. */
	if (q->see && write_answer(NULL, r, q->items))
		write_paragraph(w, "%s", q->see);
	if (missing)
		report_gap(r, "Part of the question \"%s\": it needs %s", q->asks, q->needs);
}

static void write_questions(struct writer *w, struct report *r, const struct topics *all)
{
	size_t i = 0;

	while (i < all->count && !is_answered(r, &all->list[i]))
		i++;
	/* A run of another series answers none of them, and they are no gap of it. */
	if (i == all->count)
		return;
	write_topic(w, r, 2, "questions", NULL);
	for (i = 0; i < all->count; i++) {
		if (is_answered(r, &all->list[i]))
			write_question(w, r, &all->list[i]);
		else
			report_gap(r, "The question \"%s\": it needs %s", all->list[i].asks,
				   all->list[i].needs);
	}
}

void section_questions(struct writer *w, struct report *r)
{
	struct topics all;
	char path[PATH_MAX], err[1024];

	data_path("analysis", "report/questions.ini", path, sizeof(path));
	if (topics_load(&all, path, err, sizeof(err)))
		log_warn("%s; the report answers no questions", err);
	else
		write_questions(w, r, &all);
	topics_release(&all);
}
