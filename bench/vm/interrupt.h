/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_INTERRUPT_H
#define BENCH_VM_INTERRUPT_H

#include <stdbool.h>

/*
 * Ctrl-C and SIGTERM as a file descriptor: every wait of the program polls it
 * beside what it waits for, so there is no moment in which a signal is lost.
 */

/* Block SIGINT, SIGTERM and SIGHUP and route them to interrupt_fd(); 0 or -errno. */
int interrupt_setup(void);

/* Readable once the user asked to stop; -1 before interrupt_setup(). */
int interrupt_fd(void);

/* True, and stays true, once the user asked to stop. */
bool interrupted(void);

/* In a forked child: give it back the signal mask that the program began with. */
void interrupt_restore_mask(void);

#endif
