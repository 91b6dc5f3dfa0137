/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_QEMU_WORKLOAD_H
#define FAKE_QEMU_WORKLOAD_H

#include <jansson.h>
#include <stdbool.h>

/*
 * A workload that a fake guest replays. What it holds is resident in this process; what it has
 * freed stays resident until the balloon takes it, as with a real guest.
 */

/* Of the fake guest's memory: its kernel's. */
#define FAKE_KERNEL_BYTES (64ULL << 20)

/* Begin with the rows of "replay-start". */
void workload_start(const json_t *rows);

/* Whether one was begun; whether it has ended. */
bool workload_is_on(void);
bool workload_has_ended(void);

/* The answer to "replay-stop", without its id, by a clock that has run ahead. New reference. */
json_t *workload_result(json_int_t ahead_ns);

/* What it holds now, in bytes. */
unsigned long long workload_held(void);

/* The balloon has taken so much in all, of what is free. */
void workload_balloon(unsigned long long bytes);

#endif
