/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_VM_H
#define TESTS_HELPERS_VM_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/config/images.h"
#include "bench/config/variant.h"
#include "bench/vm/vm.h"
#include "bpf/totals.h"

/* Real guests, one at a time. If an operation fails, so does the test, with the reason. */
#define MIB (1ULL << 20)
#define TEST_TIMEOUT_NS (60 * 1000000000ULL)

extern struct images test_images;
extern struct variants test_variants;
extern struct vm test_vm;

/* Fixtures of a group; the logs are in test_dir. */
int vm_tests_set_up(void **state);
int vm_tests_tear_down(void **state);

struct test_guest {
	const char *variant; /* of variants.ini; NULL: @cut */
	const char *cut;
	const char *device; /* more properties of the balloon, or NULL */
	const char *append; /* to the kernel's command line, or NULL */
	uint64_t memory_bytes;
	enum backing backing;
	bool thp;
	bool prealloc;
};

void test_guest_start(const struct test_guest *guest);

/* End the guest; also the teardown of a test. */
int test_guest_end(void **state);

/*
 * Setup and teardown of a test whose QEMU keeps what it is told to discard, as a host may. The
 * helper keep-memory.so must be among the prerequisites of its stage.
 */
int test_keep_memory(void **state);
int test_keep_memory_end(void **state);

/* Power the guest off, and check that its kernel has not complained. */
void test_guest_power_off(void);

/* A request and its answer, which is to be released. */
void test_request(struct guest_request request, const struct record *record, void *answer);

/* A request whose answer does not matter. */
void test_send(struct guest_request request);

/* Hold memory with a pattern; check that the pattern is intact. */
void test_hold(uint64_t bytes);
void test_verify(const char *when);

/* Write to a file of /proc or /sys in the guest. */
void test_write_guest(const char *path, const char *text);

/* A count of /proc/vmstat. */
int64_t test_vmstat(const char *key);

/* Resize the balloon to @bytes; @totals, unless NULL, gets what the tracer saw if it runs. */
void test_balloon(uint64_t bytes, struct guest_totals *totals);

/* The same, with victims in these phases. */
void test_resize(uint64_t bytes, enum result_victim_phase phase, enum result_victim_phase then,
		 struct guest_totals *totals);

#endif
