/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_SUBCOMMAND_H
#define LIB_SUBCOMMAND_H

/* A command line of the form PROGRAM COMMAND [OPTION...], as git's. */
struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

/**
 * subcommand_run() - run the command that argv[1] names
 * @program: its name
 * @purpose: a sentence for --help
 * @commands: ended by one without a name
 * @examples: lines for --help
 *
 * The command is given argv without the program; its argv[0] is "PROGRAM
 * COMMAND", for usage messages.
 *
 * Return: the command's exit status; EXIT_USAGE where there is no such command.
 */
int subcommand_run(const char *program, const char *purpose, const struct subcommand *commands,
		   const char *examples, int argc, char **argv);

#endif
