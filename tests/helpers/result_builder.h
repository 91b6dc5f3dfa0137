/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_RESULT_BUILDER_H
#define TESTS_HELPERS_RESULT_BUILDER_H

#include "lib/histogram.h"
#include "lib/result.h"

/*
 * Results for tests. A boot is built with all that result.json must have, changed as the
 * test wants it, and written into a tree below test_dir:
 *
 *	struct boot_result boot = build_boot("idle", "list", 1, 100);
 *
 *	boot_cycle(&boot)->inflate.kicks = 100;
 *	put_boot("tree", &boot);
 */

#define MS 1000000LL

/*
 * Boot @number, ok, of the kernel "list" under TCG, with one cycle: its inflate and its deflate
 * resize 1 GiB in @ms each. To be released, unless it is put.
 */
struct boot_result build_boot(const char *scenario, const char *variant, int number, double ms);

/* Its first cycle. */
struct cycle_result *boot_cycle(const struct boot_result *boot);

/*
 * In place of the inflate and the deflate of the first cycle a workload was replayed: work of
 * @work_ms, and a footprint of @gib_minutes.
 */
struct replay_result *boot_replay(struct boot_result *boot, double gib_minutes, double work_ms);

/* A resize that is all a resize must be. */
struct resize_result build_resize(int64_t bytes, double ms);

/* @count equal values. */
struct histogram *build_histogram(uint64_t value, size_t count);

/* @count values from half of @center to one and a half of it. */
struct histogram *build_spread(double center, size_t count);

/* How many values are in the bucket of @value or above it. */
uint64_t count_values_from(const struct histogram *h, uint64_t value);

/* An item of a map: of boot->ops, ->victims.guest, ->trace.host.calls. */
void *add_item(const struct record *record, struct record_list *map, const char *name);

/* An operation of the guest, a call of the host, a victim. They take the histograms over. */
struct op_result *add_op(struct boot_result *boot, const char *name, struct histogram *ns);
struct call_result *add_call(struct boot_result *boot, const char *advice, struct histogram *ns,
			     struct histogram *bytes);
struct victim_result *add_victim(struct record_list *side, const char *name,
				 struct histogram *before, struct histogram *inflate);

/*
 * Write a boot as test_dir/TREE/s/v/boot-NNNNN/result.json, and release it. The directories
 * are numbered: what a result says of itself is what counts.
 */
void put_boot(const char *tree, struct boot_result *boot);

/* Boots 1 to @count around @ms: 0.2 % from one to the next. */
void put_boots(const char *tree, const char *scenario, const char *variant, int count, double ms);

/* One that is not ok. */
void put_failed(const char *tree, const char *scenario, const char *variant, int number,
		enum boot_status status, const char *reason);

#endif
