/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_TRACE_H
#define GUEST_TRACE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The tracer of the guest's side as the agent runs it. There is one. */

/* Start it as the request asks; the answer's members, or NULL with a message. */
json_t *trace_start(const json_t *request, char *err, size_t err_size);

/*
 * What was seen of the batches since the last call, or NULL where nothing is
 * traced: the sums of those that inflate, or of the others, and each of both up to
 * a number that fits a message.
 *
 * The device says that a move is over before the driver has ended its last batch: a
 * moment is waited until the sums have @pages.
 */
json_t *trace_take_batches(bool inflates, uint64_t pages);

/* Histograms and counters since the start, or NULL with a message. */
json_t *trace_read(char *err, size_t err_size);

#endif
