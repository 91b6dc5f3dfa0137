/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_FAKE_TREES_H
#define TESTS_HELPERS_FAKE_TREES_H

#include <stddef.h>
#include <sys/types.h>

#include "tests/helpers/program.h"

/*
 * Source trees that are accepted as a kernel's and QEMU's and build in a moment, and a cache of the
 * test's own; all below test_dir.
 *
 * A build writes half of its output and waits while the file "hold" exists. So do two
 * programs in "bin", which precede those of the system: git waits before it writes a
 * commit, with "hold-commit", and objcopy before it copies, with "hold-objcopy".
 */
void fake_trees_make(void);

/* Change the second patch, as a user does who works on one. */
void fake_trees_change_patch(const char *to);

/*
 * Start a script of the checkout or the program balloonbench, with arguments, on the trees and the
 * cache; its output goes to @log.
 */
#define BUILD_KERNELS "balloonbench build --images %1$s/images.ini"
#define BUILD_QEMU "vm-images/build-qemu"
pid_t fake_trees_start(const char *script, const char *log);

/* Run a script to its end; the log is "log". */
struct outcome fake_trees_run(const char *script);

/* Run it, and check the status and a part of its output. */
void fake_trees_expect(const char *script, int status, const char *says);

/* Create or remove a hold; wait until a script has reached it. */
void fake_trees_hold(const char *hold);
void fake_trees_let_go(const char *hold);
void fake_trees_await_hold(const char *hold);

/* Kill the script and all that it has started, and remove the hold. */
void fake_trees_kill(pid_t pid, const char *hold);

/* Number of paths below the cache that match a pattern of glob(7). */
size_t fake_trees_count(const char *pattern);

/* The first of them, valid until the next call. */
const char *fake_trees_find(const char *pattern);

#endif
