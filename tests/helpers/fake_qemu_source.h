/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_FAKE_QEMU_SOURCE_H
#define TESTS_HELPERS_FAKE_QEMU_SOURCE_H

#include "tests/helpers/program.h"

/*
 * The source of a QEMU of two files, which ninja builds in a moment. It says its version, and in
 * its exit status what the last commit changed. It lists each object that it compiles, and each
 * run of configure, in test_dir/compiled; while there is a file test_dir/hold, it creates
 * test_dir/holding and waits before it compiles hw/virtio/virtio-balloon.c. It needs a subproject,
 * which test_dir/keycodemapdb has.
 */

/* A git repository with one commit, whose tag is "base". fake_linux_set_up() comes before. */
void fake_qemu_commit(const char *dir);

/* Change what the balloon returns, and commit that. */
void fake_qemu_change(const char *dir, int value, const char *subject);

#endif
