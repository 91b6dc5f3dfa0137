/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/box.h"

#include "tests/helpers/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/ready.h"
#include "lib/alloc.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/scenario.h"
#include "tests/helpers/schema.h"

/* So that one box has all guests of a test. */
static const char suites[] = "[box]\n"
			     "scenarios = smoke touched\n"
			     "variants = pfn-array chunks huge batch-discard virtio-mem kprobes\n"
			     "variants.touched = finalize+pages stock free-page-reporting\n"
			     "boots = 1\n";
static const char own_variants[] = "[kprobes]\n"
				   "cut = stock\n"
				   "kernel_args = BALLOONGUEST_MECHANISM=kprobe\n"
				   "[warns]\n"
				   "cut = finalize\n"
				   "kernel_args = loglevel=6 said=WARNING:\n";

static char unavailable[1024];

/* The images of the build, and beside them Debian's kernel as one that can be a host. */
static void write_images(const struct ready_kernel *kernel)
{
	char *images = read_file(build_path("images.ini"));
	char *text =
		xasprintf("%s\n[cut " BOX_HOST "]\nimage = %s\nmodules = %s\nhost_modules = %s\n"
			  "release = %s\nversion = %s\n",
			  images, kernel->image, kernel->modules, kernel->host_modules,
			  kernel->release, kernel->version);

	write_file(test_dir, "images.ini", text);
	free(text);
	free(images);
}

static void link_data(const char *from, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), TEST_SOURCE "/%s", from);
	assert_int_equal(symlink(path, in_test_dir(name)), 0);
}

int box_set_up(void **state)
{
	struct ready_kernel kernel;

	test_dir_set_up(state);
	/* No network, or the archive has it no more. */
	if (!debian_kernel("6.12", &kernel, unavailable, sizeof(unavailable))) {
		write_images(&kernel);
		write_file(test_dir, "suites.ini", suites);
		write_file(test_dir, "own.ini", own_variants);
		link_data("bench/variants.ini", "variants.ini");
		link_data("tests/box", "scenarios");
		setenv("BALLOONBENCH_DATA", test_dir, 1);
	}
	ready_kernel_release(&kernel);
	return 0;
}

void box_need(void)
{
	if (*unavailable)
		skip_test("no kernel 6.12 of Debian: %s", unavailable);
}

json_t *box_result(const char *tree, const char *boot)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s/result.json", tree, boot);
	assert_fits_schema(in_test_dir(path));
	return load_json(in_test_dir(path));
}

void box_expect_ok(const json_t *result)
{
	const json_t *inflate = json_at(item_of(result, "cycles", 0), "inflate");

	assert_string_equal(text_of(result, "status"), "ok");
	assert_contains(text_of(result, "accel"), "kvm in ");
	assert_contains(text_of(result, "host_kernel_release"), "6.12");
	assert_true(json_is_true(json_at(result, "checks.ok")));
	assert_above(number_of(inflate, "duration_ns"), 0);
	/* The kernel reports what it can; what it did not is no fault. */
	if (!strcmp(text_of(result, "method"), "free-page-reporting"))
		assert_at_least(number_of(inflate, "bytes"), 32.0 * MIB);
	else
		assert_number(number_of(inflate, "bytes"), 64.0 * MIB);
}

void box_expect_traced(const json_t *result, const char *mechanism, const char *source)
{
	const json_t *inflate = json_at(item_of(result, "cycles", 0), "inflate");

	assert_string_equal(text_of(json_at(result, "trace.guest"), "mechanism"), mechanism);
	assert_string_equal(text_of(json_at(inflate, "host"), "source"), source);
	assert_above(number_of(inflate, "host.discard_calls"), 0);
	assert_above(number_of(inflate, "phases.host_discard_ns"), 0);
	assert_above(number_of(inflate, "phases.notify_ns"), 0);
}
