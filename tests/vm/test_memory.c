/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a balloon takes is given to the host, and nothing else is touched: for
 * every variant, on small pages and on huge ones. All of the guest's memory is
 * resident from the start, so what is missing afterwards is what the host got.
 */
#include "tests/support/unit.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/boot.h"
#include "bench/clock.h"
#include "bench/interrupt.h"
#include "bench/move.h"
#include "bench/paths.h"
#include "bench/variant.h"
#include "bench/vm.h"
#include "tests/support/files.h"

#define MIB (1ULL << 20)
#define MEMORY_BYTES (512 * MIB)
/* Not a multiple of a huge page, so that there is always a rest. */
#define BALLOON_BYTES (225 * MIB)
#define HELD_BYTES (160 * MIB)
/* What the balloon took from the guest, which has it again: all but a reserve. */
#define ALL_BYTES (368 * MIB)
#define TIMEOUT_NS (60 * NSEC_PER_SEC)
#define SEED 0x5eed

static struct images images;
static struct variants variants;
static struct vm vm;

static void start(const struct variant *variant, bool thp)
{
	struct scenario scenario = {
		.memory_bytes = MEMORY_BYTES, .vcpus = 2, .thp = thp, .prealloc = true
	};
	struct boot boot = {
		.images = &images,
		.scenario = &scenario,
		.variant = variant,
		.accel = ACCEL_TCG,
		.directory = test_dir,
	};
	struct qemu_config config = boot_qemu_config(&boot);

	if (vm_start(&vm, &config, variant->cut, TIMEOUT_NS))
		fail_msg("%s: %s", variant->name, vm.reason);
}

static int release(void **state)
{
	(void)state;
	vm_release(&vm);
	return 0;
}

static json_t *ask(json_t *request)
{
	json_t *answer = NULL;

	if (guest_request(vm.guest, request, &answer, deadline_in_ms(60000)))
		fail_msg("%s", guest_error(vm.guest));
	return answer;
}

static void tell(const char *cmd, const char *key, uint64_t value)
{
	json_decref(ask(json_pack("{s:s, s:I}", "cmd", cmd, key, (json_int_t)value)));
}

static void verify(const char *variant, const char *when)
{
	json_t *answer = ask(json_pack("{s:s, s:I}", "cmd", "verify", "seed", (json_int_t)SEED));
	json_int_t bad = json_integer_value(json_object_get(answer, "bad_words"));

	if (bad)
		fail_msg("%s: %" JSON_INTEGER_FORMAT " words changed %s", variant, bad, when);
	json_decref(answer);
}

static void move(const char *variant, uint64_t bytes)
{
	struct move_trace seen;
	json_t *result = NULL;
	char err[512];

	if (move_balloon(&vm, bytes, BALLOON_BYTES, TIMEOUT_NS, &result, &seen, err, sizeof(err)))
		fail_msg("%s: %s", variant, err);
	json_decref(result);
	move_trace_release(&seen);
}

/* A line of the mapping that is the guest's memory, in bytes. */
static uint64_t guest_memory(const char *key)
{
	unsigned long long begin, end, kib, size = 0, value = 0;
	char path[64], line[512], field[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)vm.qemu.pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx ", &begin, &end) == 2)
			size = end - begin;
		else if (size == MEMORY_BYTES &&
			 sscanf(line, "%63[^:]: %llu kB", field, &kib) == 2 && !strcmp(field, key))
			value += kib << 10;
	}
	fclose(f);
	return value;
}

static bool within_2_percent(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) * 50 <= b;
}

static void check_variant(const struct variant *variant, bool thp)
{
	const char *name = variant->name;
	uint64_t before, after;

	start(variant, thp);
	before = guest_memory("Rss");
	assert_true(before == MEMORY_BYTES);
	assert_true(thp ? guest_memory("AnonHugePages") > MEMORY_BYTES / 2
			: guest_memory("AnonHugePages") == 0);
	tell("touch", "bytes", HELD_BYTES);
	tell("fill", "seed", SEED);
	move(name, BALLOON_BYTES);
	after = guest_memory("Rss");
	if (!within_2_percent(before - after, BALLOON_BYTES))
		fail_msg("%s, THP %s: the balloon has %llu bytes, the host got %" PRIu64, name,
			 thp ? "on" : "off", (unsigned long long)BALLOON_BYTES, before - after);
	verify(name, "while the balloon was inflated");
	move(name, 0);
	verify(name, "with the deflate");
	tell("free", "unused", 0);
	tell("touch", "bytes", ALL_BYTES);
	tell("fill", "seed", SEED);
	verify(name, "in memory that was balloon");
	if (vm_check_console(&vm))
		fail_msg("%s: %s", name, vm.reason);
	vm_power_off(&vm);
	vm_release(&vm);
}

static void check_all(bool thp)
{
	size_t i;

	for (i = 0; i < variants.count; i++)
		check_variant(&variants.list[i], thp);
}

static void small_pages(void **state)
{
	(void)state;
	check_all(false);
}

static void huge_pages(void **state)
{
	char *enabled = read_file("/sys/kernel/mm/transparent_hugepage/enabled");
	bool never = !enabled || strstr(enabled, "[never]");

	(void)state;
	free(enabled);
	if (never) {
		print_message("# SKIP the host has no transparent huge pages\n");
		skip();
	}
	check_all(true);
}

static int set_up(void **state)
{
	char err[512];

	if (images_load(&images, path_images(), err, sizeof(err)) ||
	    variants_load(&variants, path_variants(), err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		return -1;
	}
	return interrupt_setup() || test_dir_set_up(state) ? -1 : 0;
}

static int tear_down(void **state)
{
	images_release(&images);
	variants_release(&variants);
	return test_dir_tear_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(small_pages, release),
		cmocka_unit_test_teardown(huge_pages, release),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
