/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/victim/victims.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"

int victims_start(struct victims *victims, const json_t *list, char *err, size_t err_size)
{
	const json_t *item;
	int status = 0;
	size_t i;

	json_array_foreach (list, i, item) {
		const char *kind = json_string_value(json_object_get(item, "kind"));

		kind = kind ? kind : "(none)";
		status = victims->count == VICTIMS_MAX
				 ? -E2BIG
				 : victim_start(&victims->list[victims->count], kind,
						json_integer_value(json_object_get(item, "cpu")));
		if (!status) {
			victims->count++;
			continue;
		}
		snprintf(err, err_size, "victim %s: %s", kind, strerror(-status));
		json_decref(victims_stop(victims));
		break;
	}
	return status;
}

void victims_enter(struct victims *victims, enum victim_phase phase)
{
	size_t i;

	for (i = 0; i < victims->count; i++)
		victim_enter(victims->list[i], phase);
}

static void signal_all(const struct victims *victims, int signal)
{
	size_t i;

	for (i = 0; i < victims->count; i++)
		kill(victim_pid(victims->list[i]), signal);
}

uint64_t victims_freeze(struct victims *victims, uint64_t ns)
{
	const struct timespec wait = { .tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC };
	uint64_t begin = clock_ns();

	signal_all(victims, SIGSTOP);
	clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL);
	signal_all(victims, SIGCONT);
	return clock_ns() - begin;
}

json_t *victims_stop(struct victims *victims)
{
	json_t *all = json_object();
	bool whole = true;
	size_t i;

	for (i = 0; i < victims->count; i++) {
		json_t *noted = victim_stop(victims->list[i]);

		whole &= noted != NULL;
		json_object_update(all, noted);
		json_decref(noted);
	}
	victims->count = 0;
	if (whole)
		return all;
	json_decref(all);
	return NULL;
}
