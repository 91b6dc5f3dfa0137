/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A result tree from somebody else, and all that balloonstat does with one. Parts: the
 * results of two boots of one variant and one of another, plan.json, env.json, trace.json.
 */
#include <stdio.h>
#include <string.h>

#include "analysis/commands.h"
#include "tests/fuzz/input.h"

#define ARGS_MAX 12
#define DIR "DIR"

static const char *const files[] = {
	"s/base/boot-01/result.json",
	"s/base/boot-02/result.json",
	"s/other/boot-01/result.json",
	"plan.json",
	"env.json",
	"s/base/boot-01/trace.json",
};

#define FILES (sizeof(files) / sizeof(files[0]))

static const struct {
	int (*run)(int argc, char **argv);
	const char *argv[ARGS_MAX];
} commands[] = {
	{ cmd_compare, { "compare", DIR } },
	{ cmd_compare, { "compare", "--json", DIR } },
	{ cmd_report, { "report", "--no-plots", "--no-html", "-o", DIR, DIR } },
	{ cmd_cover_letter, { "cover-letter", DIR } },
	{ cmd_gate, { "gate", "--max-regress", "inflate.duration_ns=5%", DIR } },
	{ cmd_gate, { "gate", "--max-regress", "ops.enqueue.p99=5%", DIR } },
	{ cmd_history, { "history", DIR } },
	{ cmd_export, { "export", "--format", "csv", "-o", "/dev/null", DIR } },
	{ cmd_export,
	  { "export", "--format", "csv", "--table", "batches", "-o", "/dev/null", DIR } },
	{ cmd_export, { "export", "--format", "json", "-o", "/dev/null", DIR } },
	{ cmd_export, { "export", "--format", "perfetto", "-o", "/dev/null", DIR } },
	{ cmd_export,
	  { "export", "--format", "hgrm", "--histogram", "ops.enqueue", "-o", "/dev/null", DIR } },
};

static void run(int (*command)(int argc, char **argv), const char *const *args)
{
	char *argv[ARGS_MAX + 1] = { NULL };
	int argc;

	for (argc = 0; argc < ARGS_MAX && args[argc]; argc++)
		argv[argc] = (char *)(strcmp(args[argc], DIR) ? args[argc] : fuzz_directory());
	command(argc, argv);
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
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		run(commands[i].run, commands[i].argv);
	return 0;
}
