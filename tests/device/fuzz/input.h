/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_FUZZ_INPUT_H
#define TESTS_DEVICE_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An input of the fuzzer: what a guest (and now and then its host) does, record
 * by record. Every string of bytes is one: a number that is too large for what
 * it selects counts round, a record that is cut off is left out.
 * tests/device/corpus/README.md describes the fields of each kind.
 */
enum op {
	OP_MACHINE, /* first of an input only: which of the machines */
	OP_START,   /* reset, negotiate, queues, driver ok: each can be left out */
	OP_STATUS,
	OP_QUEUE,      /* a queue's size and addresses */
	OP_DESCRIPTOR, /* of a queue's table or the indirect one */
	OP_AVAILABLE,  /* a head more, or the index moved */
	OP_ENTRIES,    /* content of a buffer */
	OP_SEND,       /* OP_ENTRIES, a descriptor, the head and the kick */
	OP_KICK,
	OP_CONFIG, /* the device's configuration, at any offset and width */
	OP_COMMON, /* likewise the registers all virtio devices have */
	OP_NOTIFY, /* likewise, and the interrupt status */
	OP_PCI,	   /* likewise PCI's */
	OP_MEMORY, /* a word of the rings */
	OP_HOST,   /* a command by QMP */
	OP_CLOCK,  /* time passes */
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

/* 0, or -errno; more than RECORDS_MAX records are left out. */
int input_load(struct input *input, const char *path);

/* Write DIR/HASH, where there is none yet; @path (of @size) gets its name. */
int input_save(const struct input *input, const char *dir, char *path, size_t size);

/* What it does, a line a record, for somebody who has to find out why it fails. */
void input_print(const struct input *input);

#endif
