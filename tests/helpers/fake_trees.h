/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_FAKE_TREES_H
#define TESTS_HELPERS_FAKE_TREES_H

#include <sys/types.h>

/*
 * Trees that the build scripts of vm-images take for a kernel's and QEMU's, and that
 * are built in a moment, and a cache of the test's own; all below test_dir.
 *
 * A build writes half of its output, and goes on when the file "hold" is gone; so do
 * the programs of "bin", which stand before those of the system: patch, when it has
 * patched, and objcopy, before it copies, with the files "hold-patch" and "hold-objcopy".
 */
void fake_trees_make(void);

/* With a third of its two patches changed, as a user does who works on one. */
void fake_trees_change_patch(const char *to);

/* A script with its arguments, given the trees and the cache; its output goes to "log". */
#define BUILD_KERNELS "vm-images/build-kernels %1$s/images.ini"
#define BUILD_QEMU "vm-images/build-qemu"
pid_t fake_trees_start(const char *script, const char *log);

/* Run it to its end: the status, and what it said, to be freed. */
char *fake_trees_run(const char *script, int *status);

/* The status that is wanted, and what it must say unless NULL. */
void fake_trees_expect(const char *script, int status, const char *says);

/* Make a hold, or take it away; wait until a script has come to it. */
void fake_trees_hold(const char *hold);
void fake_trees_let_go(const char *hold);
void fake_trees_await_hold(const char *hold);

/* SIGKILL for the script and all that it has started, and the hold is gone. */
void fake_trees_kill(pid_t pid, const char *hold);

/* Number of paths that a pattern of glob(7), below the cache, has. */
size_t fake_trees_count(const char *pattern);

/* The first of them; valid until the next call. */
const char *fake_trees_find(const char *pattern);

#endif
