/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A result tree whose texts are commands for a shell, gnuplot or a terminal, or paths:
 * no command that reads it runs anything, writes outside its directory, or prints
 * control characters.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/hostile_tree.h"
#include "tests/helpers/program.h"

#define OWNED "owned-by-a-name"
/* Terminal control in 7 and in 8 bits, and a line of its own. */
#define TERMINAL                                                                                   \
	"\033]0;owned\007\033[2J\xe2\x80\xae\xc2\x9b"                                              \
	"31m\r\n"
/* Commands for a shell and gnuplot, and conversions for printf(). */
#define COMMANDS                                                                                   \
	"`touch " OWNED "`$(touch " OWNED ");'\"; system(\"touch " OWNED "\") | touch " OWNED      \
	" @%s%n${HOME}<script>"

static const char *const names[HOSTILE_VARIANTS] = {
	"plain",
	"../../../" OWNED,
	COMMANDS TERMINAL,
};

static const char *const texts[] = { "scenario", "cut", "reason", "kernel_release",
				     "qemu_version" };

static void rewrite(const char *path, json_t *value)
{
	if (json_dump_file(value, path, 0))
		fail_msg("cannot write %s", path);
	json_decref(value);
}

static void make_tree(const char *dir)
{
	char path[512];
	json_t *value;
	size_t v, b, i;

	hostile_tree_make(dir);
	for (v = 0; v < HOSTILE_VARIANTS; v++) {
		for (b = 1; b <= HOSTILE_BOOTS + (v == 1); b++) {
			snprintf(path, sizeof(path), "%s/idle/v%zu/boot-%02zu/result.json", dir, v,
				 b);
			value = load_json(path);
			for (i = 0; i < 5; i++)
				json_object_set_new(value, texts[i],
						    json_string(COMMANDS TERMINAL));
			json_object_set_new(value, "variant", json_string(names[v]));
			rewrite(path, value);
		}
	}
	snprintf(path, sizeof(path), "%s/plan.json", dir);
	value = load_json(path);
	json_object_set_new(value, "variants",
			    json_pack("[{s:s}, {s:s}, {s:s}]", "name", names[0], "name", names[1],
				      "name", names[2]));
	json_object_set_new((json_t *)item_of(value, "scenarios", 0), "name",
			    json_string(COMMANDS TERMINAL));
	rewrite(path, value);
	snprintf(path, sizeof(path), "%s/env.json", dir);
	value = load_json(path);
	json_object_set_new(value, "command", json_string("true\n\n<script>alert(1)</script>\n"));
	rewrite(path, value);
}

/* No control characters but line ends and tabs. */
static void expect_plain(const char *what, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	for (; *at; at++)
		if ((*at < 0x20 && *at != '\n' && *at != '\t') || *at == 0x7f ||
		    (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) ||
		    (*at == 0xe2 && at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae))
			fail_msg("%s has a control character 0x%02x: %.60s", what, *at,
				 at - (const unsigned char *)text > 30 ? (const char *)at - 30
								       : text);
}

static void expect_plain_file(const char *name)
{
	char *text = read_file(in_test_dir(name));

	if (text)
		expect_plain(name, text);
	else
		fail_msg("no %s", name);
	free(text);
}

/* The report quotes the command of the tree in a block of code, whose lines are indented. */
static void expect_no_element(const char *name)
{
	char *text = read_file(in_test_dir(name)), *save, *line;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "    ", 4) && strstr(line, "<script>"))
			fail_msg("%s has an element from the tree: %s", name, line);
	free(text);
}

static void expect_harmless(const char *const *args)
{
	struct outcome outcome = run_program("balloonstat", args);

	if (outcome.status >= 126 || outcome.status == EXIT_USAGE)
		fail_msg("%s: status %d: %s", args[0], outcome.status, outcome.output);
	expect_plain(args[0], outcome.output);
	outcome_release(&outcome);
	if (!access(OWNED, F_OK) || !access(in_test_dir(OWNED), F_OK))
		fail_msg("%s ran a command in a name", args[0]);
}

#define ARGS(...) ((const char *[]){ __VA_ARGS__, NULL })

static int set_up(void **state)
{
	test_dir_set_up(state);
	make_tree(in_test_dir("a/b/c/tree"));
	make_tree(in_test_dir("a/b/c/other"));
	/* A command in a name would create its file here. */
	return chdir(test_dir);
}

static void output_for_terminals(void **state)
{
	(void)state;
	expect_harmless(ARGS("compare", "a/b/c/tree"));
	expect_harmless(ARGS("compare", "a/b/c/tree", "--json"));
	expect_harmless(ARGS("compare", "a/b/c/tree", "--base", COMMANDS TERMINAL));
	expect_harmless(ARGS("gate", "a/b/c/tree", "--max-regress", "inflate.duration_ns=5%"));
	expect_harmless(
		ARGS("gate", "a/b/c/tree", "--max-regress", "inflate.duration_ns=5%", "--json"));
	expect_harmless(ARGS("cover-letter", "a/b/c/tree"));
	expect_harmless(ARGS("history", "a/b/c/tree", "a/b/c/other"));
	expect_harmless(ARGS("history", "a/b/c/tree", "a/b/c/other", "--json"));
}

static void output_files(void **state)
{
	(void)state;
	expect_harmless(ARGS("gate", "a/b/c/tree", "--max-regress", "inflate.duration_ns=5%",
			     "--junit", "gate.xml"));
	expect_plain_file("gate.xml");
	expect_no_element("gate.xml");
	expect_harmless(ARGS("report", "a/b/c/tree"));
	expect_plain_file("a/b/c/tree/REPORT.md");
	expect_no_element("a/b/c/tree/REPORT.md");
	expect_plain_file("a/b/c/tree/report.html");
	expect_harmless(ARGS("history", "a/b/c/tree", "a/b/c/other", "-o", "plots"));
	expect_harmless(ARGS("export", "a/b/c/tree", "--format", "json", "-o", "out.json"));
	expect_plain_file("out.json");
	expect_harmless(ARGS("export", "a/b/c/tree", "--format", "csv", "-o", "out.csv"));
	expect_harmless(ARGS("export", "a/b/c/tree", "--format", "perfetto", "-o", "out.trace"));
	expect_harmless(ARGS("export", "a/b/c/tree", "--format", "hgrm", "-o", "hgrm"));
}

/* No file outside the tree: c is three levels above a boot. */
static void nothing_outside_the_tree(void **state)
{
	(void)state;
	assert_int_equal(access("a/b/c/" OWNED, F_OK), -1);
	assert_int_equal(access("a/b/" OWNED, F_OK), -1);
	assert_int_equal(access("a/" OWNED, F_OK), -1);
	assert_int_equal(rmdir("a/b/c"), -1);
	remove_tree("a/b/c/tree");
	remove_tree("a/b/c/other");
	assert_int_equal(rmdir("a/b/c"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_for_terminals),
		cmocka_unit_test(output_files),
		cmocka_unit_test(nothing_outside_the_tree),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
