/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonstat export: a result tree in the formats of other programs. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/arguments.h"
#include "analysis/export/export.h"
#include "lib/utf8.h"
#include "lib/alloc.h"
#include "lib/atomic_file.h"
#include "lib/exit_status.h"
#include "lib/log.h"

#define BOOT_MAX 1000000

enum format { FORMAT_NONE, FORMAT_CSV, FORMAT_JSON, FORMAT_JSONL, FORMAT_HGRM, FORMAT_PERFETTO };
static const char *const formats[] = { "", "csv", "json", "jsonl", "hgrm", "perfetto", NULL };

enum csv_table { TABLE_NONE, TABLE_RESIZES, TABLE_BATCHES };
static const char *const tables[] = { "", "resizes", "batches", NULL };

struct options {
	const char *dir, *output, *histogram; /* dir: or a recording of balloontrace */
	enum format format;
	enum csv_table table;
	struct export_selection only;
};

#define OPTIONS struct options

static const struct option_row rows[] = {
	OPTION(OPERAND, dir, NULL, 0, "DIR|FILE",
	       "result tree, as in results/20261121T033000Z-default; or, for perfetto, a file that "
	       "balloontrace host --record wrote",
	       .hint = HINT_FILE),
	OPTION(CHOICE, format, "format", 'f', NULL, "format of the output; must be given",
	       .choices = formats, .min = FORMAT_CSV),
	OPTION(STRING, output, "output", 'o', "FILE",
	       "file to write (default: standard output); for hgrm a directory", .hint = HINT_FILE),
	OPTION(CHOICE, table, "table", 't', NULL, "table of csv (default: resizes)",
	       .choices = tables, .min = TABLE_RESIZES),
	OPTION(STRING, histogram, "histogram", 'H', "PATH",
	       "only this histogram of hgrm, as in ops.enqueue"),
	OPTION(STRING, only.scenario, "scenario", 's', "NAME", "only boots of this scenario",
	       .hint = HINT_SCENARIO),
	OPTION(STRING, only.variant, "variant", 'v', "NAME", "only boots of this variant",
	       .hint = HINT_VARIANT),
	OPTION(COUNT, only.boot, "boot", 'b', "N", "only boots of this number", .min = 1,
	       .max = BOOT_MAX),
	{ 0 },
};

size_t export_next(const struct export *e, size_t from)
{
	const struct table *t = e->table;

	do
		from = table_next(t, from, e->only.scenario, e->only.variant, ANY_STATUS);
	while (from < t->boot_count && e->only.boot && e->only.boot != t->boots[from].number &&
	       ++from);
	return from;
}

int export_each(struct export *e, export_visit visit, void *context)
{
	char message[1024], *trace;
	struct boot_result result;
	const char *path, *name;
	int status = 0;
	size_t i;

	for (i = 0; !status && (i = export_next(e, i)) < e->table->boot_count; i++) {
		/* A boot that is a line of a file of many has no directory of its own. */
		path = e->table->boots[i].path;
		name = strrchr(path, '/');
		trace = name && !strcmp(name, "/result.json")
				? xasprintf("%.*s/" TRACE_FILE, (int)(name - path), path)
				: NULL;
		if (!table_reread(&e->table->boots[i], &result, message, sizeof(message))) {
			status = visit(e, &result, trace, context);
		} else {
			log_warn("%s; it is left out", message);
			e->damaged = true;
		}
		record_release(&boot_record, &result);
		free(trace);
	}
	return status;
}

int export_check(const struct export *e)
{
	return !ferror(e->out) ? 0 : errno ? -errno : -EIO;
}

int export_trace(struct export *e, const char *path,
		 int (*take)(const struct trace_record *record, void *context), void *context)
{
	char message[1024];
	int status = path ? trace_read(path, take, context, message, sizeof(message)) : -ENOENT;

	e->traces += status != -ENOENT;
	if (export_check(e))
		return export_check(e);
	if (status == -EINVAL) {
		log_warn("%s; what stands before is exported", message);
		e->damaged = true;
	}
	return status;
}

/*
 * json: {"schema_version": 2, "env": …, "plan": …, "boots": […]}, failed boots included, a boot
 * a line. jsonl: these lines alone, as in DIR/boots/SCENARIO.jsonl of a packed tree.
 * @separators: before the first boot, and before each other one.
 */
static int write_line(struct export *e, const struct boot_result *boot, const char *trace,
		      void *separators)
{
	json_t *json = record_encode(&boot_record, boot);
	const char **separator = separators;

	(void)trace;
	fputs(separator[0], e->out);
	separator[0] = separator[1];
	json_dumpf(json, e->out, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(json);
	return export_check(e);
}

static int export_json(struct export *e, bool lines_alone)
{
	const char *separators[] = { lines_alone ? "" : "\n", lines_alone ? "\n" : ",\n" };
	char *env = document_dump(e->table->env), *plan = document_dump(e->table->plan);
	int status;

	if (!lines_alone)
		fprintf(e->out, "{\"schema_version\":%d,\n\"env\":%s,\n\"plan\":%s,\n\"boots\":[",
			RESULT_SCHEMA_VERSION, env, plan);
	free(env);
	free(plan);
	status = export_each(e, write_line, separators);
	fputs(lines_alone ? "\n" : "\n]}\n", e->out);
	return status ? status : export_check(e);
}

static int check(const struct options *o)
{
	const char *wrong = NULL;

	if (o->format == FORMAT_NONE)
		wrong = "missing option: --format csv|json|jsonl|hgrm|perfetto";
	else if (o->table && o->format != FORMAT_CSV)
		wrong = "--table: only for --format csv";
	else if (o->histogram && o->format != FORMAT_HGRM)
		wrong = "--histogram: only for --format hgrm";
	else if (o->format == FORMAT_HGRM && !o->histogram && !o->output)
		wrong = "--format hgrm: writes a file per histogram; name a directory with -o, or "
			"one histogram with --histogram";
	if (wrong)
		log_error("%s", wrong);
	return wrong ? EXIT_USAGE : 0;
}

static const char *volatile unfinished;

/* On Ctrl-C no temporary file is left behind. */
static void remove_unfinished(int signal)
{
	(void)signal;
	if (unfinished)
		unlink(unfinished);
	_exit(EXIT_INTERRUPTED);
}

static bool is_recording(const struct options *o)
{
	struct stat st;

	return !stat(o->dir, &st) && S_ISREG(st.st_mode);
}

static int write_format(struct export *e, const struct options *o)
{
	if (!e->table)
		return export_recording(e, o->dir);
	if (o->format == FORMAT_HGRM)
		return export_hgrm_one(e, o->histogram);
	if (o->format == FORMAT_PERFETTO)
		return export_perfetto(e);
	if (o->format == FORMAT_CSV)
		return o->table == TABLE_BATCHES ? export_csv_batches(e) : export_csv_resizes(e);
	return export_json(e, o->format == FORMAT_JSONL);
}

static int write_file(struct export *e, const struct options *o)
{
	struct atomic_stream stream;
	int err = atomic_stream_open(&stream, o->output);

	if (err)
		return err;
	unfinished = stream.temporary;
	e->out = stream.file;
	err = write_format(e, o);
	if (!err)
		err = atomic_stream_commit(&stream);
	unfinished = NULL;
	atomic_stream_release(&stream);
	return err;
}

/* A file that balloontrace wrote has no boots to select. */
static int export_file(struct export *e, const struct options *o)
{
	int err;

	if (o->format != FORMAT_PERFETTO || o->only.scenario || o->only.variant || o->only.boot) {
		log_error("%s: a recording of balloontrace: only --format perfetto, of all of it",
			  printable(o->dir));
		return EXIT_USAGE;
	}
	err = o->output ? write_file(e, o) : write_format(e, o);
	if (err < 0)
		log_error("cannot write %s: %s", o->output ? o->output : "to standard output",
			  strerror(-err));
	return err || e->damaged ? EXIT_ENVIRONMENT : EXIT_FINE;
}

static int export_table(struct export *e, const struct options *o)
{
	const struct names scenario = { { o->only.scenario }, o->only.scenario != NULL };
	const struct names variant = { { o->only.variant }, o->only.variant != NULL };
	int err;

	if (check_known("scenario", &scenario, e->table->scenarios) ||
	    check_known("variant", &variant, e->table->variants))
		return EXIT_USAGE;
	if (export_next(e, 0) == e->table->boot_count) {
		log_error("%s: no boot is what --scenario, --variant and --boot ask for together",
			  printable(o->dir));
		return EXIT_USAGE;
	}
	if (o->format == FORMAT_HGRM && !o->histogram)
		err = export_hgrm_files(e, o->output);
	else
		err = o->output ? write_file(e, o) : write_format(e, o);
	if (err == EXPORT_NOTHING)
		return o->histogram ? EXIT_USAGE : EXIT_ENVIRONMENT;
	if (err)
		log_error("cannot write %s: %s", o->output ? o->output : "to standard output",
			  strerror(-err));
	else if (o->table == TABLE_BATCHES && !e->traces)
		log_warn("%s: no ok boot of the selection has a trace.jsonl: the table is empty",
			 printable(o->dir));
	return err || e->damaged ? EXIT_ENVIRONMENT : EXIT_FINE;
}

static int run(struct command_line *line)
{
	const struct options *o = line->options;
	struct table table;
	struct export e = { .table = &table, .only = o->only, .out = stdout };
	int status = check(o);

	if (status)
		return status;
	/* A pipe that nobody reads is an error like a full disk. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, remove_unfinished);
	signal(SIGTERM, remove_unfinished);
	if (is_recording(o)) {
		e.table = NULL;
		return export_file(&e, o);
	}
	status = open_table(&table, o->dir);
	if (status)
		return status;
	return close_table(&table, export_table(&e, o));
}

const struct command export_command = {
	.name = "export",
	.purpose = "convert results: CSV, JSON, HdrHistogram, Perfetto",
	.description =
		"Write what a result tree holds in a format of other programs.\n"
		"csv: by default a line per boot, cycle and resize with every scalar, named by its "
		"path in result.json with the unit at the end (phases.alloc_ns is "
		"phases_alloc_ns). A boot that failed or is invalid has one line without values. "
		"--table batches is a line per batch of trace.jsonl, the guest's and the host's. "
		"RFC 4180, but lines end with a line feed; a missing value is an empty cell.\n"
		"json: {\"env\", \"plan\", \"boots\"}, with the result.json of each boot on a "
		"line. jsonl: these lines alone. DIR/boots/SCENARIO.jsonl.gz can hold them in "
		"place of a directory per boot.\n"
		"hgrm: HdrHistogram's percentile distribution, times in us; a file per histogram, "
		"or one histogram with --histogram.\n"
		"perfetto: a time line of one boot for ui.perfetto.dev, guest and host on the "
		"host's clock if the two clocks were compared. By default the first ok boot with "
		"a trace.jsonl. Of a file that balloontrace host --record wrote: all its virtual "
		"machines.\n"
		"Under icount, times of the guest are called instructions.",
	.examples = "  balloonstat export DIR --format csv >resizes.csv\n"
		    "  balloonstat export DIR --format csv -t batches -s idle -o batches.csv\n"
		    "  balloonstat export DIR --format json | jq '.boots[] | .status'\n"
		    "  balloonstat export DIR --format jsonl -s idle | gzip >idle.jsonl.gz\n"
		    "  balloonstat export DIR --format hgrm -o histograms\n"
		    "  balloonstat export DIR --format hgrm -H ops.enqueue -v finalize\n"
		    "  balloonstat export DIR --format perfetto -v chunks -b 2 -o boot.json\n"
		    "  balloonstat export host.jsonl --format perfetto -o host.json\n",
	.exits =
		"0 exported\n"
		"2 wrong usage\n"
		"3 the tree cannot be read, one of its files is damaged (the others are exported), "
		"or the output not written",
	.rows = rows,
	.size = sizeof(struct options),
	.run = run,
};
