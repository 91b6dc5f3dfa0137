/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Actions of the guest for each kind of record; tests/device/corpus/README.md has the fields. */
#include <endian.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "tests/device/fuzz/guest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define VIRTIO_STATUS_CONFIG_ID 8
#define TABLE_MAX 1024

static char width(uint8_t selector)
{
	return "bwlq"[selector % 4];
}

/* The address that a record selects. */
static uint64_t address(uint8_t kind, uint16_t x)
{
	switch (kind % 16) {
	case 0:
	case 1:
		return x % RAM_PAGES * PAGE_BYTES;
	case 2:
	case 3:
		return BUFFER_AT(x) + (kind & 0x40 ? x >> 3 : 0);
	case 4:
		return x % RAM_PAGES * PAGE_BYTES + 512;
	case 5:
		return RAM_BYTES - PAGE_BYTES * (x % 4);
	case 6:
		return 0x40000000ULL + x;
	case 7: /* the ROMs and what may be RAM there */
		return LOW_RAM_END - PAGE_BYTES + x % 0x42 * PAGE_BYTES;
	case 8: /* the firmware */
		return 0xfffc0000ULL - PAGE_BYTES + x % 0x42 * PAGE_BYTES;
	case 9: /* its own registers */
		return 0xe0000000ULL + x % 0x4000;
	case 10:
		return 1ULL << (32 + x % 32);
	case 11:
		return ~0ULL - x;
	case 12:
		return INDIRECT_AT + x % TABLE_MAX * sizeof(struct vring_desc);
	case 13: /* its own rings */
		return DRIVER_BEGIN + x % 0x80 * PAGE_BYTES;
	case 14: /* the interrupt controllers */
		return (x & 1 ? 0xfee00000ULL : 0xfec00000ULL) + x % 0x1000;
	default:
		return x;
	}
}

static uint32_t length(uint8_t kind, uint16_t y)
{
	static const uint32_t lengths[] = { PAGE_BYTES, 4,	    8,		16,
					    0,		1,	    4095,	0x2000,
					    0x10000,	0x80000000, UINT32_MAX, 10,
					    RAM_BYTES,	0x7ff,	    UINT32_MAX, 0 };

	if (kind % 16 == 14)
		return y;
	if (kind % 16 == 15)
		return y * 16U;
	return lengths[kind % 16];
}

static uint64_t features(uint16_t mask)
{
	static const uint8_t bits[] = { 1, 22, 23, 5, 4, 3, 0, 2, 28, 29, 32, 24, 27, 40, 30, 35 };
	uint64_t features = 0;
	size_t i;

	for (i = 0; i < COUNT(bits); i++)
		if (mask >> i & 1)
			features |= 1ULL << bits[i];
	return features;
}

static void put_descriptor(struct guest *g, const struct record *r, enum queue queue)
{
	uint64_t table = r->flags & 0x40 ? INDIRECT_AT : DESC_AT(queue);
	uint32_t slot = r->y % 256 % 128;
	struct vring_desc *d = (void *)(g->t->ram + table + slot * sizeof(*d));

	*d = (struct vring_desc){ .addr = htole64(address(r->kind, r->x)),
				  .len = htole32(length(r->kind >> 4, r->y)),
				  .flags = htole16(r->flags & 7),
				  .next = htole16(r->flags & 0x80 ? r->y >> 8 : slot + 1) };
}

static void put_available(struct guest *g, enum queue queue, uint16_t head, int16_t more)
{
	struct vring_avail *avail = (void *)(g->t->ram + AVAIL_AT(queue));

	avail->ring[g->available[queue] % 128] = htole16(head);
	g->available[queue] += 1 + more;
	__atomic_store_n(&avail->idx, htole16(g->available[queue]), __ATOMIC_RELEASE);
}

enum format { FORMAT_PFNS, FORMAT_CHUNKS, FORMAT_STATS, FORMAT_COMMAND, FORMAT_NOISE, FORMATS };

/* The page of entry @i: rising, with gaps, falling, repeated, or at a boundary. */
static uint64_t page_of(const struct record *r, uint32_t i)
{
	switch (r->kind >> 4 & 7) {
	case 0:
		return r->x + (uint64_t)i;
	case 1:
		return r->x + 2ULL * i;
	case 2:
		return r->x - (uint64_t)i;
	case 3:
		return r->x;
	case 4:
		return (RAM_PAGES - 2 + i) ^ (uint64_t)(r->x & 3) << 20;
	case 5:
		return (LOW_RAM_END / PAGE_BYTES) - 1 + i * (r->x % 64);
	case 6:
		return (1ULL << 52) - 1 - i - (r->x & 0xff);
	default:
		return r->x + (uint64_t)i * r->y;
	}
}

static uint32_t put_entry(struct guest *g, const struct record *r, uint8_t *at, uint32_t i)
{
	uint64_t entry = page_of(r, i);
	uint32_t bytes = 8;

	switch (r->kind % 16 % FORMATS) {
	case FORMAT_PFNS:
		bytes = 4;
		break;
	case FORMAT_CHUNKS:
		entry = entry << 12 | (r->y & 0xfff);
		break;
	case FORMAT_STATS: /* 2 bytes of tag, 8 of value */
		memset(at, r->y, 10);
		at[0] = i + r->x;
		at[1] = r->x >> 8;
		return 10;
	case FORMAT_COMMAND:
		entry = target_read(g->t, 'l', g->config + VIRTIO_STATUS_CONFIG_ID) + r->y % 4;
		bytes = 4;
		break;
	default:
		entry = (r->x + 1) * 0x9e3779b97f4a7c15ULL * (r->y + i + 1);
		break;
	}
	entry = htole64(entry);
	memcpy(at, &entry, bytes);
	return bytes;
}

/* Returns how many bytes it is. */
static uint32_t put_entries(struct guest *g, const struct record *r, uint8_t slot)
{
	/* More than QEMU reads in one go, and all that is in a buffer, now and then. */
	uint32_t count = 1 + r->flags % 32, bytes = 0, i;

	if (r->flags & 0x80)
		count *= 64;
	if (r->flags & 0x40)
		count += 1023;
	if (r->kind % 16 % FORMATS == FORMAT_COMMAND)
		count = 1;
	for (i = 0; i < count && bytes + 10 <= BUFFER_BYTES; i++)
		bytes += put_entry(g, r, g->t->ram + BUFFER_AT(slot) + bytes, i);
	return r->flags & 0x20 ? bytes - 1 : bytes;
}

/* A buffer as a driver would send it, of entries or (page-sg, reports) of descriptors. */
static void do_send(struct guest *g, const struct record *r, enum queue queue)
{
	struct vring_desc *d = (void *)(g->t->ram + DESC_AT(queue));
	bool ranges = r->kind & 0x80, in = queue == QUEUE_REPORTING || queue == QUEUE_HINTS;
	uint32_t count = ranges ? 1 + r->flags % 32 : 1, i;

	if (ranges) {
		for (i = 0; i < count; i++)
			d[i] = (struct vring_desc){ htole64(page_of(r, i) * PAGE_BYTES),
						    htole32((r->y % 64) * PAGE_BYTES),
						    htole16(in ? VRING_DESC_F_WRITE : 0),
						    htole16(i + 1) };
	} else {
		d[0] = (struct vring_desc){ htole64(BUFFER_AT(0)), htole32(put_entries(g, r, 0)), 0,
					    htole16(1) };
	}
	for (i = 0; i + 1 < count; i++)
		d[i].flags |= htole16(VRING_DESC_F_NEXT);
	put_available(g, queue, 0, 0);
	guest_kick(g, queue);
}

static void do_queue(struct guest *g, const struct record *r, enum queue queue)
{
	uint64_t desc = DESC_AT(queue), avail = AVAIL_AT(queue), used = USED_AT(queue);

	if (r->flags & 1)
		desc = address(r->kind, r->y);
	if (r->flags & 2)
		avail = address(r->kind >> 4, r->y);
	if (r->flags & 4)
		used = address(r->kind >> 2, r->y);
	guest_setup_queue(g, r->flags & 8 ? r->queue : queue, r->x, desc, avail, used);
	target_sync(g->t);
	model_note_used_ring(&g->model, g->t, queue);
}

static void do_config(struct guest *g, const struct record *r)
{
	uint32_t value = r->x | (uint32_t)r->y << 16;

	if (r->kind & 0x80)
		target_read(g->t, width(r->kind), g->config + r->queue % 64);
	else if (width(r->kind) != 'q')
		guest_write_config(g, r->queue % 64, width(r->kind), value);
}

static void do_common(struct guest *g, const struct record *r)
{
	uint64_t value = r->x | (uint64_t)r->y << 16;
	uint32_t offset = r->queue % 64;

	if (r->kind & 0x80) {
		target_read(g->t, width(r->kind), g->common + offset);
		return;
	}
	guest_write_common(g, offset, width(r->kind), r->kind & 0x40 ? ~value : value);
	target_sync(g->t);
}

static void do_notify(struct guest *g, const struct record *r)
{
	if (r->kind & 0x80) {
		target_read(g->t, width(r->kind), g->isr + r->queue % 8);
		return;
	}
	guest_observe(g, QUEUE_INFLATE);
	guest_observe(g, QUEUE_REPORTING);
	target_write(g->t, width(r->kind), g->notify + r->x % 0x1000, r->y);
	target_sync(g->t);
}

/* The capability that accesses registers by PCI's configuration space, and the command register. */
static void do_pci(struct guest *g, const struct record *r)
{
	uint8_t at = r->kind & 0x40 ? 4 : 0x40 + r->queue % 0xc0;

	g->model.loose = true;
	target_out(g->t, 'l', 0xcf8, 0x80000000U | 4 << 11 | (at & ~3));
	if (r->kind & 0x80)
		target_in(g->t, width(r->kind % 3), 0xcfc + (at & 3));
	else
		target_out(g->t, width(r->kind % 3), 0xcfc + (at & 3), r->x | (uint32_t)r->y << 16);
	target_sync(g->t);
}

static void do_memory(struct guest *g, const struct record *r)
{
	uint32_t at = DRIVER_BEGIN + (r->x * 4U + r->queue % 4 * 0x40000U) % 0x50000U;

	if (r->kind & 1)
		at = AVAIL_AT(r->queue % QUEUE_COUNT) + r->x % 64 * 2;
	memcpy(g->t->ram + at, &r->y, 2);
}

void guest_do(struct guest *g, const struct record *r)
{
	enum queue queue = r->queue % QUEUE_COUNT;

	target_sync(g->t);
	switch (record_op(r)) {
	case OP_START:
		/* Most guests negotiate version 1. */
		guest_start(g, features(r->x) ^ (1ULL << 32), r->flags);
		break;
	case OP_STATUS:
		guest_write_common(g, VIRTIO_PCI_COMMON_STATUS, 'b', r->kind);
		break;
	case OP_QUEUE:
		do_queue(g, r, queue);
		break;
	case OP_DESCRIPTOR:
		put_descriptor(g, r, queue);
		break;
	case OP_AVAILABLE:
		put_available(g, queue, r->kind % 130, r->flags & 0x80 ? r->x : 0);
		break;
	case OP_ENTRIES:
		put_entries(g, r, r->queue);
		break;
	case OP_SEND:
		do_send(g, r, queue);
		break;
	case OP_KICK:
		guest_kick(g, queue);
		break;
	case OP_CONFIG:
		do_config(g, r);
		break;
	case OP_COMMON:
		do_common(g, r);
		break;
	case OP_NOTIFY:
		do_notify(g, r);
		break;
	case OP_PCI:
		do_pci(g, r);
		break;
	case OP_MEMORY:
		do_memory(g, r);
		break;
	case OP_HOST:
		guest_host(g, r);
		break;
	case OP_CLOCK:
		target_clock(g->t, (r->x + 1ULL) << r->kind % 24);
		break;
	default:
		break;
	}
}
