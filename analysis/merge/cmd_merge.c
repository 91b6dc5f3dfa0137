/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonstat merge: one tree of the shards of a plan. */
#include <stdlib.h>

#include "analysis/arguments.h"
#include "analysis/merge/merge.h"
#include "lib/exit_status.h"
#include "lib/log.h"

struct options {
	char **dirs;
	const char *output;
};

#define OPTIONS struct options

static const struct options defaults = { .output = NULL };

static const struct option_row rows[] = {
	OPTION(OPERANDS, dirs, NULL, 0, "DIR", "result trees of `balloonbench run --shard`",
	       .hint = HINT_DIRECTORY),
	OPTION(STRING, output, "output", 'o', "DIR", "the whole tree, new or empty; must be given",
	       .hint = HINT_DIRECTORY),
	{ 0 },
};

/* Say what the plan has and the trees do not, and what runs it. Returns the number of boots. */
static size_t say_missing(const struct shards *shards)
{
	unsigned int number, of = shards->list[0].of;
	const struct shard *s;
	size_t missing = 0;
	char *command;

	for (number = 1; number <= of; number++) {
		s = shards_find(shards, number);
		if (s && s->missing)
			log_warn("%s: shard %u/%u: %zu of %zu boots are missing; `balloonbench run "
				 "--resume %s` runs them",
				 s->dir, number, of, s->missing, s->planned, s->dir);
		missing += s ? s->missing : 0;
		if (s)
			continue;
		command = shards_command(shards, number);
		log_warn("shard %u/%u is missing; `%s` runs it", number, of, command);
		free(command);
		missing++;
	}
	return missing;
}

static int merge(const struct options *o, struct shards *shards)
{
	int status = shards_load(shards, o->dirs) ?:
			     shards_check(shards) ?: shards_write(shards, o->output);

	if (status || !say_missing(shards))
		return status;
	log_warn("%s has what is there; merge again into a new directory when the rest has run",
		 o->output);
	return EXIT_ENVIRONMENT;
}

static int run(struct command_line *line)
{
	const struct options *o = line->options;
	struct shards shards;
	int status;

	if (!o->output) {
		log_error("-o DIR is missing: the directory of the whole tree");
		return EXIT_USAGE;
	}
	status = merge(o, &shards);
	shards_release(&shards);
	return status;
}

const struct command merge_command = {
	.name = "merge",
	.purpose = "join the shards of a run into one result tree",
	.description =
		"Join the result trees of `balloonbench run --shard K/N` into one, which the other "
		"commands read. The trees must be of one plan: the same options, seed, kernels and "
		"QEMU. Hosts may differ: a run on several has them as units (see docs/fleet.md). "
		"What is missing is named with the command that runs it.",
	.examples = "  balloonstat merge shard-1 shard-2 shard-3 shard-4 -o results/whole\n"
		    "  balloonstat compare results/whole\n",
	.exits = "0 merged, and nothing is missing\n"
		 "2 wrong usage, or trees that do not belong together\n"
		 "3 boots are missing, or a tree cannot be read, or the output not written",
	.rows = rows,
	.defaults = &defaults,
	.size = sizeof(struct options),
	.run = run,
};
