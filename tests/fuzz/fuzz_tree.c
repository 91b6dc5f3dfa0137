/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A foreign result tree, and all that balloonstat does with one. Parts: the
 * results of two boots of one variant and one of another, plan.json, env.json, trace.jsonl.
 */
#include <stdio.h>
#include <string.h>

#include "analysis/arguments.h"
#include "tests/fuzz/input.h"

#define ARGS_MAX 12
#define DIR "DIR"

static const char *const files[] = {
	"s/base/boot-01/result.json",
	"s/base/boot-02/result.json",
	"s/other/boot-01/result.json",
	"plan.json",
	"env.json",
	"s/base/boot-01/trace.jsonl",
};

#define FILES (sizeof(files) / sizeof(files[0]))

static const char *const lines[][ARGS_MAX] = {
	{ "compare", DIR },
	{ "compare", "--json", DIR },
	{ "compare", "--metric", "guest.fault_ns.p50 during inflate", DIR },
	{ "report", "--no-plots", "--no-html", "-o", DIR, DIR },
	{ "cover-letter", DIR },
	{ "gate", "--max-regress", "inflate.duration_ns=5%", DIR },
	{ "gate", "--max-regress", "ops.enqueue.p99=5%", DIR },
	{ "history", DIR },
	{ "history", "--absolute", "--json", DIR },
	{ "export", "--format", "csv", "-o", "/dev/null", DIR },
	{ "export", "--format", "csv", "--table", "batches", "-o", "/dev/null", DIR },
	{ "export", "--format", "json", "-o", "/dev/null", DIR },
	{ "export", "--format", "perfetto", "-o", "/dev/null", DIR },
	{ "export", "--format", "hgrm", "--histogram", "ops.enqueue", "-o", "/dev/null", DIR },
};

static void run(const char *const *line)
{
	static const struct command *const commands[] = {
		&compare_command,
		&gate_command,
		&report_command,
		&cover_letter_command,
		&history_command,
		&export_command,
		NULL,
	};
	static const struct program balloonstat = { .name = "balloonstat", .commands = commands };
	char *argv[ARGS_MAX + 2] = { "balloonstat" };
	int argc;

	for (argc = 1; argc <= ARGS_MAX && line[argc - 1]; argc++)
		argv[argc] =
			(char *)(strcmp(line[argc - 1], DIR) ? line[argc - 1] : fuzz_directory());
	program_run(&balloonstat, argc, argv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int linked;
	struct fuzz_part parts[FILES];
	size_t i;

	for (i = 0; !linked && i < FILES; i++)
		fuzz_link(files[i], i);
	linked = 1;
	fuzz_parts(data, size, parts, FILES);
	for (i = 0; i < FILES; i++)
		fuzz_file(i, parts[i].data, parts[i].size);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		run(lines[i]);
	return 0;
}
