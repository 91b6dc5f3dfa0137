/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scripts/choose-source: the newest kernel source that takes all patches of a series, the cache
 * first; of the others, which patches do not apply. Packages are made here, and apt is out of
 * order.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

#define CHOOSE                                                                                     \
	"cd %1$s && PATH=%1$s/bin:$PATH BALLOONBENCH_CACHE=%1$s/cache " TEST_SOURCE                \
	"/scripts/choose-source series"

static void write_patch(const char *name, const char *file, const char *from, const char *to)
{
	char text[512];

	snprintf(text, sizeof(text), "Say %s.\n\n--- a/%s\n+++ b/%s\n@@ -1 +1 @@\n-%s\n+%s\n", to,
		 file, file, from, to);
	write_file(in_test_dir("series"), name, text);
}

static int set_up(void **state)
{
	if (test_dir_set_up(state))
		return -1;
	write_file(in_test_dir("bin"), "apt-get", "#!/bin/sh\nexit 1\n");
	write_patch("one.patch", "mm/balloon.c", "one", "two");
	write_patch("two.patch", "mm/balloon.c", "two", "three");
	write_patch("other.patch", "mm/page_alloc.c", "a", "b");
	write_file(in_test_dir("series"), "series",
		   "# source: linux-source-7.\none.patch\n# cut: a\none.patch -R\none.patch\n"
		   "two.patch\nother.patch\n");
	expect_outcome(
		run_shell("cd %s && chmod +x bin/apt-get && mkdir -p cache/sources", test_dir), 0,
		"");
	return 0;
}

/* A package of a kernel whose mm/balloon.c says @text. */
static void make_package(const char *version, const char *text)
{
	expect_outcome(
		run_shell("cd %1$s && rm -rf package tree && "
			  "mkdir -p package/DEBIAN package/usr/src tree/linux-source-%2$s/mm && "
			  "echo %3$s >tree/linux-source-%2$s/mm/balloon.c && "
			  "echo a >tree/linux-source-%2$s/mm/page_alloc.c && "
			  "tar -C tree -cJf package/usr/src/linux-source-%2$s.tar.xz "
			  "linux-source-%2$s && "
			  "printf 'Package: linux-source-%2$s\\nVersion: %2$s.1-1\\n"
			  "Architecture: all\\nMaintainer: x <x@example.org>\\nDescription: x\\n' "
			  ">package/DEBIAN/control && dpkg-deb --root-owner-group --build package "
			  "cache/sources/linux-source-%2$s_%2$s.1-1_all.deb",
			  test_dir, version, text),
		0, "");
}

static void newest_that_takes_it(void **state)
{
	(void)state;
	make_package("7.2", "one");
	make_package("7.3", "one");
	/* 7.10 is newer than 7.3, and has moved on. */
	make_package("7.10", "else");
	expect_outcome(run_shell(CHOOSE, test_dir), 0, "linux-source-7.3\n",
		       "linux-source-7.10_7.10.1-1: ", "one.patch: mm/balloon.c",
		       "two.patch: mm/balloon.c");
	/* What is known is not looked at again. */
	expect_outcome(run_shell("rm -f %s/cache/sources/linux-source-7.2*", test_dir), 0, "");
	expect_outcome(run_shell("truncate -s 0 %s/cache/sources/linux-source-7.3*", test_dir), 0,
		       "");
	expect_outcome(run_shell(CHOOSE, test_dir), 0, "linux-source-7.3\n");
}

static void none_takes_it(void **state)
{
	(void)state;
	make_package("7.3", "else");
	expect_outcome(run_shell(CHOOSE, test_dir), 4, "one.patch: mm/balloon.c",
		       "no package linux-source-7.* of the cache or of Debian's archive takes "
		       "series");
}

static void a_series_without_a_source(void **state)
{
	(void)state;
	write_file(in_test_dir("series"), "series", "one.patch\n");
	expect_outcome(run_shell(CHOOSE, test_dir), 3, "has no line '# source: PREFIX'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(newest_that_takes_it, set_up, test_dir_tear_down),
		cmocka_unit_test_setup_teardown(none_takes_it, set_up, test_dir_tear_down),
		cmocka_unit_test_setup_teardown(a_series_without_a_source, set_up,
						test_dir_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
