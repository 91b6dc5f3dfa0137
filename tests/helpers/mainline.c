/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/mainline.h"

#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

static bool prepared;
static char skip_reason[512];

static void remember_reason(const char *data)
{
	char path[512], *why;

	snprintf(path, sizeof(path), "%s/skipped", data);
	why = read_file(path);
	snprintf(skip_reason, sizeof(skip_reason), "%s",
		 why ?: "make test-mainline builds the kernels, unless KERNEL_PATCHES is set");
	skip_reason[strcspn(skip_reason, "\n")] = '\0';
	free(why);
}

int mainline_set_up(void **state, const char *directory)
{
	const char *data = build_path(directory);
	char images[512];

	snprintf(images, sizeof(images), "%s/images.ini", data);
	if (access(images, R_OK)) {
		remember_reason(data);
		return 0;
	}
	if (setenv("BALLOONBENCH_DATA", data, 1))
		return -1;
	prepared = !vm_tests_set_up(state);
	return prepared ? 0 : -1;
}

int mainline_tear_down(void **state)
{
	return prepared ? vm_tests_tear_down(state) : 0;
}

void mainline_need_kernels(void)
{
	if (!prepared)
		skip_test("%s", skip_reason);
}

void mainline_start(const struct cut_device *of, const char *device, const char *append,
		    uint64_t memory_bytes)
{
	char properties[128];
	const struct test_guest guest = {
		.cut = of->cut, .device = properties, .append = append, .memory_bytes = memory_bytes
	};

	snprintf(properties, sizeof(properties), "%s%s%s", of->device ?: "",
		 of->device && device ? "," : "", device ?: "");
	print_message("# %s, %s\n", of->cut, *properties ? properties : "no property");
	test_guest_start(&guest);
}

bool console_has(const char *text)
{
	char *console = read_file(in_test_dir("console.log"));
	bool has = console && strstr(console, text);

	free(console);
	return has;
}

int64_t balloon_pages(void)
{
	test_write_guest("/proc/sys/vm/stat_refresh", "1");
	return test_vmstat("nr_balloon_pages");
}

void expect_balance(int64_t in_balloon)
{
	assert_int_equal(balloon_pages(), in_balloon);
	assert_int_equal(test_vmstat("balloon_inflate") - test_vmstat("balloon_deflate"),
			 in_balloon);
}
