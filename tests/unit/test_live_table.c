/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The live table of balloontrace host: no wider and longer than the terminal, and sorted. */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <string.h>

#include "bpf/live_table.h"
#include "lib/alloc.h"
#include "lib/record.h"

#define ROWS 5

static void make_rows(struct live_row rows[ROWS])
{
	static const char *const names[ROWS] = { "web", "db", "a rather long name of a machine",
						 "cache", "build" };
	int i;

	for (i = 0; i < ROWS; i++)
		rows[i] = (struct live_row){
			.pid = 100 + i,
			.name = names[i],
			.inflates = i,
			.inflate_bytes = i * 4096,
			.calls = { .calls = 10 * (i % 3),
				   .bytes = 4096 * (ROWS - i),
				   .errors = i == 3,
				   .timed = 1,
				   .ns = 1000 * (i + 1) },
			.rss_bytes = i == 4 ? RECORD_ABSENT : (int64_t)(7 - i) << 20,
		};
}

static char *printed(const struct live_row *rows, size_t count, bool header, unsigned int columns,
		     unsigned int lines)
{
	char *text;
	size_t size;
	FILE *f = xmemstream(&text, &size);

	live_print(f, rows, count, 1500000000, header, (struct live_size){ columns, lines });
	fclose(f);
	return text;
}

static size_t widest_line(const char *text)
{
	size_t widest = 0, length;

	for (; *text; text += length + (text[length] == '\n')) {
		length = strcspn(text, "\n");
		widest = length > widest ? length : widest;
	}
	return widest;
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; (text = strchr(text, '\n')); text++)
		lines++;
	return lines;
}

static void fits_any_terminal(void **state)
{
	struct live_row rows[ROWS];
	unsigned int columns, lines;
	char *text;

	(void)state;
	make_rows(rows);
	for (columns = 40; columns < 200; columns++)
		for (lines = 3; lines < 12; lines++) {
			text = printed(rows, ROWS, true, columns, lines);
			assert_at_most(widest_line(text), columns);
			assert_at_most(count_lines(text), lines - 1);
			assert_contains(text, "TIME");
			free(text);
		}
}

static void says_what_does_not_fit(void **state)
{
	struct live_row rows[ROWS];
	char *text;

	(void)state;
	make_rows(rows);
	text = printed(rows, ROWS, true, 120, 5);
	assert_contains(text, "web");
	assert_contains(text, "db");
	assert_contains(text, "and 3 more");
	assert_lacks(text, "cache");
	free(text);
	text = printed(rows, ROWS, true, 120, 7);
	assert_contains(text, "build");
	assert_lacks(text, "more");
	free(text);
}

static void drops_columns(void **state)
{
	struct live_row rows[ROWS];
	char *text;

	(void)state;
	make_rows(rows);
	text = printed(rows, ROWS, true, 0, 0);
	assert_contains(text, "INFLATES");
	assert_contains(text, "a rather long name of a machine");
	assert_contains(text, "1.5 s");
	free(text);
	text = printed(rows, ROWS, true, 80, 0);
	assert_lacks(text, "DEFLATES");
	assert_contains(text, "PID");
	assert_contains(text, "RSS");
	free(text);
	text = printed(rows, ROWS, true, 40, 0);
	assert_lacks(text, "RSS");
	assert_contains(text, "BYTES");
	free(text);
	text = printed(rows, ROWS, false, 0, 0);
	assert_lacks(text, "TIME");
	free(text);
	text = printed(rows, 0, false, 0, 0);
	assert_contains(text, "no virtual machine");
	free(text);
}

static void sorts(void **state)
{
	static const struct {
		enum live_sort sort;
		pid_t order[ROWS];
	} cases[] = {
		{ LIVE_BYTES, { 100, 101, 102, 103, 104 } },
		{ LIVE_CALLS, { 102, 101, 104, 100, 103 } },
		{ LIVE_ERRORS, { 103, 100, 101, 102, 104 } },
		{ LIVE_LATENCY, { 104, 103, 102, 101, 100 } },
		{ LIVE_RSS, { 100, 101, 102, 103, 104 } },
		{ LIVE_PID, { 100, 101, 102, 103, 104 } },
		{ LIVE_NAME, { 102, 104, 103, 101, 100 } },
	};
	struct live_row rows[ROWS];
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_rows(rows);
		live_sort_rows(rows, ROWS, cases[i].sort);
		for (k = 0; k < ROWS; k++)
			if (rows[k].pid != cases[i].order[k])
				fail_msg("%s: place %zu: %d", live_sorts[cases[i].sort], k,
					 (int)rows[k].pid);
	}
	live_sort_rows(NULL, 0, LIVE_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fits_any_terminal),
		cmocka_unit_test(says_what_does_not_fit),
		cmocka_unit_test(drops_columns),
		cmocka_unit_test(sorts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
