/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/vm.h"

#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/boot/boot.h"
#include "bench/vm/interrupt.h"
#include "bench/boot/parts.h"
#include "bench/config/images.h"
#include "lib/clock.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

#define ANSWER_MS 60000
/* Of the pattern in held memory. */
#define SEED 0x5eed
/*
 * QEMU 10.0 can fail this assertion of its own under TCG on a busy machine, while a guest
 * maps the BARs of its devices. The balloon is not involved: it is not there yet.
 */
#define QEMU_TRIPPED "iotlb_to_section"

struct images test_images;
struct variants test_variants;
struct vm test_vm;

/* Tests choose among all cuts. */
static int use_images(char *err, size_t err_size)
{
	int status = 0;
	size_t i;

	for (i = 0; !status && i < test_images.cut_count; i++)
		status = images_use(&test_images, &test_images.cuts[i],
				    images_find_qemu(&test_images, NULL), err, err_size);
	return status;
}

int vm_tests_set_up(void **state)
{
	char err[512];

	if (images_load(&test_images, path_images(), err, sizeof(err)) ||
	    use_images(err, sizeof(err)) ||
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
		guest->variant ? variants_named(&test_variants, NULL, guest->variant) : NULL;
	struct variant variant = { .name = (char *)"test",
				   .cut = found ? found->cut : (char *)guest->cut,
				   .config = found ? found->config : NULL,
				   /* Kernels of all methods but other drivers' have virtio's. */
				   .method = found && found->config ? found->method
								    : RESULT_BALLOON };
	struct scenario scenario = { .memory_bytes = guest->memory_bytes,
				     .vcpus = 2,
				     .backing = guest->backing,
				     .thp = guest->thp,
				     .prealloc = guest->prealloc };
	struct boot boot = {
		.images = &test_images,
		.scenario = &scenario,
		.variant = &variant,
		.accel = RESULT_TCG,
		.directory = test_dir,
	};
	struct qemu_config config = boot_qemu_config(&boot);
	const struct image_cut *cut =
		images_find_config(&test_images, images_find(&test_images, variant.cut),
				   variant_config(&variant, &scenario));
	const char *device = found ? found->device : NULL;
	char properties[256];
	int err;

	snprintf(properties, sizeof(properties), "%s%s%s", device ? device : "",
		 device && guest->device ? "," : "", guest->device ? guest->device : "");
	config.device_properties = properties;
	config.append = guest->append;
	err = vm_start(&test_vm, &config, cut, TEST_TIMEOUT_NS);
	if (err && strstr(test_vm.reason, QEMU_TRIPPED)) {
		print_message("# retrying: %s\n", test_vm.reason);
		vm_release(&test_vm);
		err = vm_start(&test_vm, &config, cut, TEST_TIMEOUT_NS);
	}
	if (err) {
		char *console = read_file(in_test_dir("console.log"));

		fail_msg("%s: %s; console: %s", guest->variant ? guest->variant : guest->cut,
			 test_vm.reason, console ? console : "none");
	}
}

int test_guest_end(void **state)
{
	(void)state;
	vm_release(&test_vm);
	return 0;
}

int test_keep_memory(void **state)
{
	(void)state;
	return setenv("LD_PRELOAD", build_path("tests/helpers/keep-memory/keep-memory.so"), 1);
}

int test_keep_memory_end(void **state)
{
	unsetenv("LD_PRELOAD");
	return test_guest_end(state);
}

void test_guest_power_off(void)
{
	if (vm_check_console(&test_vm))
		fail_msg("%s", test_vm.reason);
	if (test_vm.boot_warnings.count)
		fail_msg("at boot: %s", *(char **)test_vm.boot_warnings.items);
	vm_power_off(&test_vm);
	vm_release(&test_vm);
}

void test_request(struct guest_request request, const struct record *record, void *answer)
{
	if (agent_request(test_vm.agent, &request, record, answer, deadline_in_ms(ANSWER_MS)))
		fail_msg("%s", agent_error(test_vm.agent));
}

void test_send(struct guest_request request)
{
	test_request(request, NULL, NULL);
}

void test_hold(uint64_t bytes)
{
	struct guest_request fill = guest_request("fill");

	fill.seed = SEED;
	test_send(guest_request_bytes("touch", bytes));
	test_send(fill);
}

void test_verify(const char *when)
{
	struct guest_request verify = guest_request("verify");
	int64_t bad;

	verify.seed = SEED;
	test_request(verify, &answer_bad_words, &bad);
	if (bad)
		fail_msg("%lld words changed %s", (long long)bad, when);
}

void test_write_guest(const char *path, const char *text)
{
	struct guest_request request = guest_request("write");

	request.path = (char *)path;
	request.text = (char *)text;
	test_send(request);
}

int64_t test_vmstat(const char *key)
{
	struct record_list counters;
	int64_t value;

	if (vm_counters(&test_vm, &answer_vmstat, &counters))
		fail_msg("%s", test_vm.reason);
	value = record_counter(&counters, key);
	record_release_counters(&counters);
	return value;
}

void test_resize(uint64_t bytes, enum result_victim_phase phase, enum result_victim_phase then,
		 struct guest_totals *totals)
{
	struct victims none = { .count = 0 };
	struct resize_result result;
	static struct resize resize;

	resize = (struct resize){ .vm = &test_vm,
				  .result = &result,
				  .target_bytes = bytes,
				  .step_bytes = test_vm.memory_bytes,
				  .timeout_ns = TEST_TIMEOUT_NS,
				  .phase = phase,
				  .then = then,
				  .host_victims = &none };
	if (resize_balloon(&resize))
		fail_msg("%s", resize.error);
	assert_int_equal(resize.rows, resize.totals.batches);
	if (totals)
		*totals = resize.totals;
	record_release(&resize_record, &result);
}

void test_balloon(uint64_t bytes, struct guest_totals *totals)
{
	test_resize(bytes, PHASE_BEFORE, PHASE_BEFORE, totals);
}
