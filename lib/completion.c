/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A script for bash that completes commands, options and their values.
 */
#include <stdio.h>

#include "lib/options.h"

/* "--base=list" is three words for bash. */
static const char head[] = "# bash completion of %1$s; `%1$s --bash-completion` prints it\n"
			   "_balloonbench_names() {\n"
			   "\tballoonbench list 2>/dev/null | awk -v table=\"$1\" \\\n"
			   "\t\t'$1 == table { on = 1; next } !NF { on = 0 } on { print $1 }'\n"
			   "}\n\n"
			   "_%1$s() {\n"
			   "\tlocal cur=${COMP_WORDS[COMP_CWORD]#=} prev=${COMP_WORDS[COMP_CWORD - "
			   "1]} words='' action=''\n\n"
			   "\t[ \"$prev\" != = ] || prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
			   "\tcase $COMP_CWORD:${COMP_WORDS[1]} in\n";

static const char tail[] = "\tesac\n"
			   "\t[ -z \"$action\" ] || compopt -o filenames 2>/dev/null\n"
			   "\tmapfile -t COMPREPLY < <(compgen $action -W \"$words\" -- \"$cur\")\n"
			   "}\n"
			   "complete -F _%1$s %1$s\n";

static const char metrics[] = " words='inflate.duration_ns deflate.duration_ns "
			      "inflate.gib_per_s deflate.gib_per_s ready_ns'";

static void put_action(const struct option_row *row)
{
	static const char *const actions[] = {
		[HINT_NONE] = "",
		[HINT_FILE] = " action=-f",
		[HINT_DIRECTORY] = " action=-d",
		[HINT_SCENARIO] = " words=$(_balloonbench_names SCENARIO)",
		[HINT_VARIANT] = " words=$(_balloonbench_names VARIANT)",
		[HINT_METRIC] = metrics,
	};
	char choices[256];

	if (row->choices)
		printf(" words='%s'", option_choices(row, " ", choices, sizeof(choices)));
	else
		fputs(actions[row->hint], stdout);
}

static void put_command(const struct command *command)
{
	const struct option_row *row, *operand = command_operand(command);

	printf("\t*:%s)\n\t\tcase $prev in\n", command->name);
	for (row = command->rows; row && row->type; row++) {
		if (!option_takes_value(row))
			continue;
		printf("\t\t--%s", row->name ? row->name : "");
		if (row->key)
			printf(" | -%c", row->key);
		putchar(')');
		put_action(row);
		puts(" ;;");
	}
	printf("\t\t*)");
	if (operand)
		put_action(operand);
	printf(" words='");
	for (row = command->rows; row && row->type; row++)
		if (row->name)
			printf("--%s ", row->name);
	puts("--help' ;;\n\t\tesac\n\t\t;;");
}

void bash_completion(const struct program *program)
{
	const struct command *const *c;

	printf(head, program->name);
	printf("\t1:* | *:help) words='");
	for (c = program->commands; *c; c++)
		printf("%s ", (*c)->name);
	puts("help --help' ;;");
	for (c = program->commands; *c; c++)
		put_command(*c);
	printf(tail, program->name);
}
