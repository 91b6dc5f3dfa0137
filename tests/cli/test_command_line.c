/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the option tables of the programs promise: their own consistency, --help, man
 * pages, completion; and that lost output is a failure.
 */
#include "tests/helpers/unit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "analysis/arguments.h"
#include "bench/fleet/fleet.h"
#include "bench/record/record.h"
#include "bench/run/run.h"
#include "bpf/commands.h"
#include "lib/exit_status.h"
#include "lib/options.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

#define PROGRAMS 3

static const struct {
	const char *name;
	const struct command *commands[8];
} programs[PROGRAMS] = {
	{ "balloonbench",
	  { &run_command, &submit_command, &record_command, &list_command, &doctor_command } },
	{ "balloonstat",
	  { &compare_command, &gate_command, &report_command, &cover_letter_command,
	    &history_command, &export_command, &merge_command } },
	{ "balloontrace", { &guest_command, &host_command } },
};

typedef void (*check_command)(const char *program, const struct command *command);

static void for_each_command(check_command check)
{
	size_t i, k;

	for (i = 0; i < PROGRAMS; i++)
		for (k = 0; programs[i].commands[k]; k++)
			check(programs[i].name, programs[i].commands[k]);
}

static size_t expected_size(const struct option_row *row)
{
	switch (row->type) {
	case OPTION_FLAG:
		return sizeof(bool);
	case OPTION_STRING:
	case OPTION_OPERAND:
	case OPTION_OPERANDS:
		return sizeof(char *);
	case OPTION_RATE:
	case OPTION_DURATION:
		return sizeof(uint64_t);
	case OPTION_PERCENT:
		return sizeof(double);
	case OPTION_NAMES:
		return sizeof(struct names);
	case OPTION_WORDS:
		return sizeof(struct words);
	case OPTION_CHOICE:
		return sizeof(unsigned int);
	case OPTION_COUNT:
	case OPTION_SIZE:
		return row->size == sizeof(uint64_t) ? row->size : sizeof(unsigned int);
	default:
		return row->size;
	}
}

static void check_rows(const char *program, const struct command *command)
{
	const struct option_row *row;

	for (row = command->rows; row && row->type; row++) {
		const char *name = row->name ? row->name : row->help;

		if (row->type == OPTION_HEADING)
			continue;
		if (row->size != expected_size(row) || row->at + row->size > command->size)
			fail_msg("%s %s: %s: its field is of another type", program, command->name,
				 name);
		if ((isupper((unsigned char)row->help[0]) &&
		     islower((unsigned char)row->help[1])) ||
		    strchr(row->help, '\n') || row->help[strlen(row->help) - 1] == '.')
			fail_msg("%s %s: %s: help: %s", program, command->name, name, row->help);
		if (row->type == OPTION_COUNT)
			assert_true(row->min < row->max);
		if (row->type == OPTION_PARSED)
			assert_non_null(row->parse);
	}
	assert_true(!row || row - command->rows <= 64);
}

static void rows_fit_their_fields(void **state)
{
	(void)state;
	for_each_command(check_rows);
}

static void expect_text(const char *what, const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("%s: no '%s' in: %s", what, part, text);
}

static void check_help(const char *program, const struct command *command)
{
	const struct option_row *row;
	struct outcome o;
	char part[64];
	const char *line;

	o = run_program(program, (const char *[]){ command->name, "--help", NULL });
	assert_int_equal(o.status, 0);
	for (row = command->rows; row && row->type; row++) {
		snprintf(part, sizeof(part), "--%s", row->name ? row->name : "");
		expect_text(command->name, o.output, part);
		snprintf(part, sizeof(part), "\n  -%c", row->key);
		if (row->key)
			expect_text(command->name, o.output, part);
	}
	snprintf(part, sizeof(part), "Usage: %s %s [OPTION...]", program, command->name);
	expect_text(command->name, o.output, part);
	snprintf(part, sizeof(part), "\nEXAMPLES\n  %s %s", program, command->name);
	expect_text(command->name, o.output, part);
	expect_text(command->name, o.output, "\nEXIT STATUS\n  0    ");
	for (line = o.output; *line; line += strcspn(line, "\n") + 1)
		assert_in_range(strcspn(line, "\n"), 0, 80);
	outcome_release(&o);
	expect_outcome(run_program(program, (const char *[]){ "help", command->name, NULL }), 0,
		       "EXIT STATUS");
	expect_outcome(run_program(program, (const char *[]){ command->name, "--usage", NULL }), 0,
		       "Usage: ");
	expect_outcome(run_program(program, (const char *[]){ "--help", NULL }), 0,
		       command->purpose);
}

static void help_names_every_option(void **state)
{
	(void)state;
	for_each_command(check_help);
}

static void check_unknown(const char *program, const struct command *command)
{
	expect_outcome(run_program(program, (const char *[]){ command->name, "--hepl", NULL }), 2,
		       "unknown option: --hepl; did you mean --help?");
}

static void unknown_options_are_refused(void **state)
{
	(void)state;
	for_each_command(check_unknown);
}

/* What a shell's command prints, in the test directory and with the programs in PATH; to be freed.
 */
static char *shell(int *status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static char *shell(int *status, const char *fmt, ...)
{
	char command[2048], line[4096], *output;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "cd %s && PATH=" TEST_BUILD ":$PATH && { %s; } >output 2>&1",
		 test_dir, command);
	*status = WEXITSTATUS(system(line));
	output = read_file(in_test_dir("output"));
	assert_non_null(output);
	return output;
}

static void write_page(const char *program, const char *option, const char *file)
{
	struct outcome o = run_program(program, (const char *[]){ option, NULL });

	assert_int_equal(o.status, 0);
	write_file(test_dir, file, o.output);
	outcome_release(&o);
}

/* As roff has a long option. */
static const char *in_roff(const char *name)
{
	static char text[128];
	size_t n = snprintf(text, sizeof(text), "\\-\\-");

	for (; *name; name++)
		n += snprintf(text + n, sizeof(text) - n, "%s%c", *name == '-' ? "\\" : "", *name);
	return text;
}

static void check_man(const char *program, const struct command *command)
{
	struct outcome o = run_program(program, (const char *[]){ "--man", NULL });
	const struct option_row *row;
	char part[128], *page;

	assert_int_equal(o.status, 0);
	snprintf(part, sizeof(part), " \\- %s\n", command->purpose);
	page = strstr(o.output, part);
	if (!page)
		fail_msg("no '%s' in the man page", part);
	for (row = command->rows; row && row->type; row++)
		if (row->name)
			expect_text(command->name, page, in_roff(row->name));
	outcome_release(&o);
}

static void man_pages_have_every_option(void **state)
{
	(void)state;
	for_each_command(check_man);
}

static void man_pages_are_clean(void **state)
{
	char *said;
	int status;
	size_t i;

	(void)state;
	if (system("command -v groff >/dev/null")) {
		print_message("# no groff to format the man pages\n");
		skip();
	}
	for (i = 0; i < PROGRAMS; i++) {
		write_page(programs[i].name, "--man", "page.1");
		said = shell(&status, "groff -man -ww -z page.1");
		assert_string_equal(said, "");
		assert_int_equal(status, 0);
		free(said);
	}
}

static void completion_completes(void **state)
{
	static const struct {
		const char *program;
		const char *words; /* the last is completed */
		const char *replies;
	} cases[] = {
		{ "balloonstat", "comp", "compare" },
		{ "balloonstat", "help expo", "export" },
		{ "balloonstat", "compare --sm", "--smallest-effect" },
		{ "balloonstat", "compare --metric re", "ready_ns" },
		{ "balloonstat", "export -f c", "csv" },
		{ "balloonstat", "export --format = h", "hgrm" },
		{ "balloonstat", "compare DIR --js", "--json" },
		{ "balloonbench", "run --accel i", "icount" },
		{ "balloonbench", "run --tr", "--trace" },
		{ "balloonbench", "submit --sl", "--slurm" },
		{ "balloonbench", "run --trace =", "off phases pages" },
		{ "balloonbench", "run --variant free-page",
		  "free-page-reporting free-page-reporting-mainline" },
		{ "balloonbench", "run --scenario touched-", "touched-8g touched-busy" },
		{ "balloontrace", "host --mechanism k", "kprobe" },
		{ "balloontrace", "guest --pid", "" },
		{ "balloontrace", "host --pi", "--pid" },
	};
	char *said;
	int status;
	size_t i;

	(void)state;
	for (i = 0; i < PROGRAMS; i++) {
		write_page(programs[i].name, "--bash-completion", programs[i].name);
		said = shell(&status, "bash -n %s", programs[i].name);
		assert_string_equal(said, "");
		assert_int_equal(status, 0);
		free(said);
	}
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		said = shell(
			&status,
			"bash -c 'source ./%s; COMP_WORDS=(%s %s); COMP_CWORD=$((${#COMP_WORDS[@]} "
			"- 1)); _%s; echo -n \"${COMPREPLY[*]}\"'",
			cases[i].program, cases[i].program, cases[i].words, cases[i].program);
		if (strcmp(said, cases[i].replies))
			fail_msg("%s %s: '%s'", cases[i].program, cases[i].words, said);
		free(said);
	}
}

static void a_full_disk_fails_every_command(void **state)
{
	static const char *const commands[] = {
		"balloonbench --help",
		"balloonbench list",
		"balloonbench list --json",
		"balloonbench run --scenario smoke --accel tcg --dry-run",
		"balloonbench submit --dry-run --slurm -- --scenario smoke",
		/* It boots no guest then. */
		"QEMU=/nowhere balloonbench doctor",
		"balloonstat --man",
		"balloonstat compare --help",
		"balloonstat compare " TEST_SOURCE "/results/reference/icount",
		"balloonstat compare --json " TEST_SOURCE "/results/reference/icount",
		"balloonstat history " TEST_SOURCE "/results/reference/icount",
		"balloonstat history --json " TEST_SOURCE "/results/reference/icount",
		"balloonstat cover-letter " TEST_SOURCE "/results/reference/icount",
		"balloonstat gate -r inflate.duration_ns=5% " TEST_SOURCE
		"/results/reference/icount",
		"balloonstat export --format json " TEST_SOURCE "/results/reference/icount",
		"balloontrace host --list",
		"balloontrace host --json --duration 0.1",
	};
	char *said;
	int status;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		said = shell(&status, "%s >/dev/full", commands[i]);
		if (status != EXIT_ENVIRONMENT || !strstr(said, "cannot write to standard output"))
			fail_msg("%s: status %d: %s", commands[i], status, said);
		free(said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_fit_their_fields),
		cmocka_unit_test(help_names_every_option),
		cmocka_unit_test(unknown_options_are_refused),
		cmocka_unit_test(man_pages_have_every_option),
		cmocka_unit_test(man_pages_are_clean),
		cmocka_unit_test(completion_completes),
		cmocka_unit_test(a_full_disk_fails_every_command),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
