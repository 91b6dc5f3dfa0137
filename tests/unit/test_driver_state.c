/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What balloontrace guest says of the balloon driver, by made-up trees of sysfs. */
#include "tests/helpers/unit.h"

#include <stdio.h>

#include "bpf/driver.h"
#include "tests/helpers/files.h"

static const char *sys(const char *tree)
{
	return in_test_dir(tree);
}

static void make(const char *tree, const char *file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", tree, file);
	write_file(test_dir, path, "");
}

static void problems(void **state)
{
	(void)state;
	assert_contains(balloon_driver_problem(sys("nothing")), "not mounted");
	make("no-virtio", "bus/pci/x");
	assert_contains(balloon_driver_problem(sys("no-virtio")), "no virtio bus");
	make("not-loaded", "bus/virtio/drivers/virtio_blk/virtio0");
	assert_contains(balloon_driver_problem(sys("not-loaded")), "modprobe virtio_balloon");
	make("no-device", "bus/virtio/drivers/virtio_balloon/uevent");
	make("no-device", "bus/virtio/drivers/virtio_balloon/virtio");
	assert_contains(balloon_driver_problem(sys("no-device")), "has no device");
	make("device", "bus/virtio/drivers/virtio_balloon/virtio12/uevent");
	assert_null(balloon_driver_problem(sys("device")));
}

static void module_btf(void **state)
{
	(void)state;
	make("built-in", "module/virtio_balloon/parameters/x");
	assert_false(balloon_module_lacks_btf(sys("built-in")));
	make("module", "module/virtio_balloon/initstate");
	assert_true(balloon_module_lacks_btf(sys("module")));
	make("module", "kernel/btf/virtio_balloon");
	assert_false(balloon_module_lacks_btf(sys("module")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(problems),
		cmocka_unit_test(module_btf),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
