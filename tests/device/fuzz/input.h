/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_FUZZ_INPUT_H
#define TESTS_DEVICE_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An input of the fuzzer: the actions of a guest, and some of its host, as records. Every
 * string of bytes is an input: values that are too large wrap around, and a truncated
 * record is ignored. tests/device/corpus/README.md describes the fields of each kind.
 */
enum op {
	OP_MACHINE, /* only as the first record: the machine */
	OP_START,   /* reset, negotiation, queues, driver ok: each can be skipped */
	OP_STATUS,
	OP_QUEUE,      /* a queue's size and addresses */
	OP_DESCRIPTOR, /* of a queue's table or the indirect one */
	OP_AVAILABLE,  /* add a head, or change the index */
	OP_ENTRIES,    /* write entries into a buffer */
	OP_SEND,       /* OP_ENTRIES, a descriptor, the head and the kick */
	OP_KICK,
	OP_CONFIG, /* the device's configuration, at any offset and width */
	OP_COMMON, /* the same for the common registers of virtio */
	OP_NOTIFY, /* the same for the kicks, and the interrupt status */
	OP_PCI,	   /* the same for the configuration space of PCI */
	OP_MEMORY, /* a word of the rings */
	OP_HOST,   /* a QMP command */
	OP_CLOCK,  /* advance the clock */
	OP_COUNT
};

struct record {
	uint8_t op;
	uint8_t queue;
	uint8_t kind;
	uint8_t flags;
	uint16_t x; /* little endian in files */
	uint16_t y;
};

#define RECORDS_MAX 120

struct input {
	size_t count;
	struct record records[RECORDS_MAX];
};

enum op record_op(const struct record *record);

/* 0, or -errno; records beyond RECORDS_MAX are ignored. */
int input_load(struct input *input, const char *path);

/* Write DIR/HASH unless it exists; @path, of @size bytes, gets the name. */
int input_save(const struct input *input, const char *dir, char *path, size_t size);

/* Print a line for each record. */
void input_print(const struct input *input);

#endif
