/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/subcommand.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/exit_status.h"
#include "lib/log.h"

static void usage(FILE *to, const char *program, const char *purpose,
		  const struct subcommand *commands, const char *examples)
{
	fprintf(to, "Usage: %s COMMAND [OPTION...]\n\n%s\n\nCommands:\n", program, purpose);
	for (; commands->name; commands++)
		fprintf(to, "  %-12s %s\n", commands->name, commands->help);
	fprintf(to, "\nEXAMPLES\n%s\n`%s COMMAND --help` tells more of each.\n", examples, program);
}

int subcommand_run(const char *program, const char *purpose, const struct subcommand *commands,
		   const char *examples, int argc, char **argv)
{
	static char name[64];
	const struct subcommand *c;

	/* What these programs write nobody else is to change, whatever the shell says. */
	umask(umask(0) | S_IWGRP | S_IWOTH);
	if (argc < 2) {
		usage(stderr, program, purpose, commands, examples);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout, program, purpose, commands, examples);
		return EXIT_FINE;
	}
	for (c = commands; c->name; c++) {
		if (strcmp(argv[1], c->name))
			continue;
		snprintf(name, sizeof(name), "%s %s", program, c->name);
		argv[1] = name;
		return c->run(argc - 1, argv + 1);
	}
	log_error("no command '%s'; %s --help lists them", argv[1], program);
	return EXIT_USAGE;
}
