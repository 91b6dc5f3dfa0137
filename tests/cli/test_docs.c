/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Documents: their links lead to files that are there, the README of a series names each of its
 * patches, and nothing of a merge was left in a file.
 */
#include "tests/helpers/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

/* What a command prints in the source tree; nothing is expected. */
static void expect_nothing(const char *what, const char *command)
{
	struct outcome outcome = run_shell("cd " TEST_SOURCE " && %s", command);

	if (*outcome.output)
		fail_msg("%s:\n%s", what, outcome.output);
	outcome_release(&outcome);
}

static void nothing_is_left_of_a_merge(void **state)
{
	(void)state;
	expect_nothing("marks of a merge",
		       "grep -rnIE '^(<{7}|>{7}) ' Makefile *.md docs lib bench "
		       "bpf analysis tests scripts vm-images *-patches");
}

static bool is_elsewhere(const char *link)
{
	return *link == '#' || !strncmp(link, "http", 4) || !strncmp(link, "mailto:", 7);
}

/* The relative links of a document, how many; counts those that lead nowhere. */
static unsigned int relative_links(const char *document, unsigned int *broken)
{
	char path[1024], *text = read_file(document), *at = text;
	const int directory = strrchr(document, '/') - document;
	unsigned int links = 0;

	assert_non_null(text);
	while ((at = strstr(at, "]("))) {
		at += 2;
		if (is_elsewhere(at))
			continue;
		links++;
		snprintf(path, sizeof(path), "%.*s/%.*s", directory, document,
			 (int)strcspn(at, ")# \n"), at);
		if (!access(path, R_OK))
			continue;
		print_message("# %s links %s, which is not there\n", document, path);
		(*broken)++;
	}
	free(text);
	return links;
}

static void links_lead_to_files(void **state)
{
	struct outcome outcome = run_shell("find " TEST_SOURCE "/*.md " TEST_SOURCE
					   "/docs " TEST_SOURCE "/tests " TEST_SOURCE "/*-patches "
					   "-name '*.md'");
	unsigned int broken = 0, documents = 0;
	char *line, *rest = outcome.output;

	(void)state;
	while ((line = strsep(&rest, "\n")))
		if (*line) {
			documents++;
			relative_links(line, &broken);
		}
	assert_in_range(documents, 10, 1000);
	assert_int_equal(broken, 0);
	outcome_release(&outcome);
	/* Its plots. */
	assert_true(relative_links(TEST_SOURCE "/REPORT.md", &broken) >= 4);
}

static void series_are_described(void **state)
{
	(void)state;
	expect_nothing("patches that the README of their series does not link",
		       "for series in *-patches/series *-patches/*/series; do "
		       "for patch in $(sed 's/[ #].*//' $series); do "
		       "grep -q \"]($patch)\" ${series%/*}/README.md || echo $series: $patch; "
		       "done; done");
}

/* An option that a command has not would fail in somebody's pipeline only. */
static void examples_name_options_that_are_there(void **state)
{
	(void)state;
	expect_nothing("options of docs/ci that the command does not have",
		       "grep -ohE '^[^#]*balloon(bench|stat) [a-z]+ [^|>]*' docs/ci/*.yml | "
		       "sed -E 's/.*(balloonbench|balloonstat) /\\1 /' | "
		       "while read -r program command words; do for word in $words; do "
		       "case $word in --*) " TEST_BUILD "/$program $command --help | "
		       "grep -qw -e \"${word%%=*}\" || echo $program $command: $word;; esac; done; "
		       "done");
	expect_nothing("examples without a command",
		       "grep -LE 'balloonstat compare' docs/ci/*.yml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_left_of_a_merge),
		cmocka_unit_test(links_lead_to_files),
		cmocka_unit_test(series_are_described),
		cmocka_unit_test(examples_name_options_that_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
