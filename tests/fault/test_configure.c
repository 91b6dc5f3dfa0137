/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How QEMUs of different versions are configured: options and files that only newer ones have. */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <sys/stat.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/fake_trees.h"
#include "tests/helpers/files.h"

static int set_up(void **state)
{
	if (test_dir_set_up(state))
		return -1;
	fake_trees_make();
	return 0;
}

/* Build a QEMU whose configure script consists of @known and the rest of the fake one. */
static void build_qemu(const char *known)
{
	char *rest = read_file(in_test_dir("qemu/configure")), text[4096];

	snprintf(text, sizeof(text), "#!/bin/sh\n# %s\necho \"$@\" >../../../../options\n%s", known,
		 rest);
	chmod(write_file(test_dir, "qemu/configure", text), 0755);
	free(rest);
	fake_trees_expect(BUILD_QEMU, 0, "");
}

static void qemu_knows_disable_download(void **state)
{
	char *options;

	(void)state;
	build_qemu("--disable-download");
	options = read_file(in_test_dir("options"));
	assert_contains(options, "--disable-werror --disable-download --disable-install-blobs\n");
	free(options);
}

/* Before 8.1 */
static void qemu_without_pythondeps(void **state)
{
	char *options, *meson;

	(void)state;
	unlink(in_test_dir("qemu/pythondeps.toml"));
	build_qemu("no options");
	options = read_file(in_test_dir("options"));
	assert_contains(options, "--disable-werror --disable-install-blobs\n");
	meson = read_file(fake_trees_find("/trees/qemu-*/src/meson.build"));
	assert_string_equal(meson, "edk2_targets = []\n");
	free(meson);
	free(options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(qemu_knows_disable_download, set_up,
						test_dir_tear_down),
		cmocka_unit_test_setup_teardown(qemu_without_pythondeps, set_up,
						test_dir_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
