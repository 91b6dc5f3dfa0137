/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_INTERRUPT_H
#define BENCH_VM_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

/* Ctrl-C and SIGTERM as a file descriptor that every wait polls: no signal is lost. */

/* Block SIGINT, SIGTERM and SIGHUP and route them to the descriptor; 0 or -errno. */
int interrupt_setup(void);

/* True after the first signal. */
bool interrupted(void);

/*
 * How long this process did not run although a wait was over, at the longest, in ns: it was stopped
 * (SIGSTOP), or the machine is overloaded, and its times are wrong. 0 where that was less than a
 * second. Waits wake up ten times a second to notice.
 */
uint64_t interrupt_gap_ns(void);
void interrupt_gap_reset(void);

/* Poll @fd for @events until a deadline: 0, -EINTR after a signal, -ETIMEDOUT, -errno. */
int interruptible_poll(int fd, short events, uint64_t deadline);

/* Restore the signal mask in a forked child. */
void interrupt_restore_mask(void);

#endif
