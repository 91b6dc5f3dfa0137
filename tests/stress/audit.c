/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/stress/audit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/vm/interrupt.h"
#include "lib/clock.h"
#include "tests/stress/guest_paths.h"

#define COMMAND_MS 120000
/* From a full balloon, in an emulated debug kernel on a busy machine. */
#define EMPTY_MS 240000
#define LOOK_MS 200
/* In a row that must find it empty: a driver may have read its target before it was 0. */
#define EMPTY_LOOKS 2
/* How old an object must be for kmemleak to speak of it: 5 s, and a little. */
#define LEAK_AGE_MS 6000
/* More failures than a boot can have; the kernel counts down from here. */
#define FAULTS_MAX 1000000000
/*
 * What the kernel may have taken for its own books meanwhile: stacks that it
 * remembers, objects that KASAN keeps from being used again (1/32 of memory).
 */
#define FREE_NOISE_BYTES (24LL << 20)
/*
 * How often is looked for it: free page reporting takes up to 32 blocks of 4 MiB off
 * the free lists, until the host has answered.
 */
#define FREE_LOOKS 50

static int unanswered(struct stress_boot *boot, int err)
{
	vm_explain(&boot->vm, "in an audit", agent_error(boot->vm.agent));
	return err;
}

static int ask(struct stress_boot *boot, json_t *request, json_t **answer)
{
	return agent_request(boot->vm.agent, request, answer, deadline_in_ms(COMMAND_MS));
}

static json_t *write_request(const char *path, const char *text)
{
	return json_pack("{s:s, s:s, s:s}", "cmd", "write", "path", path, "text", text);
}

static int write_guest(struct stress_boot *boot, const char *path, const char *text)
{
	int err = ask(boot, write_request(path, text), NULL);

	return err ? unanswered(boot, err) : 0;
}

/* The same where the kernel may refuse: a device is there, or bound, already. */
static int try_write_guest(struct stress_boot *boot, const char *path, const char *text)
{
	int err = ask(boot, write_request(path, text), NULL);

	return err && err != -EPROTO ? unanswered(boot, err) : 0;
}

/* A new reference in @value: the member @name of the answer to @request. */
static int ask_for(struct stress_boot *boot, json_t *request, const char *name, json_t **value)
{
	json_t *answer = NULL;
	int err = ask(boot, request, &answer);

	*value = json_incref(json_object_get(answer, name));
	json_decref(answer);
	if (!err && !*value)
		err = -EPROTO;
	return err ? unanswered(boot, err) : 0;
}

static int64_t member(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static int read_guest(struct stress_boot *boot, const char *path, json_t **text)
{
	return ask_for(boot, json_pack("{s:s, s:s}", "cmd", "read", "path", path), "text", text);
}

static int reset_faults(struct stress_boot *boot)
{
	char text[24];

	snprintf(text, sizeof(text), "%d", FAULTS_MAX);
	return write_guest(boot, FAIL_PAGE_ALLOC "times", text);
}

/* Inject no more, and count what was. */
static int stop_injecting(struct stress_boot *boot)
{
	json_t *text = NULL;
	int err;

	err = write_guest(boot, FAIL_PAGE_ALLOC "probability", "0");
	if (!err)
		err = read_guest(boot, FAIL_PAGE_ALLOC "times", &text);
	if (!err) {
		boot->counts->faults += FAULTS_MAX - atoll(json_string_value(text));
		err = reset_faults(boot);
	}
	json_decref(text);
	return err;
}

static int prepare_injection(struct stress_boot *boot)
{
	static const char *const settings[][2] = {
		/* The balloon's pages are of the kind that would be left alone. */
		{ FAIL_PAGE_ALLOC "ignore-gfp-wait", "N" },
		{ FAIL_PAGE_ALLOC "ignore-gfp-highmem", "N" },
		{ FAIL_PAGE_ALLOC "min-order", "0" },
		{ FAIL_PAGE_ALLOC "verbose", "0" },
	};
	size_t i;
	int err = 0;

	for (i = 0; !err && i < sizeof(settings) / sizeof(settings[0]); i++)
		err = write_guest(boot, settings[i][0], settings[i][1]);
	return err ? err : reset_faults(boot);
}

/* An ordinary kernel is not up to it. */
static int need(struct stress_boot *boot, const char *what, int err)
{
	if (err == -EPROTO)
		snprintf(boot->vm.reason, sizeof(boot->vm.reason),
			 "its kernel has no %s: the stress needs one of build/debug/images.ini",
			 what);
	return err;
}

/* Pages that were allocated for the balloon, or to take the place of a page of its. */
static int count_kept(struct stress_boot *boot, int64_t *pages)
{
	json_t *value, *words = json_pack("[s, s, s]", "balloon_page_", "balloon_block_",
					  "compaction_alloc");
	int err = ask_for(boot, json_pack("{s:s, s:o}", "cmd", "owners", "words", words), "pages",
			  &value);

	*pages = json_integer_value(value);
	json_decref(value);
	return err;
}

struct books {
	int64_t total_bytes;
	int64_t free_bytes;
	int64_t kept_pages;
	int64_t inflated;
	int64_t deflated;
	int64_t migrated;
};

static int read_vmstat(struct stress_boot *boot, struct books *books)
{
	json_t *stats;
	int err = ask_for(boot, json_pack("{s:s}", "cmd", "vmstat"), "vmstat", &stats);

	books->inflated = member(stats, "balloon_inflate");
	books->deflated = member(stats, "balloon_deflate");
	books->migrated = member(stats, "balloon_migrate");
	json_decref(stats);
	return err;
}

static int read_books(struct stress_boot *boot, struct books *books)
{
	json_t *info = NULL;
	int err;

	err = try_write_guest(boot, DROP_CACHES, "3");
	/* Which also empties the lists of free pages that each CPU has. */
	if (!err)
		err = write_guest(boot, COMPACT_MEMORY, "1");
	if (!err)
		err = ask_for(boot, json_pack("{s:s}", "cmd", "meminfo"), "meminfo", &info);
	books->total_bytes = member(info, "MemTotal_bytes");
	books->free_bytes = member(info, "MemFree_bytes");
	json_decref(info);
	if (!err)
		err = read_vmstat(boot, books);
	return err ? err : count_kept(boot, &books->kept_pages);
}

int stress_audit_begin(struct stress_boot *boot)
{
	struct books books = { .total_bytes = 0 };
	int err;

	err = need(boot, "fail_page_alloc", prepare_injection(boot));
	if (!err)
		err = need(boot, "page_owner", read_books(boot, &books));
	boot->total_bytes = books.total_bytes;
	boot->free_bytes = books.free_bytes;
	boot->kept_pages = books.kept_pages;
	return err;
}

/*
 * Whether the balloon has nothing, nor is about to: pages that a batch has allocated are
 * not counted before it is complete.
 */
static int look_at_balloon(struct stress_boot *boot, uint64_t *actual, struct books *books,
			   bool *empty)
{
	int err = qmp_balloon_actual(boot->vm.qmp, actual, deadline_in_ms(COMMAND_MS));

	*empty = false;
	if (err) {
		vm_explain(&boot->vm, "in an audit", qmp_error(boot->vm.qmp));
		return err;
	}
	err = read_vmstat(boot, books);
	if (err || *actual != STRESS_MEMORY_BYTES || books->inflated != books->deflated)
		return err;
	err = count_kept(boot, &books->kept_pages);
	*empty = !err && books->kept_pages == boot->kept_pages;
	return err;
}

static void found_full(struct stress_boot *boot, uint64_t actual, const struct books *books)
{
	if (actual != STRESS_MEMORY_BYTES || books->inflated != books->deflated)
		stress_found_text(boot, "balloon not empty",
				  "after %d s without a balloon the guest has %llu of %llu bytes; "
				  "%lld pages were inflated, %lld deflated",
				  EMPTY_MS / 1000, (unsigned long long)actual,
				  (unsigned long long)STRESS_MEMORY_BYTES,
				  (long long)books->inflated, (long long)books->deflated);
	else
		stress_found_text(boot, "pages lost",
				  "%lld pages are allocated to a balloon that has none; %lld were "
				  "before",
				  (long long)books->kept_pages, (long long)boot->kept_pages);
}

static int empty_balloon(struct stress_boot *boot)
{
	const struct timespec nap = { .tv_nsec = LOOK_MS * NSEC_PER_MSEC };
	uint64_t deadline = deadline_in_ms(EMPTY_MS), actual = 0;
	unsigned int looks = 0;
	struct books books;
	bool empty = false;
	int err;

	err = qmp_balloon_target(boot->vm.qmp, STRESS_MEMORY_BYTES, deadline);
	if (err)
		vm_explain(&boot->vm, "in an audit", qmp_error(boot->vm.qmp));
	while (!err && looks < EMPTY_LOOKS) {
		nanosleep(&nap, NULL);
		err = interrupted() ? -EINTR : look_at_balloon(boot, &actual, &books, &empty);
		looks = empty ? looks + 1 : 0;
		if (!err && !empty && clock_ns() > deadline) {
			found_full(boot, actual, &books);
			break;
		}
	}
	return err;
}

static void compare_books(struct stress_boot *boot, const struct books *books)
{
	if (books->total_bytes != boot->total_bytes)
		stress_found_text(boot, "managed pages",
				  "MemTotal was %lld bytes, and is %lld with an empty balloon",
				  (long long)boot->total_bytes, (long long)books->total_bytes);
	if (boot->free_bytes - books->free_bytes > FREE_NOISE_BYTES)
		stress_found_text(boot, "free memory",
				  "%lld bytes were free, and %lld are with an empty balloon",
				  (long long)boot->free_bytes, (long long)books->free_bytes);
}

static int read_settled_books(struct stress_boot *boot, struct books *books)
{
	const struct timespec nap = { .tv_nsec = LOOK_MS * NSEC_PER_MSEC };
	int err = read_books(boot, books), looks;

	for (looks = 1; !err && looks < FREE_LOOKS; looks++) {
		if (boot->free_bytes - books->free_bytes <= FREE_NOISE_BYTES)
			break;
		nanosleep(&nap, NULL);
		err = interrupted() ? -EINTR : read_books(boot, books);
	}
	return err;
}

int stress_retire_driver(struct stress_boot *boot)
{
	return try_write_guest(boot, BALLOON_DRIVER "unbind", BALLOON_DEVICE);
}

static int restore_driver(struct stress_boot *boot)
{
	int err = try_write_guest(boot, PCI_RESCAN, "1");

	return err ? err : try_write_guest(boot, BALLOON_DRIVER "bind", BALLOON_DEVICE);
}

int stress_audit(struct stress_boot *boot)
{
	uint64_t start = clock_ns();
	struct books books;
	int err;

	err = stop_injecting(boot);
	if (!err)
		err = restore_driver(boot);
	if (!err)
		err = empty_balloon(boot);
	if (!err && !boot->finding)
		err = read_settled_books(boot, &books);
	if (err || boot->finding)
		return err;
	boot->counts->audits++;
	stress_log(boot, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "op", "audit",
				   "duration_ns", (json_int_t)(clock_ns() - start), "total_bytes",
				   (json_int_t)books.total_bytes, "free_bytes",
				   (json_int_t)books.free_bytes, "kept_pages",
				   (json_int_t)books.kept_pages, "inflated_pages",
				   (json_int_t)books.inflated, "deflated_pages",
				   (json_int_t)books.deflated, "migrated_pages",
				   (json_int_t)books.migrated));
	boot->inflated_pages = books.inflated;
	boot->deflated_pages = books.deflated;
	boot->migrated_pages = books.migrated;
	compare_books(boot, &books);
	return 0;
}

int stress_audit_leaks(struct stress_boot *boot)
{
	const struct timespec nap = { .tv_sec = LEAK_AGE_MS / 1000 };
	json_t *text = NULL;
	int err;

	/* Twice: an object that changes while it is looked for is not lost. */
	err = write_guest(boot, KMEMLEAK, "scan");
	nanosleep(&nap, NULL);
	if (!err)
		err = write_guest(boot, KMEMLEAK, "scan");
	if (!err)
		err = read_guest(boot, KMEMLEAK, &text);
	if (!err && *json_string_value(text))
		stress_found_text(boot, "leak", "%s", json_string_value(text));
	json_decref(text);
	return err;
}
