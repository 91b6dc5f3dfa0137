/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/vm.h"

#include "tests/helpers/unit.h"

#include <stdio.h>
#include <string.h>

#include "bench/boot/boot.h"
#include "bench/vm/interrupt.h"
#include "bench/boot/resize.h"
#include "bench/config/paths.h"
#include "lib/clock.h"
#include "tests/helpers/files.h"

#define ANSWER_MS 60000
/*
 * An assertion of QEMU 10.0's own, under TCG on a busy machine, while a guest maps
 * the BARs of its devices. No balloon is there yet, so it says nothing of one.
 */
#define QEMU_TRIPPED "iotlb_to_section"

struct images test_images;
struct variants test_variants;
struct vm test_vm;

int vm_tests_set_up(void **state)
{
	char err[512];

	if (images_load(&test_images, path_images(), err, sizeof(err)) ||
	    variants_load(&test_variants, path_variants(), err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		return -1;
	}
	return interrupt_setup() || test_dir_set_up(state) ? -1 : 0;
}

int vm_tests_tear_down(void **state)
{
	images_release(&test_images);
	variants_release(&test_variants);
	return test_dir_tear_down(state);
}

void test_guest_start(const struct test_guest *guest)
{
	const struct variant *found =
		guest->variant ? variants_find(&test_variants, guest->variant) : NULL;
	struct variant variant = { .name = (char *)"test",
				   .cut = found ? found->cut : (char *)guest->cut };
	struct scenario scenario = { .memory_bytes = guest->memory_bytes,
				     .vcpus = 2,
				     .backing = guest->backing,
				     .thp = guest->thp,
				     .prealloc = guest->prealloc };
	struct boot boot = {
		.images = &test_images,
		.scenario = &scenario,
		.variant = &variant,
		.accel = ACCEL_TCG,
		.directory = test_dir,
	};
	struct qemu_config config = boot_qemu_config(&boot);
	const char *device = found ? found->device : NULL;
	char properties[256];
	int err;

	snprintf(properties, sizeof(properties), "%s%s%s", device ? device : "",
		 device && guest->device ? "," : "", guest->device ? guest->device : "");
	config.device_properties = properties;
	config.append = guest->append;
	err = vm_start(&test_vm, &config, variant.cut, TEST_TIMEOUT_NS);
	if (err && strstr(test_vm.reason, QEMU_TRIPPED)) {
		print_message("# once more: %s\n", test_vm.reason);
		vm_release(&test_vm);
		err = vm_start(&test_vm, &config, variant.cut, TEST_TIMEOUT_NS);
	}
	if (err)
		fail_msg("%s: %s", guest->variant ? guest->variant : guest->cut, test_vm.reason);
}

int test_guest_end(void **state)
{
	(void)state;
	vm_release(&test_vm);
	return 0;
}

void test_guest_power_off(void)
{
	if (vm_check_console(&test_vm))
		fail_msg("%s", test_vm.reason);
	vm_power_off(&test_vm);
	vm_release(&test_vm);
}

json_t *test_ask(json_t *request)
{
	json_t *answer = NULL;

	if (agent_request(test_vm.agent, request, &answer, deadline_in_ms(ANSWER_MS)))
		fail_msg("%s", agent_error(test_vm.agent));
	return answer;
}

void test_tell(const char *cmd, const char *key, json_int_t value)
{
	json_t *request = json_pack("{s:s}", "cmd", cmd);

	if (key)
		json_object_set_new(request, key, json_integer(value));
	json_decref(test_ask(request));
}

int64_t test_member(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

int64_t test_vmstat(const char *key)
{
	json_t *stats = vm_ask(&test_vm, "vmstat", "vmstat");
	int64_t value = test_member(stats, key);

	json_decref(stats);
	return value;
}

void test_balloon(uint64_t bytes, struct guest_totals *totals)
{
	struct victims none = { .count = 0 };
	const struct resize_request order = { .target_bytes = bytes,
					      .step_bytes = test_vm.memory_bytes,
					      .timeout_ns = TEST_TIMEOUT_NS,
					      .host_victims = &none };
	struct resize_trace seen;
	json_t *result = NULL;
	char err[512];

	if (resize_balloon(&test_vm, &order, &result, &seen, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(json_array_size(seen.rows), seen.totals.batches);
	if (totals)
		*totals = seen.totals;
	json_decref(result);
	resize_trace_release(&seen);
}
