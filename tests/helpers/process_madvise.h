/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_PROCESS_MADVISE_H
#define TESTS_HELPERS_PROCESS_MADVISE_H

/* Skip the test unless the kernel lets a process discard its own memory by process_madvise(). */
void need_process_madvise(void);

#endif
