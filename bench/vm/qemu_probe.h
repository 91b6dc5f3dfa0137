/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_QEMU_PROBE_H
#define BENCH_VM_QEMU_PROBE_H

#include <stdbool.h>

/*
 * Whether a QEMU's balloon device has a property, by its own word. It is asked
 * once; one that does not answer in time has not.
 */
bool qemu_balloon_has(const char *binary, const char *property);

/* Whether a QEMU has -run-with user=UID:GID,chroot=DIR, as from version 9.1 on; as above. */
bool qemu_changes_user(const char *binary);

#endif
