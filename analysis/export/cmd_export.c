/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat export: a result tree in the formats of other programs.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/arguments.h"
#include "analysis/commands.h"
#include "analysis/export/export.h"
#include "analysis/data/open_tree.h"
#include "analysis/data/utf8.h"
#include "lib/atomic_file.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/units.h"

#define BOOT_MAX 1000000

static const struct argp_option option_table[] = {
	{ "format", 'f', "FORMAT", 0, "csv, json, hgrm or perfetto", 0 },
	{ "output", 'o', "FILE", 0, "instead of standard output; hgrm: a directory", 0 },
	{ "table", 't', "TABLE", 0, "csv: moves (default) or batches", 0 },
	{ "histogram", 'H', "PATH", 0, "hgrm: only this one, as in ops.enqueue", 0 },
	{ "scenario", 's', "NAME", 0, "only boots of this one", 0 },
	{ "variant", 'v', "NAME", 0, "only boots of this one", 0 },
	{ "boot", 'b', "N", 0, "only boots of this number", 0 },
	{ 0 },
};

static const char doc[] =
	"Write what a result tree holds in a format of other programs."
	"\v"
	"csv, table moves: a line per boot, cycle and move with every scalar figure, named by its "
	"place in result.json, unit at the end (phases.alloc_ns is phases_alloc_ns). A boot that "
	"failed or is invalid has one line without figures. Table batches: a line per batch of "
	"trace.json, the guest's and the host's. RFC 4180, but lines end with a line feed; what is "
	"not there is empty.\n"
	"json: {\"env\", \"plan\", \"boots\"}, with the result.json of every boot on a line of its "
	"own.\n"
	"hgrm: HdrHistogram's percentile distribution, times in us; a file per histogram, or one "
	"of "
	"them with --histogram.\n"
	"perfetto: a time line of one boot for ui.perfetto.dev, guest and host by the host's clock "
	"where the two were compared: the first ok boot with a trace.json unless told otherwise.\n"
	"Under icount the guest's times are called instructions.\n\n"
	"EXAMPLES\n"
	"  balloonstat export DIR --format csv >moves.csv\n"
	"  balloonstat export DIR --format csv -t batches -s idle -o batches.csv\n"
	"  balloonstat export DIR --format json | jq '.boots[] | .status'\n"
	"  balloonstat export DIR --format hgrm -o histograms\n"
	"  balloonstat export DIR --format hgrm -H ops.enqueue -v finalize\n"
	"  balloonstat export DIR --format perfetto -v chunks -b 2 -o boot.json\n\n"
	"Exit status: 0 exported, 2 usage, 3 the tree cannot be read, or a file of it is damaged "
	"(what is whole is exported), or the output not written.\n";

enum format { FORMAT_NONE, FORMAT_CSV, FORMAT_JSON, FORMAT_HGRM, FORMAT_PERFETTO };

static const char *const formats[] = { "", "csv", "json", "hgrm", "perfetto" };

struct options {
	const char *dir;
	const char *output;
	const char *histogram;
	enum format format;
	bool has_table;
	bool batches;
	struct export_selection only;
};

static enum format parse_format(const char *name, struct argp_state *state)
{
	int i;

	for (i = FORMAT_CSV; i <= FORMAT_PERFETTO; i++)
		if (!strcmp(name, formats[i]))
			return i;
	argp_error(state, "no format '%s'; there are csv, json, hgrm, perfetto", name);
	return FORMAT_NONE;
}

static long long parse_boot(const char *text, struct argp_state *state)
{
	uint64_t number = 0;

	if (parse_count(text, 1, BOOT_MAX, &number))
		argp_error(state, "--boot '%s': a number from 1 to %d is wanted", text, BOOT_MAX);
	return number;
}

static void check(const struct options *o, struct argp_state *state)
{
	if (o->format == FORMAT_NONE)
		argp_error(state, "--format is wanted: csv, json, hgrm or perfetto");
	if (o->has_table && o->format != FORMAT_CSV)
		argp_error(state, "--table is for --format csv");
	if (o->histogram && o->format != FORMAT_HGRM)
		argp_error(state, "--histogram is for --format hgrm");
	if (o->format == FORMAT_HGRM && !o->histogram && !o->output)
		argp_error(state, "hgrm is a file per histogram: name a directory with -o, or one "
				  "histogram with --histogram");
}

static void parse_table(struct options *o, const char *name, struct argp_state *state)
{
	o->has_table = true;
	o->batches = !strcmp(name, "batches");
	if (!o->batches && strcmp(name, "moves"))
		argp_error(state, "no table '%s'; there are moves, batches", name);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'f':
		o->format = parse_format(arg, state);
		break;
	case 'o':
		o->output = arg;
		break;
	case 't':
		parse_table(o, arg, state);
		break;
	case 'H':
		o->histogram = arg;
		break;
	case 's':
		o->only.scenario = arg;
		break;
	case 'v':
		o->only.variant = arg;
		break;
	case 'b':
		o->only.boot = parse_boot(arg, state);
		break;
	case ARGP_KEY_END:
		check(o, state);
		break;
	default:
		return parse_one_tree(key, arg, state, &o->dir);
	}
	return 0;
}

static int check_names(const struct options *o, const struct tree *tree)
{
	const struct export e = { .tree = tree, .only = o->only };

	if (o->only.scenario && name_index(tree->scenarios, o->only.scenario) < 0) {
		log_unknown_name("scenario", o->only.scenario, tree->scenarios);
		return EXIT_USAGE;
	}
	if (o->only.variant && name_index(tree->variants, o->only.variant) < 0) {
		log_unknown_name("variant", o->only.variant, tree->variants);
		return EXIT_USAGE;
	}
	if (export_next(&e, -1) >= 0)
		return 0;
	log_error("%s: no boot is what --scenario, --variant and --boot ask for together",
		  printable(tree->dir));
	return EXIT_USAGE;
}

/* Where the text goes: a file that is whole or absent, or what cannot be renamed over. */
struct output {
	struct atomic_stream stream;
	FILE *file;
};

static const char *volatile unfinished;

/* Ctrl-C half-way through gigabytes. */
static void remove_unfinished(int signal)
{
	(void)signal;
	if (unfinished)
		unlink(unfinished);
	_exit(EXIT_INTERRUPTED);
}

static bool is_device(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static int open_output(struct output *out, const char *path)
{
	int err = 0;

	*out = (struct output){ .file = stdout };
	if (path && is_device(path)) {
		out->file = fopen(path, "we");
		err = out->file ? 0 : -errno;
	} else if (path) {
		err = atomic_stream_open(&out->stream, path);
		out->file = out->stream.file;
		unfinished = out->stream.temporary;
	}
	if (err)
		log_error("cannot write %s: %s", path, strerror(-err));
	return err;
}

/* Whatever could not be written is told by whoever flushes last. */
static int close_output(struct output *out, int err)
{
	int failed = 0;

	if (out->stream.file && err) {
		unfinished = NULL;
		atomic_stream_release(&out->stream);
	} else if (out->stream.file) {
		failed = atomic_stream_commit(&out->stream);
		unfinished = NULL;
	} else if (out->file == stdout ? fflush(stdout) || ferror(stdout) : fclose(out->file)) {
		failed = -errno;
	}
	return err ? err : failed;
}

static int write_format(struct export *e, const struct options *o)
{
	switch (o->format) {
	case FORMAT_CSV:
		return o->batches ? export_csv_batches(e) : export_csv_moves(e);
	case FORMAT_JSON:
		return export_json(e);
	case FORMAT_HGRM:
		return export_hgrm_one(e, o->histogram);
	default:
		return export_perfetto(e);
	}
}

/* There is nothing of the kind: what there is instead. */
static int explain_nothing(const struct export *e, const struct options *o)
{
	if (o->format == FORMAT_PERFETTO) {
		log_error("%s: no ok boot of the selection has a trace.json: run with --trace "
			  "phases, and keep the files",
			  printable(o->dir));
		return EXIT_ENVIRONMENT;
	}
	if (o->histogram)
		log_error("no ok boot of the selection has a histogram '%s'",
			  printable(o->histogram));
	export_hgrm_list(e);
	return o->histogram ? EXIT_USAGE : EXIT_ENVIRONMENT;
}

static int finish(const struct export *e, const struct options *o, int err)
{
	if (err == -ENOENT)
		return explain_nothing(e, o);
	if (err) {
		log_error("cannot write %s: %s", o->output ? o->output : "to standard output",
			  strerror(-err));
		return EXIT_ENVIRONMENT;
	}
	if (o->batches && !e->traces)
		log_warn("%s: no ok boot of the selection has a trace.json: the table is empty",
			 printable(o->dir));
	return e->damaged ? EXIT_ENVIRONMENT : EXIT_FINE;
}

static int export_tree(const struct options *o, const struct tree *tree)
{
	struct export e = { .tree = tree, .only = o->only };
	struct output out;
	int err;

	if (o->format == FORMAT_HGRM && !o->histogram)
		return finish(&e, o, export_hgrm_files(&e, o->output));
	if (open_output(&out, o->output))
		return EXIT_ENVIRONMENT;
	e.out = out.file;
	err = close_output(&out, write_format(&e, o));
	return finish(&e, o, err);
}

int cmd_export(int argc, char **argv)
{
	static const struct argp argp = {
		option_table, parse_option, "DIR", doc, NULL, NULL, NULL
	};
	struct options options = { .dir = NULL };
	struct tree tree;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	/* A pipe that nobody reads is an error like a full disk. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, remove_unfinished);
	signal(SIGTERM, remove_unfinished);
	status = open_tree(&tree, options.dir);
	if (status)
		return status;
	status = check_names(&options, &tree);
	if (!status)
		status = export_tree(&options, &tree);
	return close_tree(&tree, status);
}
