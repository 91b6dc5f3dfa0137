/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest and host by one clock: in a real boot what QEMU did for a batch lies
 * within what the guest waited for, as far as the clocks are known.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/schema.h"
#include "tests/helpers/timeline.h"

#define CYCLES "3"
#define MOVES 6

static const char *in_tree(const char *tree, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s/%s", test_dir, tree, name);
	return path;
}

static void run(const char *tree, const char *accel)
{
	char out[256];
	const char *args[] = { "run",	  "--scenario", "smoke",    "--variant", "finalize",
			       "--boots", "1",		"--cycles", CYCLES,	 "--accel",
			       accel,	  "-q",		"-o",	    out,	 NULL };
	struct outcome outcome;

	snprintf(out, sizeof(out), "%s/%s", test_dir, tree);
	outcome = run_program("balloonbench", args);
	if (outcome.status)
		fail_msg("%s", outcome.output);
	outcome_release(&outcome);
	assert_fits_schema(in_tree(tree, "smoke/finalize/boot-01/result.json"));
}

static json_t *timeline(const char *tree)
{
	char dir[256], file[256];
	const char *args[] = { "export", dir, "--format", "perfetto", "-o", file, NULL };
	struct outcome outcome;

	snprintf(dir, sizeof(dir), "%s/%s", test_dir, tree);
	snprintf(file, sizeof(file), "%s/%s.json", test_dir, tree);
	outcome = run_program("balloonstat", args);
	if (outcome.status)
		fail_msg("%s", outcome.output);
	outcome_release(&outcome);
	return load_timeline(file);
}

static bool is_at(const struct slice *s, long long pid, const char *name)
{
	return s->pid == pid && !strcmp(s->name, name);
}

/* The moves of a time line, with what comes after each and before the next. */
struct moves {
	struct slice moves[MOVES];
	size_t first[MOVES + 1];
	size_t count;
};

static void find_moves(const json_t *events, struct moves *m)
{
	const json_t *event;
	size_t i;

	m->count = 0;
	json_array_foreach (events, i, event) {
		struct slice s = slice_of(event);

		if (!is_slice(event) || (!is_at(&s, 1, "inflate") && !is_at(&s, 1, "deflate")))
			continue;
		assert_true(m->count < MOVES);
		m->first[m->count] = i;
		m->moves[m->count++] = s;
	}
	m->first[m->count] = json_array_size(events);
	assert_int_equal(m->count, MOVES);
}

/* The n-th slice of a name from one event to another; false after the last. */
static bool next_slice(const json_t *events, size_t *from, size_t to, long long pid,
		       const char *name, struct slice *s)
{
	while (*from < to) {
		const json_t *event = json_array_get(events, (*from)++);

		*s = slice_of(event);
		if (is_slice(event) && is_at(s, pid, name))
			return true;
	}
	return false;
}

/* How far the batches of QEMU stick out of the guest's notify at the most, ns. */
static long long sticks_out(const json_t *events, const struct moves *m, size_t move)
{
	size_t guest = m->first[move], host = guest, to = m->first[move + 1], pairs = 0;
	struct slice notify, batch;
	long long most = 0;

	while (next_slice(events, &guest, to, 1, "notify", &notify)) {
		assert_true(next_slice(events, &host, to, 2, "batch", &batch));
		if (notify.begin - batch.begin > most)
			most = notify.begin - batch.begin;
		if (batch.end - notify.end > most)
			most = batch.end - notify.end;
		pairs++;
	}
	assert_false(next_slice(events, &host, to, 2, "batch", &batch));
	assert_int_equal(pairs, 384);
	return most;
}

/*
 * Within a move the offset is taken to drift evenly. In one move of a boot it
 * may do otherwise: a guest changes its clock source once, in its first seconds.
 */
static void the_host_s_batch_is_in_the_guest_s_notify(void **state)
{
	const json_t *events;
	struct moves m;
	size_t i, wrong = 0;
	json_t *all;

	(void)state;
	run("aligned", "tcg");
	all = timeline("aligned");
	events = json_object_get(all, "traceEvents");
	assert_true(json_is_true(json_object_get(json_object_get(all, "otherData"), "aligned")));
	find_moves(events, &m);
	for (i = 0; i < m.count; i++) {
		long long bound = slice_arg(&m.moves[i], "clock_uncertainty_ns");
		long long most = sticks_out(events, &m, i);

		print_message("# move %zu: known within %lld ns, at most %lld ns out\n", i, bound,
			      most);
		assert_true(bound > 0);
		wrong += most > bound;
	}
	assert_true(wrong <= 1);
	json_decref(all);
}

/* Batches are in their move, as exactly as the move's begin and end are known. */
static void batches_are_in_their_move(void **state)
{
	const json_t *events;
	struct slice batch;
	struct moves m;
	json_t *all;
	size_t i;

	(void)state;
	all = timeline("aligned");
	events = json_object_get(all, "traceEvents");
	find_moves(events, &m);
	for (i = 0; i < m.count; i++) {
		long long resolution = slice_arg(&m.moves[i], "resolution_ns");
		size_t from = m.first[i];

		while (next_slice(events, &from, m.first[i + 1], 1, "batch", &batch)) {
			assert_true(batch.begin >= m.moves[i].begin - resolution);
			assert_true(batch.end <= m.moves[i].end + resolution);
		}
	}
	json_decref(all);
}

/* The guest's time is instructions: there is no offset, and the time line says why. */
static void under_icount_there_is_no_offset(void **state)
{
	json_t *result, *all;

	(void)state;
	run("icount", "icount");
	result = json_load_file(in_tree("icount", "smoke/finalize/boot-01/result.json"), 0, NULL);
	assert_null(json_object_get(result, "clock"));
	all = timeline("icount");
	assert_non_null(strstr(json_string_value(json_object_get(json_object_get(all, "otherData"),
								 "why_not_aligned")),
			       "counts instructions"));
	json_decref(all);
	json_decref(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_host_s_batch_is_in_the_guest_s_notify),
		cmocka_unit_test(batches_are_in_their_move),
		cmocka_unit_test(under_icount_there_is_no_offset),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
