/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/unit.h"

#include "tests/helpers/fake_trees.h"

#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/directory.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

/* Waits, in sh, while the hold of a name exists. */
#define HOLD                                                                                       \
	"if [ -e '%1$s/%2$s' ]; then touch '%1$s/%2$s.reached'; "                                  \
	"while [ -e '%1$s/%2$s' ]; do sleep 0.05; done; fi"

static void put(const char *name, int mode, const char *format, const char *a, const char *b)
{
	char text[4096];

	snprintf(text, sizeof(text), format, a, b);
	chmod(write_file(test_dir, name, text), mode);
}

static void make_kernel_tree(void)
{
	write_file(test_dir, "linux/Kbuild", "");
	write_file(test_dir, "linux/rejects", "");
	write_file(test_dir, "linux/mm/balloon.c",
		   "int step = 0;\nint main(void) { return step; }\n");
	put("linux/Makefile", 0644,
	    ".DELETE_ON_ERROR:\ntinyconfig:\n\t@mkdir -p $(O) && touch $(O)/.config\n"
	    "olddefconfig:\n\t@! grep -vxFf rejects $(O)/.config >$(O)/.accepted || "
	    "mv $(O)/.accepted $(O)/.config\n"
	    "vmlinux: $(O)/vmlinux\n"
	    "$(O)/vmlinux: mm/balloon.c\n\t@echo '  CC      mm/balloon.o'\n"
	    "\t@env printf half >$@\n\t@" HOLD "\n"
	    "\t@gcc -g -o $@.whole $< && mv $@.whole $@\n"
	    "\t@mkdir -p $(O)/include/config && "
	    "echo 1.0$(LOCALVERSION) >$(O)/include/config/kernel.release\n",
	    test_dir, "hold");
}

void fake_trees_change_patch(const char *to)
{
	put("patches/0001-one.patch", 0644,
	    "--- a/mm/balloon.c\n+++ b/mm/balloon.c\n@@ -1,2 +1,2 @@\n-int step = 0;\n"
	    "+int step = 1;\n int main(void) { return step; }\n",
	    "", "");
	put("patches/0002-two.patch", 0644,
	    "--- a/mm/balloon.c\n+++ b/mm/balloon.c\n@@ -1,2 +1,2 @@\n-int step = 1;\n"
	    "+int step = %s;\n int main(void) { return step; }\n",
	    to, "");
	write_file(test_dir, "patches/series",
		   "0001-one.patch\n# cut: list\n0002-two.patch\n# cut: finalize\n");
}

static void make_qemu_tree(void)
{
	write_file(test_dir, "qemu/VERSION", "0.0.1\n");
	write_file(test_dir, "qemu/pythondeps.toml", "pycotap\n");
	write_file(test_dir, "qemu/meson.build", "edk2_targets = [ 1 ]\n");
	write_file(test_dir, "qemu/qemu.c", "int main(void) { return 0; }\n");
	write_file(test_dir, "qemu-patches/series", "# none\n");
	put("qemu/configure", 0755,
	    "#!/bin/sh\ncat >build.ninja <<'END'\nrule cc\n command = env printf half >$out; " HOLD
	    "; gcc -o $out.whole $in && mv $out.whole $out\n"
	    "build qemu-system-x86_64: cc ../src/qemu.c\nEND\n",
	    test_dir, "hold");
	/* The package of meson has to be there, and is not used. */
	write_file(test_dir, "meson/DEBIAN/control",
		   "Package: meson\nVersion: 1\nArchitecture: all\nMaintainer: nobody "
		   "<nobody@example.org>\nDescription: none\n");
}

static void make_programs(void)
{
	put("bin/git", 0755,
	    "#!/bin/sh\ncase \" $* \" in *' commit-tree '*) " HOLD
	    " ;; esac\nexec /usr/bin/git \"$@\"\n",
	    test_dir, "hold-commit");
	put("bin/objcopy", 0755, "#!/bin/sh\n" HOLD "\nexec /usr/bin/objcopy \"$@\"\n", test_dir,
	    "hold-objcopy");
}

void fake_trees_make(void)
{
	make_kernel_tree();
	make_qemu_tree();
	make_programs();
	fake_trees_change_patch("2");
	expect_outcome(run_shell("mkdir -p '%1$s/cache/sources' && dpkg-deb --root-owner-group -b "
				 "'%1$s/meson' '%1$s/cache/sources/meson_1_all.deb' >/dev/null",
				 test_dir),
		       0, "");
}

pid_t fake_trees_start(const char *script, const char *log)
{
	char line[512], command[2048];
	pid_t pid;

	snprintf(line, sizeof(line), script, test_dir);
	snprintf(command, sizeof(command),
		 "exec env PATH='%1$s/bin':\"$PATH\" BALLOONBENCH_CACHE='%1$s/cache' "
		 "KERNEL_SRC='%1$s/linux' KERNEL_PATCHES='%1$s/patches' QEMU_SRC='%1$s/qemu' "
		 "QEMU_PATCHES='%1$s/qemu-patches' INITRAMFS='%1$s/images.ini' "
		 "%2$s/%3$s >'%1$s/%4$s' 2>&1 </dev/null",
		 test_dir, strncmp(line, "balloonbench", 12) ? TEST_SOURCE : TEST_BUILD, line, log);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		setsid();
		execl("/bin/bash", "bash", "-c", command, NULL);
		_exit(127);
	}
	return pid;
}

struct outcome fake_trees_run(const char *script)
{
	int status = wait_program(fake_trees_start(script, "log"));

	return (struct outcome){ .status = status, .output = read_file(in_test_dir("log")) };
}

void fake_trees_expect(const char *script, int status, const char *says)
{
	expect_outcome(fake_trees_run(script), status, says);
}

void fake_trees_hold(const char *hold)
{
	char reached[256];

	snprintf(reached, sizeof(reached), "%s/%s.reached", test_dir, hold);
	unlink(reached);
	write_file(test_dir, hold, "");
}

void fake_trees_let_go(const char *hold)
{
	unlink(in_test_dir(hold));
}

void fake_trees_await_hold(const char *hold)
{
	char reached[256];

	snprintf(reached, sizeof(reached), "%s/%s.reached", test_dir, hold);
	AWAIT(!access(reached, F_OK));
}

void fake_trees_kill(pid_t pid, const char *hold)
{
	kill(-pid, SIGKILL);
	assert_int_equal(wait_program(pid), 128 + SIGKILL);
	fake_trees_let_go(hold);
}

size_t fake_trees_count(const char *pattern)
{
	return count_paths(in_test_dir("cache"), pattern);
}

const char *fake_trees_find(const char *pattern)
{
	static char path[PATH_MAX];
	glob_t found;

	if (glob_below(in_test_dir("cache"), pattern, &found))
		fail_msg("no such path in the cache: %s", pattern);
	snprintf(path, sizeof(path), "%s", found.gl_pathv[0]);
	globfree(&found);
	return path;
}
