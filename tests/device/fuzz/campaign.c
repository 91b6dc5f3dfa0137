/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/fuzz/campaign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void end_machine(struct campaign *c, size_t which)
{
	if (!c->machines[which])
		return;
	target_end(&c->machines[which]->target);
	free(c->machines[which]);
	c->machines[which] = NULL;
}

void campaign_end(struct campaign *c)
{
	size_t i;

	for (i = 0; i < MACHINES; i++)
		end_machine(c, i);
	free(c->kept);
	c->kept = NULL;
	c->kept_count = 0;
}

static size_t machine_of(const struct input *input)
{
	const struct record *first = input->records;

	return input->count && record_op(first) == OP_MACHINE ? first->kind % MACHINES : 0;
}

static int start_machine(struct campaign *c, size_t which)
{
	struct machine *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return -ENOMEM;
	c->machines[which] = m;
	err = target_start(&m->target, c->qemu, which, c->hints);
	if (err)
		return err;
	guest_init(&m->guest, &m->target);
	if (*m->target.trouble) {
		target_explain(&m->target);
		snprintf(c->trouble, sizeof(c->trouble), "%s", m->target.trouble);
		return -EIO;
	}
	return 0;
}

int campaign_run(struct campaign *c, const struct input *input)
{
	size_t which = machine_of(input);
	struct machine *m = c->machines[which];
	int err;

	if (m && m->inputs >= SINCE_START_MAX)
		end_machine(c, which);
	if (!c->machines[which]) {
		err = start_machine(c, which);
		if (err) {
			end_machine(c, which);
			return err;
		}
	}
	m = c->machines[which];
	memset(m->target.coverage, 0, sizeof(*m->target.coverage));
	guest_run(&m->guest, input);
	guest_check_memory(&m->guest);
	guest_settle(&m->guest);
	if (*m->target.trouble)
		target_explain(&m->target);
	snprintf(c->trouble, sizeof(c->trouble), "%s", m->target.trouble);
	m->inputs++;
	c->executed++;
	return 0;
}

int campaign_run_alone(struct campaign *c, const struct input *input)
{
	end_machine(c, machine_of(input));
	return campaign_run(c, input);
}

/* Counts in classes, so that more iterations of a loop are rarely new. */
static uint8_t class_of(uint8_t count, bool device)
{
	if (!count)
		return 0;
	if (!device)
		return 1;
	return count == 1 ? 1 : count == 2 ? 2 : count < 16 ? 4 : 8;
}

bool campaign_is_new(struct campaign *c, const struct input *input)
{
	const struct machine *m = c->machines[machine_of(input)];
	const uint8_t *counts = (const uint8_t *)m->target.coverage;
	bool new = false;
	uint64_t eight;
	uint8_t class;
	size_t i, j;

	for (i = 0; i < sizeof(c->seen); i += 8) {
		memcpy(&eight, counts + i, 8);
		if (!eight)
			continue;
		for (j = i; j < i + 8; j++) {
			class = class_of(counts[j], j < COVERAGE_DEVICE);
			new = new || class & ~c->seen[j];
			c->seen[j] |= class;
		}
	}
	return new;
}

bool campaign_keep(struct campaign *c, const struct input *input)
{
	struct input *kept = reallocarray(c->kept, c->kept_count + 1, sizeof(*kept));

	if (!kept)
		return false;
	c->kept = kept;
	kept[c->kept_count++] = *input;
	return true;
}

static void leave_out(struct input *input, size_t first, size_t count)
{
	memmove(input->records + first, input->records + first + count,
		(input->count - first - count) * sizeof(input->records[0]));
	input->count -= count;
}

int campaign_minimise(struct campaign *c, struct input *input)
{
	struct input shorter;
	size_t part, first;
	int err;

	for (part = (input->count + 1) / 2; part; part /= 2) {
		for (first = 0; first + part <= input->count && input->count > 1;) {
			shorter = *input;
			leave_out(&shorter, first, part);
			err = campaign_run_alone(c, &shorter);
			if (err)
				return err;
			if (*c->trouble)
				*input = shorter;
			else
				first += part;
		}
	}
	return campaign_run_alone(c, input);
}

void campaign_coverage(const struct campaign *c, unsigned int *reached, unsigned int *places)
{
	const char *slash = strrchr(c->qemu, '/');
	char path[4096];
	size_t i;
	FILE *f;

	*reached = *places = 0;
	for (i = 0; i < COVERAGE_DEVICE; i++)
		*reached += c->seen[i] != 0;
	snprintf(path, sizeof(path), "%.*s/coverage-sites", slash ? (int)(slash - c->qemu) : 1,
		 slash ? c->qemu : ".");
	f = fopen(path, "re");
	if (!f)
		return;
	if (fscanf(f, "%u", places) != 1)
		*places = 0;
	fclose(f);
}
