/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VICTIM_VICTIMS_H
#define VICTIM_VICTIMS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/victim/victim.h"

#define VICTIMS_MAX 8

/* All victims of one side, the guest's or the host's. Starts zeroed. */
struct victims {
	struct victim *list[VICTIMS_MAX];
	size_t count;
};

/**
 * victims_start() - start all of a list
 * @list: [{"kind": "fault", "cpu": 1}, ...], cpu -1: any
 * @err: a message, where it fails; then none runs
 *
 * Return: 0 or -errno.
 */
int victims_start(struct victims *victims, const json_t *list, char *err, size_t err_size);

/* All of them enter a phase. */
void victims_enter(struct victims *victims, enum victim_phase phase);

/*
 * For a test of what they report: all of them stand still for @ns, at least. Returns for how
 * long they did, at most.
 */
uint64_t victims_freeze(struct victims *victims, uint64_t ns);

/* End all of them: what each noted, by its figure. New reference; NULL where one died. */
json_t *victims_stop(struct victims *victims);

#endif
