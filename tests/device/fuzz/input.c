/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/fuzz/input.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BYTES sizeof(struct record)

static const char *const names[OP_COUNT] = {
	"machine", "start",  "status", "queue",	 "descriptor", "available", "entries", "send",
	"kick",	   "config", "common", "notify", "pci",	       "memory",    "host",    "clock",
};

enum op record_op(const struct record *record)
{
	return record->op % OP_COUNT;
}

int input_load(struct input *input, const char *path)
{
	FILE *f = fopen(path, "rbe");
	size_t i;
	int err;

	if (!f)
		return -errno;
	input->count = fread(input->records, BYTES, RECORDS_MAX, f);
	err = ferror(f) ? -EIO : 0;
	fclose(f);
	for (i = 0; i < input->count; i++) {
		input->records[i].x = le16toh(input->records[i].x);
		input->records[i].y = le16toh(input->records[i].y);
	}
	return err;
}

static void to_bytes(const struct input *input, struct record *bytes)
{
	size_t i;

	memcpy(bytes, input->records, input->count * BYTES);
	for (i = 0; i < input->count; i++) {
		bytes[i].x = htole16(bytes[i].x);
		bytes[i].y = htole16(bytes[i].y);
	}
}

/* FNV-1a, 64 bits. */
static uint64_t hash(const void *data, size_t bytes)
{
	uint64_t hash = 0xcbf29ce484222325ULL;
	const uint8_t *at = data;

	while (bytes--)
		hash = (hash ^ *at++) * 0x100000001b3ULL;
	return hash;
}

int input_save(const struct input *input, const char *dir, char *path, size_t size)
{
	struct record bytes[RECORDS_MAX];
	int err = 0;
	FILE *f;

	to_bytes(input, bytes);
	if (snprintf(path, size, "%s/%016" PRIx64, dir, hash(bytes, input->count * BYTES)) >=
	    (int)size)
		return -ENAMETOOLONG;
	f = fopen(path, "wbxe");
	if (!f)
		return errno == EEXIST ? 0 : -errno;
	if (fwrite(bytes, BYTES, input->count, f) != input->count)
		err = -EIO;
	if (fclose(f))
		err = -errno;
	return err;
}

void input_print(const struct input *input)
{
	size_t i;

	for (i = 0; i < input->count; i++) {
		const struct record *r = &input->records[i];

		printf("  %-10s queue %3u kind 0x%02x flags 0x%02x x 0x%04x y 0x%04x\n",
		       names[record_op(r)], r->queue, r->kind, r->flags, r->x, r->y);
	}
}
