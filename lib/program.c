/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/alloc.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/options.h"

/* NULL after a message if there is no such command. */
static const struct command *find_command(const struct program *program, const char *name)
{
	const struct command *const *c;
	const char *nearest = NULL;

	for (c = program->commands; *c; c++) {
		if (!strcmp(name, (*c)->name))
			return *c;
		nearest = nearer_name(name, nearest, (*c)->name);
	}
	if (nearest)
		log_error("no command '%s'; did you mean %s? %s --help lists all", name, nearest,
			  program->name);
	else
		log_error("no command '%s'; %s --help lists them", name, program->name);
	return NULL;
}

/* argv[0] names the command; or argv[1], if only help is asked for. */
static int run(const struct program *program, bool help, int argc, char **argv)
{
	static char name[64];
	struct command_line line = { .argc = argc, .argv = argv };
	int status;

	line.command = find_command(program, argv[help]);
	if (!line.command)
		return EXIT_USAGE;
	snprintf(name, sizeof(name), "%s %s", program->name, line.command->name);
	log_setup(name, LOG_INFO);
	argv[0] = name;
	if (help) {
		help_command(name, line.command, true);
		return EXIT_FINE;
	}
	line.options = xcalloc(1, line.command->size);
	status = options_parse(&line);
	if (!status)
		status = line.command->run(&line);
	free(line.options);
	return status < 0 ? EXIT_FINE : status;
}

/* Output that was lost, on a full disk for one, is a failure like any other. */
static int close_stdout(int status)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	log_error("cannot write to standard output%s%s", errno ? ": " : "",
		  errno ? strerror(errno) : "");
	return EXIT_ENVIRONMENT;
}

int program_run(const struct program *program, int argc, char **argv)
{
	const char *first = argc > 1 ? argv[1] : "";
	bool help = !strcmp(first, "help");
	int status = argc > 1 ? EXIT_FINE : EXIT_USAGE;

	/* Only the user may change the files of a run, whatever the umask is. */
	umask(umask(0) | S_IWGRP | S_IWOTH);
	/* A limit on the size of files (ulimit -f) is an error of write(), with a message. */
	signal(SIGXFSZ, SIG_IGN);
	log_setup(program->name, LOG_INFO);
	if (!strcmp(first, "--man"))
		man_page(program);
	else if (!strcmp(first, "--bash-completion"))
		bash_completion(program);
	else if (argc < 2 + help || !strcmp(first, "--help") || !strcmp(first, "-h"))
		help_program(program, argc > 1 ? stdout : stderr);
	else
		status = run(program, help, argc - 1, argv + 1);
	return close_stdout(status);
}
