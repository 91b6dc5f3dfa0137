/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_FAKE_LINUX_H
#define TESTS_HELPERS_FAKE_LINUX_H

#include "tests/helpers/program.h"

/*
 * The source of a kernel of three files, which gcc builds in a moment: its Makefile knows
 * tinyconfig, olddefconfig, vmlinux and kbuild's CFLAGS_<object>.o. It lists each object that it
 * compiles in test_dir/compiled; while there is a file test_dir/hold, it creates test_dir/holding
 * and waits before it compiles mm/balloon.c.
 */

/* Write the source into a directory. */
void fake_linux_write(const char *dir);

/* The same as a git repository with one commit, whose tag is "base". */
void fake_linux_commit(const char *dir);

/* Change what balloon() of mm/balloon.c returns; with a subject also commit that. */
void fake_linux_change(const char *dir, int value, const char *subject);

/*
 * The same, and have the kernel say something, as "the balloon crawls" to the fake QEMU. A word
 * that C does not take in a string, as a quote, makes a source that does not compile.
 */
void fake_linux_say(const char *dir, int value, const char *words, const char *subject);

/* Data of balloonbench for it, in test_dir/data: configuration and patches. Sets the variables. */
void fake_linux_set_up(void);

/* Run git, a printf() format of its arguments, in a directory; the test fails if git does. */
void git_in(const char *dir, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Number of lines of test_dir/compiled with that text. */
size_t times_compiled(const char *object);

#endif
