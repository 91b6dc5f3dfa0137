/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/victim/record.h"

#include <string.h>

#include "lib/clock.h"

static const char *const names[VICTIM_PHASES] = {
	[VICTIM_BEFORE] = "before",   [VICTIM_INFLATE] = "inflate", [VICTIM_PLATEAU] = "plateau",
	[VICTIM_DEFLATE] = "deflate", [VICTIM_AFTER] = "after",
};

const char *victim_phase_name(enum victim_phase phase)
{
	return names[phase];
}

int victim_phase_find(const char *name)
{
	int p;

	for (p = 0; p < VICTIM_PHASES; p++)
		if (!strcmp(name, names[p]))
			return p;
	return -1;
}

void record_mark(struct record *record, enum victim_phase phase)
{
	unsigned int n = atomic_load(&record->mark_count);

	if (n == RECORD_MARKS_MAX)
		return;
	record->marks[n] = (struct record_mark){ .ns = clock_ns(), .phase = phase };
	atomic_store(&record->mark_count, n + 1);
}

static enum victim_phase phase_at(const struct record *record, uint64_t ns)
{
	unsigned int n = atomic_load(&record->mark_count);

	while (n > 1 && record->marks[n - 1].ns > ns)
		n--;
	return n ? record->marks[n - 1].phase : VICTIM_BEFORE;
}

static void widen(struct record *record, uint64_t due_ns, uint64_t value)
{
	uint64_t i = (due_ns - record->begin_ns) / RECORD_STRETCH_NS, *worst;

	if (i >= RECORD_STRETCHES_MAX)
		return;
	worst = &record->stretches[i];
	if (!*worst || (record->lowest_is_worst ? value + 1 < *worst : value + 1 > *worst))
		*worst = value + 1;
}

void record_value(struct record *record, uint64_t due_ns, uint64_t value)
{
	histogram_add(&record->phases[phase_at(record, due_ns)], value);
	widen(record, due_ns, value);
}

static json_t *marks_to_json(const struct record *record)
{
	unsigned int i, n = atomic_load(&record->mark_count);
	json_t *marks = json_array();

	for (i = 0; i < n; i++)
		json_array_append_new(marks, json_pack("[I, s]", (json_int_t)record->marks[i].ns,
						       names[record->marks[i].phase]));
	return marks;
}

static json_t *series_to_json(const struct record *record)
{
	json_t *series = json_array();
	size_t i;

	for (i = 0; i < RECORD_STRETCHES_MAX; i++)
		if (record->stretches[i])
			json_array_append_new(
				series,
				json_pack("[I, I]",
					  (json_int_t)(record->begin_ns + i * RECORD_STRETCH_NS),
					  (json_int_t)(record->stretches[i] - 1)));
	return series;
}

json_t *record_to_json(const struct record *record)
{
	json_t *json = json_pack("{s:o, s:I, s:o}", "marks", marks_to_json(record), "series_ns",
				 (json_int_t)RECORD_STRETCH_NS, "series", series_to_json(record));
	int p;

	for (p = 0; json && p < VICTIM_PHASES; p++)
		if (record->phases[p].count)
			json_object_set_new(json, names[p], histogram_to_json(&record->phases[p]));
	return json;
}
