/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/fuzz/mutate.h"

#include <string.h>

#include "tests/device/fuzz/model.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

uint32_t random_below(struct random *r, uint32_t limit)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return (r->state * 0x2545f4914f6cdd1dULL >> 32) % limit;
}

/* Boundary values, and random ones. */
static uint16_t number(struct random *r)
{
	static const uint16_t ends[] = {
		0,    1,    2,	  7,	 8,	127,   128,   129,    255,    256,    1023,   1024,
		0x9f, 0xa0, 0xff, 0x100, 0x200, 0x300, 0xfff, 0x1000, 0x7fff, 0x8000, 0xffff, 0xffe
	};

	return random_below(r, 2) ? ends[random_below(r, COUNT(ends))] : random_below(r, 0x10000);
}

/* Buffers matter more than rarely used registers. */
static uint8_t any_op(struct random *r)
{
	static const uint8_t ops[] = { OP_START,      OP_START,	    OP_SEND,	  OP_SEND,
				       OP_SEND,	      OP_SEND,	    OP_SEND,	  OP_DESCRIPTOR,
				       OP_DESCRIPTOR, OP_AVAILABLE, OP_AVAILABLE, OP_KICK,
				       OP_KICK,	      OP_ENTRIES,   OP_ENTRIES,	  OP_HOST,
				       OP_HOST,	      OP_QUEUE };

	return random_below(r, 4) ? ops[random_below(r, COUNT(ops))] : random_below(r, OP_COUNT);
}

static struct record any_record(struct random *r)
{
	struct record record = {
		.op = any_op(r),
		.queue = random_below(r, 3) ? random_below(r, 2) * QUEUE_REPORTING
					    : random_below(r, 64),
		.kind = random_below(r, 256),
		.flags = random_below(r, 3) ? random_below(r, 4) : random_below(r, 256),
		.x = number(r),
		.y = number(r),
	};

	/* Mostly valid formats and patterns, and pages of RAM. */
	if (record.op == OP_SEND || record.op == OP_ENTRIES) {
		if (random_below(r, 4))
			record.kind = random_below(r, 16) << 4 | random_below(r, 5);
		if (random_below(r, 2))
			record.x %= RAM_PAGES;
		if (random_below(r, 2))
			record.y = random_below(r, 16);
	}
	/* Mostly a valid size of a queue. */
	if (record.op == OP_QUEUE && random_below(r, 2))
		record.x = 1 << random_below(r, 11);
	if (record.op == OP_START && random_below(r, 3))
		record.flags = 0;
	return record;
}

static void insert(struct input *input, size_t at, const struct record *records, size_t count)
{
	if (count > RECORDS_MAX - input->count)
		count = RECORDS_MAX - input->count;
	memmove(input->records + at + count, input->records + at,
		(input->count - at) * sizeof(*records));
	memcpy(input->records + at, records, count * sizeof(*records));
	input->count += count;
}

static void change_field(struct random *r, struct record *record)
{
	struct record other = any_record(r);

	switch (random_below(r, 8)) {
	case 0:
		record->op = other.op;
		break;
	case 1:
		record->queue = other.queue;
		break;
	case 2:
		record->kind = other.kind;
		break;
	case 3:
		record->flags = other.flags;
		break;
	case 4:
		record->x = other.x;
		break;
	case 5:
		record->y = other.y;
		break;
	case 6:
		((uint8_t *)record)[random_below(r, sizeof(*record))] ^= 1 << random_below(r, 8);
		break;
	default:
		record->x += random_below(r, 5) - 2;
		record->y += random_below(r, 5) - 2;
		break;
	}
}

static void mutate_once(struct random *r, const struct input *other, struct input *input)
{
	size_t at = random_below(r, input->count), count, from;
	struct record record;

	switch (random_below(r, 8)) {
	case 0:
		record = any_record(r);
		insert(input, random_below(r, input->count + 1), &record, 1);
		break;
	case 1:
		count = 1 + random_below(r, input->count - at);
		if (count == input->count)
			break;
		memmove(input->records + at, input->records + at + count,
			(input->count - at - count) * sizeof(record));
		input->count -= count;
		break;
	case 2:
		record = input->records[at];
		insert(input, at, &record, 1);
		break;
	case 3:
		if (!other || !other->count)
			break;
		from = random_below(r, other->count);
		insert(input, at, other->records + from, 1 + random_below(r, other->count - from));
		break;
	default:
		change_field(r, &input->records[at]);
		break;
	}
}

/* Start a guest, then do anything. */
static void generate(struct random *r, struct input *input)
{
	size_t i;

	input->count = 3 + random_below(r, 12);
	input->records[0] = (struct record){ .op = OP_MACHINE, .kind = random_below(r, 2) };
	input->records[1] = (struct record){ .op = OP_START, .x = random_below(r, 0x800) };
	for (i = 2; i < input->count; i++)
		input->records[i] = any_record(r);
}

void mutate(struct random *r, const struct input *kept, size_t count, struct input *input)
{
	const struct input *other = count ? &kept[random_below(r, count)] : NULL;
	uint32_t times = 1U << random_below(r, 5);

	if (!count || !random_below(r, 16)) {
		generate(r, input);
		return;
	}
	/* Prefer recent inputs, which have been mutated least. */
	*input = kept[count - 1 -
		      (random_below(r, 2) ? random_below(r, count)
					  : random_below(r, (count + 7) / 8))];
	if (!input->count)
		generate(r, input);
	while (times--)
		mutate_once(r, other, input);
}

void mutate_basic(unsigned int n, struct input *input)
{
	/* None, page-chunks, page-sg. */
	static const uint16_t features[] = { 0, 2, 4 };
	static const uint8_t kinds[] = { 0, 1, 0x80 };
	unsigned int format = n % 3, pattern = n / 3 % 8, machine = n / 24 % 2;
	struct record send = {
		.op = OP_SEND, .kind = kinds[format] | pattern << 4, .flags = 11, .x = 0x400, .y = 5
	};

	*input = (struct input){ .count = 4 };
	input->records[0] = (struct record){ .op = OP_MACHINE, .kind = machine };
	input->records[1] = (struct record){ .op = OP_START, .x = features[format] };
	input->records[2] = input->records[3] = send;
	input->records[3].queue = QUEUE_DEFLATE;
}
