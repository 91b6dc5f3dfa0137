/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/stress/audit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/vm/interrupt.h"
#include "lib/clock.h"
#include "tests/stress/guest_paths.h"

#define COMMAND_MS 120000
/* From a full balloon, in an emulated debug kernel on a busy machine. */
#define EMPTY_MS 240000
#define POLL_MS 200
/* Polls in a row that must find it empty: a driver may have read an earlier target. */
#define EMPTY_POLLS 2
/* kmemleak reports objects after 5 s. */
#define LEAK_AGE_MS 6000
/* More faults than a boot can have; the kernel counts down from here. */
#define FAULTS_MAX 1000000000
/*
 * What the kernel may have allocated for debugging meanwhile: saved stacks, and the
 * quarantine of KASAN (1/32 of memory).
 */
#define FREE_NOISE_BYTES (24LL << 20)
/*
 * Polls of free memory: free page reporting takes up to 32 blocks of 4 MiB off the free
 * lists until the host has answered.
 */
#define FREE_POLLS 50

static int unanswered(struct stress_boot *boot, int err)
{
	vm_explain(&boot->vm, "in an audit", agent_error(boot->vm.agent));
	return err;
}

static int request(struct stress_boot *boot, struct guest_request request,
		   const struct record *record, void *answer)
{
	return agent_request(boot->vm.agent, &request, record, answer, deadline_in_ms(COMMAND_MS));
}

static struct guest_request write_request(const char *path, const char *text)
{
	struct guest_request request = guest_request("write");

	request.path = (char *)path;
	request.text = (char *)text;
	return request;
}

static int write_guest(struct stress_boot *boot, const char *path, const char *text)
{
	int err = request(boot, write_request(path, text), NULL, NULL);

	return err ? unanswered(boot, err) : 0;
}

/* The same if the kernel may refuse: the device may already be there, or bound. */
static int try_write_guest(struct stress_boot *boot, const char *path, const char *text)
{
	int err = request(boot, write_request(path, text), NULL, NULL);

	return err && err != -EPROTO ? unanswered(boot, err) : 0;
}

/* @text: to be released in every case */
static int read_guest(struct stress_boot *boot, const char *path, char **text)
{
	struct guest_request read = guest_request("read");
	int err;

	read.path = (char *)path;
	err = request(boot, read, &answer_text, text);
	return err ? unanswered(boot, err) : 0;
}

static int reset_faults(struct stress_boot *boot)
{
	char text[24];

	snprintf(text, sizeof(text), "%d", FAULTS_MAX);
	return write_guest(boot, FAIL_PAGE_ALLOC "times", text);
}

/* Stop injecting, and count the injected faults. */
static int stop_injecting(struct stress_boot *boot)
{
	char *text = NULL;
	int err;

	err = write_guest(boot, FAIL_PAGE_ALLOC "probability", "0");
	if (!err)
		err = read_guest(boot, FAIL_PAGE_ALLOC "times", &text);
	if (!err) {
		boot->counts->faults += FAULTS_MAX - atoll(text);
		err = reset_faults(boot);
	}
	record_release(&answer_text, &text);
	return err;
}

static int prepare_injection(struct stress_boot *boot)
{
	static const char *const settings[][2] = {
		/* By default, faults would spare allocations like those of the balloon. */
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

/* If @err says that the kernel refused, it is not a debug kernel. */
static int need(struct stress_boot *boot, const char *what, int err)
{
	if (err == -EPROTO)
		snprintf(boot->vm.reason, sizeof(boot->vm.reason),
			 "the kernel has no %s; use one of build/debug/images.ini", what);
	return err;
}

/* Count pages that were allocated for the balloon, or to migrate its pages to: by page_owner. */
static int count_kept(struct stress_boot *boot, int64_t *pages)
{
	struct guest_request owners = guest_request("owners");
	int err;

	*pages = 0;
	if (!boot->machine.page_owner)
		return 0;
	owners.words = (char *)"balloon_page_ balloon_block_ compaction_alloc";
	err = request(boot, owners, &answer_pages, pages);
	return err ? unanswered(boot, err) : 0;
}

struct memory_counts {
	int64_t total_bytes;
	int64_t free_bytes;
	int64_t kept_pages;
	int64_t inflated;
	int64_t deflated;
	int64_t migrated;
};

static int read_vmstat(struct stress_boot *boot, struct memory_counts *counts)
{
	struct record_list stats;
	int err = vm_counters(&boot->vm, &answer_vmstat, &stats);

	counts->inflated = record_counter(&stats, "balloon_inflate");
	counts->deflated = record_counter(&stats, "balloon_deflate");
	counts->migrated = record_counter(&stats, "balloon_migrate");
	record_release_counters(&stats);
	return err;
}

static int read_counts(struct stress_boot *boot, struct memory_counts *counts)
{
	struct record_list info = { NULL, 0 };
	int err;

	err = try_write_guest(boot, DROP_CACHES, "3");
	/* Compaction also drains the per-CPU lists of free pages. */
	if (!err)
		err = write_guest(boot, COMPACT_MEMORY, "1");
	if (!err)
		err = vm_counters(&boot->vm, &answer_meminfo, &info);
	counts->total_bytes = record_counter(&info, "MemTotal_bytes");
	counts->free_bytes = record_counter(&info, "MemFree_bytes");
	record_release_counters(&info);
	if (!err)
		err = read_vmstat(boot, counts);
	return err ? err : count_kept(boot, &counts->kept_pages);
}

int stress_audit_begin(struct stress_boot *boot)
{
	struct memory_counts counts = { .total_bytes = 0 };
	int err;

	err = need(boot, "kmemleak", write_guest(boot, KMEMLEAK, "clear"));
	if (!err)
		err = need(boot, "fail_page_alloc", prepare_injection(boot));
	if (!err)
		err = need(boot, "page_owner", read_counts(boot, &counts));
	boot->total_bytes = counts.total_bytes;
	boot->free_bytes = counts.free_bytes;
	boot->kept_pages = counts.kept_pages;
	return err;
}

/*
 * Whether the balloon is empty, and no batch is in progress: its pages are counted when it
 * is complete.
 */
static int check_empty(struct stress_boot *boot, uint64_t *size, struct memory_counts *counts,
		       bool *empty)
{
	int err = vm_taken(&boot->vm, size, deadline_in_ms(COMMAND_MS));

	*empty = false;
	if (err) {
		vm_explain(&boot->vm, "in an audit", qmp_error(boot->vm.qmp));
		return err;
	}
	err = read_vmstat(boot, counts);
	if (err || *size || counts->inflated != counts->deflated)
		return err;
	err = count_kept(boot, &counts->kept_pages);
	*empty = !err && counts->kept_pages == boot->kept_pages;
	return err;
}

static void found_full(struct stress_boot *boot, uint64_t size, const struct memory_counts *counts)
{
	if (size || counts->inflated != counts->deflated)
		stress_found_text(
			boot, "balloon not empty",
			"%d s after the target was set to 0 the guest has %llu of %llu bytes; "
			"%lld pages were inflated, %lld deflated",
			EMPTY_MS / 1000, (unsigned long long)(STRESS_MEMORY_BYTES - size),
			(unsigned long long)STRESS_MEMORY_BYTES, (long long)counts->inflated,
			(long long)counts->deflated);
	else
		stress_found_text(boot, "pages lost",
				  "%lld pages are allocated to an empty balloon; %lld were before",
				  (long long)counts->kept_pages, (long long)boot->kept_pages);
}

static int empty_balloon(struct stress_boot *boot)
{
	uint64_t deadline = deadline_in_ms(EMPTY_MS), size = 0;
	unsigned int polls = 0;
	struct memory_counts counts;
	bool empty = false;
	int err;

	err = vm_take(&boot->vm, 0, deadline);
	if (err)
		vm_explain(&boot->vm, "in an audit", qmp_error(boot->vm.qmp));
	while (!err && polls < EMPTY_POLLS) {
		sleep_ns(POLL_MS * NSEC_PER_MSEC);
		err = interrupted() ? -EINTR : check_empty(boot, &size, &counts, &empty);
		polls = empty ? polls + 1 : 0;
		if (!err && !empty && clock_ns() > deadline) {
			found_full(boot, size, &counts);
			break;
		}
	}
	return err;
}

static void compare_counts(struct stress_boot *boot, const struct memory_counts *counts)
{
	if (counts->total_bytes != boot->total_bytes)
		stress_found_text(boot, "managed pages",
				  "MemTotal was %lld bytes, and is %lld with an empty balloon",
				  (long long)boot->total_bytes, (long long)counts->total_bytes);
	if (boot->free_bytes - counts->free_bytes > FREE_NOISE_BYTES)
		stress_found_text(boot, "free memory",
				  "%lld bytes were free, and %lld are with an empty balloon",
				  (long long)boot->free_bytes, (long long)counts->free_bytes);
}

static int read_settled_counts(struct stress_boot *boot, struct memory_counts *counts)
{
	int err = read_counts(boot, counts), polls;

	for (polls = 1; !err && polls < FREE_POLLS; polls++) {
		if (boot->free_bytes - counts->free_bytes <= FREE_NOISE_BYTES)
			break;
		sleep_ns(POLL_MS * NSEC_PER_MSEC);
		err = interrupted() ? -EINTR : read_counts(boot, counts);
	}
	return err;
}

int stress_retire_driver(struct stress_boot *boot)
{
	return boot->vm.method == RESULT_VMWARE
		       ? 0
		       : try_write_guest(boot, BALLOON_DRIVER "unbind", BALLOON_DEVICE);
}

static int restore_driver(struct stress_boot *boot)
{
	int err;

	/* A driver that no one unbinds. */
	if (boot->vm.method == RESULT_VMWARE)
		return 0;
	err = try_write_guest(boot, PCI_RESCAN, "1");

	return err ? err : try_write_guest(boot, BALLOON_DRIVER "bind", BALLOON_DEVICE);
}

int stress_audit(struct stress_boot *boot)
{
	uint64_t start = clock_ns();
	struct memory_counts counts;
	int err;

	err = stop_injecting(boot);
	if (!err)
		err = restore_driver(boot);
	if (!err)
		err = empty_balloon(boot);
	if (!err && !boot->finding)
		err = read_settled_counts(boot, &counts);
	if (err || boot->finding)
		return err;
	boot->counts->audits++;
	stress_log(boot,
		   json_pack("{s:s, s:I, s:I, s:I, s:o*, s:I, s:I, s:I}", "op", "audit",
			     "duration_ns", (json_int_t)(clock_ns() - start), "total_bytes",
			     (json_int_t)counts.total_bytes, "free_bytes",
			     (json_int_t)counts.free_bytes, "kept_pages",
			     boot->machine.page_owner ? json_integer(counts.kept_pages) : NULL,
			     "inflated_pages", (json_int_t)counts.inflated, "deflated_pages",
			     (json_int_t)counts.deflated, "migrated_pages",
			     (json_int_t)counts.migrated));
	boot->inflated_pages = counts.inflated;
	boot->deflated_pages = counts.deflated;
	boot->migrated_pages = counts.migrated;
	compare_counts(boot, &counts);
	return 0;
}

int stress_audit_leaks(struct stress_boot *boot)
{
	char *text = NULL;
	int err;

	/* Twice: a scan can miss a pointer that changes meanwhile. */
	err = write_guest(boot, KMEMLEAK, "scan");
	sleep_ns(LEAK_AGE_MS * NSEC_PER_MSEC);
	if (!err)
		err = write_guest(boot, KMEMLEAK, "scan");
	if (!err)
		err = read_guest(boot, KMEMLEAK, &text);
	if (!err && *text)
		stress_found_text(boot, "leak", "%s", text);
	record_release(&answer_text, &text);
	return err;
}
