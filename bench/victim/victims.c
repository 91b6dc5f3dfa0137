/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/victim/victims.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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
