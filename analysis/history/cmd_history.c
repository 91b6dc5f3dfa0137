/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonstat history: a metric over several result trees, and where it changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "analysis/arguments.h"
#include "analysis/history/history.h"
#include "lib/utf8.h"
#include "lib/alloc.h"
#include "lib/exit_status.h"
#include "lib/log.h"

struct options {
	char **dirs;
	struct names metrics, scenarios, variants;
	const char *against, *output;
	double smallest_effect;
	bool absolute, mixed_hosts, by_date, json;
};

static const struct options defaults = { .smallest_effect = SMALLEST_EFFECT };

#define OPTIONS struct options

static const struct option_row rows[] = {
	OPTION(OPERANDS, dirs, NULL, 0, "DIR[=LABEL]",
	       "result trees, as in results/v1 results/v2; LABEL names a tree in tables and plots",
	       .hint = HINT_DIRECTORY),
	ROW_METRICS,
	ROW_SCENARIOS,
	ROW_VARIANTS,
	OPTION(STRING, against, "against", 'a', "VARIANT",
	       "variant of the same tree that ratios are to (default: the first of the first "
	       "tree's plan)",
	       .hint = HINT_VARIANT),
	OPTION(FLAG, absolute, "absolute", 0, NULL, "medians in place of ratios"),
	ROW_MIXED_HOSTS("with --absolute: allow trees of different machines"),
	OPTION(FLAG, by_date, "by-date", 0, NULL,
	       "order the trees by their start (default: the order of the arguments)"),
	ROW_SMALLEST_EFFECT,
	OPTION(STRING, output, "output", 'o', "DIR",
	       "draw a plot of each scenario and metric there", .hint = HINT_DIRECTORY),
	ROW_JSON,
	{ 0 },
};

/* The last @parts parts of a resolved path. */
static const char *tail(const char *path, int parts)
{
	const char *at = path + strlen(path);

	while (at > path && parts)
		parts -= *--at == '/';
	return parts || !at[1] ? path : at + 1;
}

/* @arg may be "DIR=LABEL", where no directory is called so. */
static int open_session(struct session *session, const char *arg)
{
	char *dir = xstrdup(arg), *equals = strrchr(dir, '=');
	struct stat st;
	int status;

	if (equals && equals[1] && stat(dir, &st))
		*equals++ = '\0';
	else
		equals = NULL;
	status = open_table(&session->table, dir);
	if (!status) {
		session->path = realpath(dir, NULL);
		if (!session->path)
			abort();
		session->label = xstrdup(equals);
		session->started = document_text(session->table.env, "started_utc");
	}
	free(dir);
	return status;
}

static int check_beside(const struct sessions *s, const struct session *session)
{
	const struct table *one, *table = &session->table;
	const struct session *other;

	for (other = s->list; other < session; other++) {
		one = &other->table;
		if (!strcmp(session->path, other->path))
			log_error("%s is named twice: a tree is one point of a series", table->dir);
		else if (table->accel != one->accel)
			log_error(
				"%s ran under %s and %s under %s: accelerators are never compared",
				one->dir, table_accel(one), table->dir, table_accel(table));
		else
			continue;
		return EXIT_USAGE;
	}
	return 0;
}

static int close_trees(struct sessions *s, int status)
{
	struct session *session, *end = s->list + s->count;

	for (session = s->list; session < end; session++) {
		status = close_table(&session->table, status);
		free(session->path);
		free(session->label);
	}
	free(s->list);
	return status;
}

/*
 * Load the trees "DIR" or "DIR=LABEL"; without a label a tree is called by the last part of its
 * path, and by the last two where another is called the same. 0, or an exit status.
 */
static int open_trees(struct sessions *s, char *const *args)
{
	int status = 0, parts;
	const char *path;
	size_t i, k;

	*s = (struct sessions){ .list = xcalloc(names_count(args), sizeof(*s->list)) };
	for (; !status && args[s->count]; s->count += !status)
		status = open_session(&s->list[s->count], args[s->count]);
	for (i = 0; !status && i < s->count; i++)
		status = check_beside(s, &s->list[i]);
	if (status)
		return close_trees(s, status);
	for (i = 0; i < s->count; i++) {
		path = s->list[i].path;
		for (k = 0, parts = 1; k < s->count; k++)
			if (k != i && !strcmp(tail(s->list[k].path, 1), tail(path, 1)))
				parts = 2;
		if (!s->list[i].label)
			s->list[i].label = xstrdup(tail(path, parts));
	}
	return 0;
}

static int compare_dates(const void *left, const void *right)
{
	const struct session *a = left, *b = right;
	int order = strcmp(a->started, b->started);

	return order ? order : strcmp(a->path, b->path);
}

static int sort_by_date(struct sessions *s)
{
	const char *text, *end;
	struct tm tm;
	size_t i;

	for (i = 0; i < s->count; i++) {
		text = s->list[i].started;
		end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
		/* Times of this form order as texts do. */
		if (end && !*end && strlen(text) == strlen("2026-11-21T03:30:00Z"))
			continue;
		log_error("%s: its env.json has no started_utc to order it by; leave --by-date "
			  "out, and name the trees in their order",
			  s->list[i].table.dir);
		return EXIT_ENVIRONMENT;
	}
	qsort(s->list, s->count, sizeof(*s->list), compare_dates);
	return 0;
}

/* Of all trees, each once, in the order of the first that has it; the names are the trees'. */
static char **sessions_names(const struct sessions *s, bool scenarios)
{
	char **names = xcalloc(1, sizeof(*names)), **name;
	size_t i;

	for (i = 0; i < s->count; i++) {
		name = scenarios ? s->list[i].table.scenarios : s->list[i].table.variants;
		for (; *name; name++)
			names_add(&names, *name);
	}
	return names;
}

/* Whether a variant that is not named is shown: any other would make the p of these larger. */
static bool is_usual(const struct sessions *s, const char *against, const char *variant)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (table_control_of(&s->list[i].table, variant) ||
		    !table_compares(&s->list[i].table, variant, against))
			return false;
	return true;
}

/* Whether a boot has the metric; NULL: whether one is ok. */
static bool has_boot(const struct sessions *s, const struct measure *measure)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (measure ? series_exists(&s->list[i].table, NULL, NULL, measure)
			    : table_count(&s->list[i].table, NULL, NULL, BOOT_OK) > 0)
			return true;
	return false;
}

static int check_measures(const struct history *h)
{
	const struct measure *measure, *end = h->measures + h->measure_count;

	if (!has_boot(h->sessions, NULL)) {
		log_error("there is no boot that is ok in these trees");
		return EXIT_INCONCLUSIVE;
	}
	for (measure = h->measures; measure < end; measure++) {
		if (has_boot(h->sessions, measure))
			continue;
		log_error("no boot of these trees has the metric '%s'; balloonstat compare DIR "
			  "--metric help lists what a boot can have",
			  measure->text);
		return EXIT_USAGE;
	}
	return 0;
}

/* Check the names, and fill in what the command line leaves open. */
static int choose(struct history *h, struct options *o)
{
	int status = check_known("scenario", &o->scenarios, h->scenarios);
	char **variants = h->variants;
	size_t i, n = 0;

	if (!status)
		status = check_known("variant", &o->variants, variants);
	if (!status && !o->absolute)
		status = check_base(&o->against, variants);
	for (i = 0; variants[i]; i++)
		if (o->variants.count
			    ? name_index((char *const *)o->variants.list, variants[i]) >= 0
			    : is_usual(h->sessions, o->against, variants[i]))
			variants[n++] = variants[i];
	variants[n] = NULL;
	if (o->scenarios.count)
		h->scenarios = (char *const *)o->scenarios.list;
	h->against = o->against;
	return status;
}

static int show(const struct options *o, const struct history *h)
{
	if (!h->series.count && h->against)
		log_error("no tree has another variant beside %s in these scenarios; name another "
			  "--against, or say --absolute",
			  printable(h->against));
	else if (!h->series.count)
		log_error("no tree has one of these variants in these scenarios");
	else if (o->json)
		history_print_json(h);
	else
		history_print(h);
	if (!h->series.count)
		return EXIT_USAGE;
	fflush(stdout);
	return o->output ? plot_history(h, o->output) : 0;
}

static int look_at(struct options *o, const struct sessions *s)
{
	char **scenarios = sessions_names(s, true);
	struct measure measures[NAMES_MAX];
	struct history h = { .sessions = s,
			     .scenarios = scenarios,
			     .variants = sessions_names(s, false),
			     .measures = measures,
			     .smallest_effect = o->smallest_effect };
	int status = choose(&h, o);

	if (!status)
		status = parse_measures(&o->metrics, measures);
	h.measure_count = o->metrics.count;
	if (!status)
		status = check_measures(&h);
	if (!status) {
		history_make(&h);
		status = show(o, &h);
	}
	history_release(&h);
	free(scenarios);
	free(h.variants);
	return status;
}

static int run(struct command_line *line)
{
	struct options *o = line->options;
	const struct session *one, *other;
	struct sessions sessions;
	int status;

	if (o->absolute && o->against) {
		log_error("--against: of no use with --absolute, which shows medians");
		return EXIT_USAGE;
	}
	status = open_trees(&sessions, o->dirs);
	if (status)
		return status;
	if (o->by_date)
		status = sort_by_date(&sessions);
	/* Times of different machines are no series; ratios are, with a warning. */
	if (!status && o->absolute && !o->mixed_hosts &&
	    sessions_mix_hosts(&sessions, &one, &other)) {
		log_error("%s and %s were run on different machines, whose times do not compare: "
			  "leave --absolute out for ratios within each tree, or say --mixed-hosts",
			  one->table.dir, other->table.dir);
		status = EXIT_USAGE;
	}
	if (!status)
		status = look_at(o, &sessions);
	return close_trees(&sessions, status);
}

const struct command history_command = {
	.name = "history",
	.purpose = "follow a metric over several result trees, and find changes",
	.description =
		"Follow a metric over several result trees (versions of a series, nightly runs), "
		"and mark where it changed.\n"
		"By default the metric is the ratio to the base within each tree, with its 95 % "
		"interval. Change points come from a test whose unit is the tree. It "
		"allows for the correlation of neighbouring trees, which is estimated and shown. "
		"A tree without the variant or the scenario leaves a gap. Accelerators are never "
		"compared.\n"
		"The error rate is 5 % per look: a nightly job that looks at a growing series "
		"finds something by chance in the long run. So a change is suspected at first: "
		"repeat "
		"the newest sessions and add their trees. It is called once trees that had no part "
		"in finding it confirm it. docs/ci.md has the measured rates.\n"
		"The exit status does not depend on the findings: use balloonstat gate for that.",
	.examples = "  balloonstat history results/v1 results/v2 results/v3 --variant chunks\n"
		    "  balloonstat history nightly/* --by-date --metric ready_ns -o plots\n"
		    "  balloonstat history a=v1 b=v2 c=v3 --against finalize --json\n"
		    "  balloonstat history results/*/icount --absolute\n",
	.exits = "0 shown\n"
		 "2 wrong usage\n"
		 "3 a tree cannot be read, or the output not written\n"
		 "4 shown, but without plots: there is no gnuplot\n"
		 "5 no boot is ok",
	.rows = rows,
	.defaults = &defaults,
	.size = sizeof(struct options),
	.run = run,
};
