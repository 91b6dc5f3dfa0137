/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/fuzz/model.h"

#include <endian.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECES_MAX 1024 /* QEMU's limit for a chain */
#define PFNS_AT_ONCE 1024
#define BUFFER_PAGES_MAX 65536
#define BUFFER_ENTRIES_MAX 2048
#define CHUNK_PAGES_BITS 12
#define BALLOON_PATH "/machine/peripheral/balloon0/virtio-backend"

struct ring {
	uint64_t desc, avail, used;
	uint32_t size;
	uint16_t next; /* index of the next available head */
};

/* A part of a descriptor that is in one region of memory. */
struct piece {
	uint64_t address;
	uint64_t bytes;
	bool ram;
};

struct chain {
	struct piece out[PIECES_MAX], in[PIECES_MAX];
	unsigned int outs, ins;
	bool uncertain; /* some pieces are not RAM: QEMU may not be able to map them */
};

/* State while a queue is read. */
struct reading {
	struct model *model;
	struct target *t;
	bool gone[RAM_PAGES]; /* discarded by an earlier buffer */
	uint64_t work;
};

uint16_t queue_index(const struct target *t, enum queue queue)
{
	if (t->hints && queue >= QUEUE_REPORTING)
		return queue == QUEUE_HINTS ? QUEUE_REPORTING : QUEUE_HINTS;
	return queue;
}

bool is_ram_page(uint64_t page)
{
	uint64_t address = page * PAGE_BYTES;

	return page < RAM_PAGES && (address < LOW_RAM_END || address >= HIGH_RAM_BEGIN);
}

void model_clear(struct model *model)
{
	memset(model->named, 0, sizeof(model->named));
	memset(model->written, 0, sizeof(model->written));
	model->loose = false;
}

/* Bytes from @address to the end of its region, and whether that is RAM. */
static uint64_t region_left(uint64_t address, bool *ram)
{
	*ram = address < LOW_RAM_END || (address >= HIGH_RAM_BEGIN && address < RAM_BYTES);
	if (address < LOW_RAM_END)
		return LOW_RAM_END - address;
	if (address < HIGH_RAM_BEGIN)
		return HIGH_RAM_BEGIN - address;
	return (address < RAM_BYTES ? RAM_BYTES : 0) - address;
}

/* Read memory as the device sees it. */
static bool read_ram(struct reading *l, uint64_t address, void *to, uint64_t bytes)
{
	uint8_t *at = to;
	uint64_t part;
	bool ram;

	if (region_left(address, &ram) < bytes || !ram) {
		l->model->loose = true;
		return false;
	}
	for (; bytes; bytes -= part, address += part, at += part) {
		part = PAGE_BYTES - address % PAGE_BYTES;
		if (part > bytes)
			part = bytes;
		if (l->gone[address / PAGE_BYTES])
			memset(at, 0, part);
		else
			memcpy(at, l->t->ram + address, part);
	}
	return true;
}

static void name_page(struct reading *l, uint64_t page, bool uncertain)
{
	if (!is_ram_page(page))
		return;
	l->model->named[page] = true;
	l->gone[page] = true;
	/* If the rings were discarded, the rest is unknown. */
	if (uncertain && page < RAM_PAGES / 8)
		l->model->loose = true;
}

static void name_range(struct reading *l, uint64_t first, uint64_t pages, bool uncertain)
{
	uint64_t page;

	for (page = first; page < first + pages; page++)
		name_page(l, page, uncertain);
}

static uint64_t field(const char *text, const char *name)
{
	const char *at = text ? strstr(text, name) : NULL;

	return at ? strtoull(at + strlen(name), NULL, 0) : 0;
}

/* As text: jansson refuses addresses from 2^63 on. */
static bool get_ring(struct target *t, enum queue queue, struct ring *ring)
{
	char command[128];
	const char *text;
	json_t *answer;

	snprintf(command, sizeof(command), "info virtio-queue-status %s %d", BALLOON_PATH,
		 queue_index(t, queue));
	answer =
		target_qmp(t, "human-monitor-command", json_pack("{s:s}", "command-line", command));
	text = json_string_value(answer);
	*ring = (struct ring){
		.desc = field(text, " desc: "),
		.avail = field(text, " avail: "),
		.used = field(text, " used: "),
		.size = field(text, " num: "),
		.next = field(text, "last_avail_idx: "),
	};
	json_decref(answer);
	return ring->size;
}

void model_note_used_ring(struct model *model, struct target *t, enum queue queue)
{
	uint64_t page, first;
	struct ring ring;

	if (!get_ring(t, queue, &ring))
		return;
	/* The size may change later: assume the largest. */
	first = ring.used / PAGE_BYTES;
	for (page = first; page < RAM_PAGES && page <= first + 3; page++)
		model->written[page] = true;
	/* Only at the addresses of the driver do rings not overlap. */
	if (ring.used < RAM_BYTES && (ring.used < 0x130000 || ring.used >= 0x150000))
		model->loose = true;
}

static bool add_pieces(struct chain *c, uint64_t address, uint64_t bytes, bool in)
{
	unsigned int *count = in ? &c->ins : &c->outs;
	struct piece *piece;
	uint64_t left;

	if (!bytes)
		return false;
	for (; bytes; bytes -= piece->bytes, address += piece->bytes) {
		if (c->outs + c->ins == PIECES_MAX)
			return false;
		piece = &(in ? c->in : c->out)[(*count)++];
		piece->address = address;
		left = region_left(address, &piece->ram);
		piece->bytes = bytes < left ? bytes : left;
		c->uncertain = c->uncertain || !piece->ram;
	}
	return true;
}

static bool read_descriptor(struct reading *l, uint64_t table, uint32_t index, struct vring_desc *d)
{
	if (!read_ram(l, table + index * sizeof(*d), d, sizeof(*d)))
		return false;
	d->addr = le64toh(d->addr);
	d->len = le32toh(d->len);
	d->flags = le16toh(d->flags);
	d->next = le16toh(d->next);
	return true;
}

/* Returns false if the device stops. */
static bool read_chain(struct reading *l, const struct ring *ring, uint32_t head, struct chain *c)
{
	uint32_t max = ring->size, entries = 0;
	uint64_t table = ring->desc;
	struct vring_desc d;

	c->outs = c->ins = 0;
	c->uncertain = false;
	if (!read_descriptor(l, table, head, &d))
		return false;
	if (d.flags & VRING_DESC_F_INDIRECT) {
		if (!d.len || d.len % sizeof(d))
			return false;
		table = d.addr;
		max = d.len / sizeof(d);
		if (!read_descriptor(l, table, 0, &d))
			return false;
	}
	for (;;) {
		bool in = d.flags & VRING_DESC_F_WRITE;

		if ((!in && c->ins) || !add_pieces(c, d.addr, d.len, in) || ++entries > max)
			return false;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return true;
		if (d.next >= max || !read_descriptor(l, table, d.next, &d))
			return false;
	}
}

/* Copy the content of the buffer from @offset on. Returns the number of bytes. */
static uint64_t read_content(struct reading *l, const struct chain *c, uint64_t offset, void *to,
			     uint64_t bytes)
{
	uint64_t done = 0, part;
	unsigned int i;

	for (i = 0; i < c->outs && done < bytes; i++) {
		if (offset >= c->out[i].bytes) {
			offset -= c->out[i].bytes;
			continue;
		}
		part = c->out[i].bytes - offset;
		if (part > bytes - done)
			part = bytes - done;
		if (!read_ram(l, c->out[i].address + offset, (uint8_t *)to + done, part))
			return 0;
		done += part;
		offset = 0;
	}
	return done;
}

static void take_pfns(struct reading *l, const struct chain *c)
{
	uint32_t pfns[PFNS_AT_ONCE];
	uint64_t taken = 0, n, i;

	do {
		n = read_content(l, c, taken * 4, pfns, sizeof(pfns)) / 4;
		for (i = 0; i < n; i++)
			name_page(l, le32toh(pfns[i]), false);
		taken += n;
	} while (n == PFNS_AT_ONCE && taken < BUFFER_PAGES_MAX);
	l->work += taken;
}

static bool all_ram(uint64_t first, uint64_t pages)
{
	uint64_t i;

	for (i = 0; i < pages; i++)
		if (!is_ram_page(first + i))
			return false;
	return true;
}

static void take_chunks(struct reading *l, const struct chain *c)
{
	uint64_t chunks[BUFFER_ENTRIES_MAX], n, i, end = 0, total = 0;

	n = read_content(l, c, 0, chunks, sizeof(chunks)) / sizeof(chunks[0]);
	for (i = 0; i < n; i++) {
		uint64_t first = le64toh(chunks[i]) >> CHUNK_PAGES_BITS;
		uint64_t pages = le64toh(chunks[i]) & ((1 << CHUNK_PAGES_BITS) - 1);

		if (!pages || first < end || total + pages > BUFFER_PAGES_MAX ||
		    !all_ram(first, pages))
			continue;
		name_range(l, first, pages, false);
		end = first + pages;
		total += pages;
	}
	l->work += n > total ? n : total;
}

static void take_descriptors(struct reading *l, const struct chain *c)
{
	uint64_t end = 0;
	unsigned int i;

	for (i = 0; i < c->outs; i++) {
		const struct piece *p = &c->out[i];

		if (!p->ram || p->address % PAGE_BYTES || p->bytes % PAGE_BYTES || p->address < end)
			continue;
		name_range(l, p->address / PAGE_BYTES, p->bytes / PAGE_BYTES, c->uncertain);
		end = p->address + p->bytes;
		l->work += p->bytes / PAGE_BYTES;
	}
	l->work += c->outs;
}

static void take_report(struct reading *l, const struct chain *c)
{
	unsigned int i;

	for (i = 0; i < c->ins; i++)
		if (c->in[i].ram && !(c->in[i].address % PAGE_BYTES) &&
		    !(c->in[i].bytes % PAGE_BYTES))
			name_range(l, c->in[i].address / PAGE_BYTES, c->in[i].bytes / PAGE_BYTES,
				   c->uncertain);
}

static void take(struct reading *l, enum queue queue, const struct chain *c)
{
	if (queue == QUEUE_REPORTING)
		take_report(l, c);
	else if (l->model->features & FEATURE_SG)
		take_descriptors(l, c);
	else if (l->model->features & FEATURE_CHUNKS)
		take_chunks(l, c);
	else
		take_pfns(l, c);
	l->work++;
}

void model_observe(struct model *model, struct target *t, enum queue queue)
{
	struct reading reading = { .model = model, .t = t };
	static struct chain chain;
	struct ring ring;
	uint16_t end, head;

	if (model->loose || (queue != QUEUE_INFLATE && queue != QUEUE_REPORTING) ||
	    !get_ring(t, queue, &ring) || !ring.desc)
		return;
	if (queue == QUEUE_REPORTING && model->features & FEATURE_POISON &&
	    target_read(t, 'l', model->poison_address))
		return;
	if (!read_ram(&reading, ring.avail + 2, &end, 2))
		return;
	/* QEMU accepts an index further ahead than the length of the ring. */
	end = le16toh(end);
	for (; ring.next != end && !model->loose; ring.next++) {
		if (!read_ram(&reading, ring.avail + 4 + ring.next % ring.size * 2, &head, 2) ||
		    le16toh(head) >= ring.size ||
		    !read_chain(&reading, &ring, le16toh(head), &chain))
			return;
		take(&reading, queue, &chain);
		/* The main loop takes the rest later, when it may have changed. */
		if (queue == QUEUE_INFLATE && reading.work >= BUFFER_PAGES_MAX)
			model->loose = true;
	}
}
