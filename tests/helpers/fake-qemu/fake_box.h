/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_FAKE_QEMU_FAKE_BOX_H
#define TESTS_HELPERS_FAKE_QEMU_FAKE_BOX_H

/*
 * The program in a host, as balloonbench starts it: a thread that answers its port. FAKE_QEMU names
 * the fault:
 *
 *   box-ends        it prints a line and ends, before it is ready
 *   box-mumbles     it says that it is ready, but not what it is
 *   box-dies        QEMU ends when a boot is asked for
 *   box-garbles     the result of a boot is no JSON
 *   box-escapes     a file of the boot has a path
 *   box-unnamed     data come for no file
 *
 * Any other: each boot has failed, with a file of its own.
 */
#define FAKE_BOX_REASON "as the fake box was asked"
#define FAKE_BOX_FILE "guest.log"
#define FAKE_BOX_TEXT "two\0lines\n"

void fake_box_start(const char *mode, int work_fd, int text_fd);

#endif
