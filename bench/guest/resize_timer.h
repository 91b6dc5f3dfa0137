/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_RESIZE_TIMER_H
#define GUEST_RESIZE_TIMER_H

#include <stddef.h>
#include <stdint.h>

#include "bench/guest/device.h"

#define RESIZE_SAMPLES_MAX 128

/* One point of a move's progress. */
struct resize_sample {
	uint64_t ns; /* since the start of the move */
	uint32_t actual_pages;
};

/* A finished move of the balloon. */
struct resize_timer {
	uint32_t from_pages;
	uint64_t from_ns;     /* when the look began that says so */
	uint32_t from_actual; /* pages of the balloon then: fewer, where the guest took some back */
	uint32_t to_pages;
	uint64_t start_ns; /* CLOCK_MONOTONIC of the guest */
	uint64_t duration_ns;
	uint64_t resolution_ns; /* width of the interval that surely holds the true duration */
	void (*begun)(void *context); /* called as soon as the move is seen to begin */
	void *context;
	/* The balloon gets no page for so long (0: whatever it does): called, once. */
	uint64_t patience_ns;
	void (*stalled)(void *context);
	uint64_t stall_ns;  /* since the start: the last progress before that; 0: it never was */
	uint64_t relief_ns; /* likewise, when the call had returned */
	uint32_t stall_pages;
	size_t count;
	struct resize_sample samples[RESIZE_SAMPLES_MAX];
};

/**
 * resize_timer_start() - note the target that the next move begins from
 *
 * To be called before anybody can set another one: from then on a move may have
 * begun, whatever keeps this program from looking.
 */
void resize_timer_start(const struct device *device, struct resize_timer *timer);

/**
 * resize_timer_run() - time the next move of the balloon
 * @device: the balloon, or virtio-mem
 * @timeout_ns: for the whole of it
 * @timer: after resize_timer_start(); the rest is filled in, the samples also on failure
 *
 * Between two looks the driver works undisturbed; the looks come closer as
 * the predicted end comes near, so that the last two are at most 0.25 % of the
 * move apart where the guest's timers allow.
 *
 * Return: 0 or -ETIMEDOUT.
 */
int resize_timer_run(const struct device *device, uint64_t timeout_ns, struct resize_timer *timer);

#endif
