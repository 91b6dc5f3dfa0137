/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/fuzz/guest.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <unistd.h>

/* Bus 0, device 4, in the address port of the host bridge. */
#define PCI_ADDRESS (0x80000000U | 4 << 11)
#define BAR_ADDRESS 0xe0000000U
#define BAR 4
#define PATTERN 0xa5a5a5a55a5a5a5aULL
/* The page that is inflated to check that the device works. */
#define PROBE_PAGE (DRIVER_END / PAGE_BYTES + 1)
#define CONFIG_ACTUAL 4

static uint32_t pci_read(struct target *t, char size, uint8_t at)
{
	target_out(t, 'l', 0xcf8, PCI_ADDRESS | (at & ~3));
	return target_in(t, size, 0xcfc + (at & 3));
}

static void pci_write(struct target *t, char size, uint8_t at, uint32_t value)
{
	target_out(t, 'l', 0xcf8, PCI_ADDRESS | (at & ~3));
	target_out(t, size, 0xcfc + (at & 3), value);
}

static uint64_t find_structure(struct target *t, uint8_t type, uint8_t *at)
{
	int limit = 48; /* more capabilities than fit */

	for (*at = pci_read(t, 'b', PCI_CAPABILITY_LIST); *at && limit;
	     *at = pci_read(t, 'b', *at + PCI_CAP_LIST_NEXT), limit--)
		if (pci_read(t, 'b', *at) == PCI_CAP_ID_VNDR &&
		    pci_read(t, 'b', *at + VIRTIO_PCI_CAP_CFG_TYPE) == type)
			return BAR_ADDRESS + pci_read(t, 'l', *at + VIRTIO_PCI_CAP_OFFSET);
	target_fail(t, "no virtio structure of type %d", type);
	return 0;
}

void guest_setup_pci(struct guest *g)
{
	pci_write(g->t, 'l', PCI_BASE_ADDRESS_0 + 4 * BAR, BAR_ADDRESS);
	pci_write(g->t, 'l', PCI_BASE_ADDRESS_0 + 4 * (BAR + 1), 0);
	pci_write(g->t, 'w', PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static bool is_drivers(uint64_t page)
{
	return page >= DRIVER_BEGIN / PAGE_BYTES && page < DRIVER_END / PAGE_BYTES;
}

static bool is_free(uint64_t page)
{
	return is_ram_page(page) && !is_drivers(page);
}

/* The first and the last word of a page. */
static uint64_t *word(struct guest *g, uint64_t page, bool last)
{
	return (uint64_t *)(g->t->ram + page * PAGE_BYTES + (last ? PAGE_BYTES - 8 : 0));
}

/* This also allocates the page, which a discard has freed. */
static void fill_page(struct guest *g, uint64_t page)
{
	*word(g, page, false) = *word(g, page, true) = PATTERN;
}

static void fill_memory(struct guest *g)
{
	uint64_t page;

	memset(g->t->ram + DRIVER_BEGIN, 0, DRIVER_END - DRIVER_BEGIN);
	for (page = 0; page < RAM_PAGES; page++)
		if (!is_drivers(page))
			fill_page(g, page);
}

void guest_init(struct guest *g, struct target *t)
{
	uint8_t at;
	int i;

	g->t = t;
	guest_setup_pci(g);
	g->common = find_structure(t, VIRTIO_PCI_CAP_COMMON_CFG, &at);
	g->isr = find_structure(t, VIRTIO_PCI_CAP_ISR_CFG, &at);
	g->config = find_structure(t, VIRTIO_PCI_CAP_DEVICE_CFG, &at);
	g->notify = find_structure(t, VIRTIO_PCI_CAP_NOTIFY_CFG, &at);
	g->notify_multiplier = pci_read(t, 'l', at + VIRTIO_PCI_NOTIFY_CAP_MULT);
	g->model.poison_address = g->config + 12;
	for (i = 0; i < 2; i++) {
		target_write(t, 'l', g->common + VIRTIO_PCI_COMMON_DFSELECT, i);
		g->offered |= target_read(t, 'l', g->common + VIRTIO_PCI_COMMON_DF) << 32 * i;
	}
	fill_memory(g);
	guest_settle(g);
}

/* Update the model, before the device reads a queue. */
void guest_observe(struct guest *g, enum queue queue)
{
	target_sync(g->t);
	if (!g->trusted)
		model_observe(&g->model, g->t, queue);
}

void guest_kick(struct guest *g, enum queue queue)
{
	uint16_t index = queue_index(g->t, queue);

	guest_observe(g, queue);
	target_write(g->t, 'w', g->notify + g->notify_multiplier * index, index);
	target_sync(g->t);
}

/* Update the state for one access. */
static void follow_common(struct guest *g, uint32_t offset, uint32_t value)
{
	enum queue queue;

	switch (offset) {
	case VIRTIO_PCI_COMMON_GFSELECT:
		g->feature_select = value;
		break;
	case VIRTIO_PCI_COMMON_GF:
		if (g->feature_select > 1)
			break;
		g->accepted &= 0xffffffffULL << 32 * !g->feature_select;
		g->accepted |= (uint64_t)value << 32 * g->feature_select;
		if (!(g->status & VIRTIO_CONFIG_S_FEATURES_OK))
			g->model.features = g->accepted & g->offered;
		break;
	case VIRTIO_PCI_COMMON_STATUS:
		g->status = value;
		if (!g->status)
			g->model.features = 0;
		break;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		target_sync(g->t);
		for (queue = 0; queue < QUEUE_COUNT; queue++)
			model_note_used_ring(&g->model, g->t, queue);
		break;
	default:
		break;
	}
}

static uint32_t bytes_of(char size)
{
	return size == 'b' ? 1 : size == 'w' ? 2 : size == 'l' ? 4 : 8;
}

static void write_part(struct guest *g, uint32_t offset, uint32_t bytes, uint32_t value)
{
	/* With DRIVER_OK the device reads its queues. */
	bool reads = offset == VIRTIO_PCI_COMMON_STATUS && value & VIRTIO_CONFIG_S_DRIVER_OK;

	if (reads)
		guest_observe(g, QUEUE_INFLATE);
	target_write(g->t, bytes == 1 ? 'b' : bytes == 2 ? 'w' : 'l', g->common + offset, value);
	follow_common(g, offset, value);
	if (reads)
		target_sync(g->t);
}

void guest_write_common(struct guest *g, uint32_t offset, char size, uint64_t value)
{
	uint32_t left = bytes_of(size), part;

	/* As QEMU does: aligned parts of at most 4 bytes. */
	for (; left; left -= part, offset += part, value >>= 8 * part) {
		for (part = 4; part > left || offset % part; part /= 2)
			;
		write_part(g, offset, part, value & (0xffffffffU >> (32 - 8 * part)));
	}
}

void guest_write_config(struct guest *g, uint32_t offset, char size, uint32_t value)
{
	uint32_t i;

	target_write(g->t, size, g->config + offset, value);
	for (i = 0; i < bytes_of(size); i++)
		if (offset + i < sizeof(g->config_bytes))
			g->config_bytes[offset + i] = i < 4 ? value >> 8 * i : 0;
}

void guest_setup_queue(struct guest *g, enum queue queue, uint16_t size, uint64_t desc,
		       uint64_t avail, uint64_t used)
{
	guest_write_common(g, VIRTIO_PCI_COMMON_Q_SELECT, 'w', queue_index(g->t, queue));
	guest_write_common(g, VIRTIO_PCI_COMMON_Q_SIZE, 'w', size);
	guest_write_common(g, VIRTIO_PCI_COMMON_Q_DESCLO, 'q', desc);
	guest_write_common(g, VIRTIO_PCI_COMMON_Q_AVAILLO, 'q', avail);
	guest_write_common(g, VIRTIO_PCI_COMMON_Q_USEDLO, 'q', used);
	target_write(g->t, 'w', g->common + VIRTIO_PCI_COMMON_Q_ENABLE, 1);
}

static void set_status(struct guest *g, uint8_t status)
{
	guest_write_common(g, VIRTIO_PCI_COMMON_STATUS, 'b', status);
}

void guest_start(struct guest *g, uint64_t features, uint8_t without)
{
	uint8_t status = without & GUEST_NO_ACKNOWLEDGE
				 ? 0
				 : VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
	enum queue queue;
	int i;

	if (!(without & GUEST_NO_RESET))
		set_status(g, 0);
	if (!(without & GUEST_KEEP_RINGS)) {
		target_sync(g->t);
		memset(g->t->ram + DRIVER_BEGIN, 0, BUFFER_AT(0) - DRIVER_BEGIN);
		memset(g->available, 0, sizeof(g->available));
	}
	if (status)
		set_status(g, status);
	for (i = 0; i < 2; i++) {
		guest_write_common(g, VIRTIO_PCI_COMMON_GFSELECT, 'l', i);
		guest_write_common(g, VIRTIO_PCI_COMMON_GF, 'l', (uint32_t)(features >> 32 * i));
	}
	if (!(without & GUEST_NO_FEATURES_OK))
		set_status(g, status |= VIRTIO_CONFIG_S_FEATURES_OK);
	if (!(without & GUEST_NO_QUEUES))
		for (queue = 0; queue < QUEUE_COUNT; queue++)
			guest_setup_queue(g, queue, 128, DESC_AT(queue), AVAIL_AT(queue),
					  USED_AT(queue));
	if (!(without & GUEST_NO_DRIVER_OK))
		set_status(g, status | VIRTIO_CONFIG_S_DRIVER_OK);
}

void guest_run(struct guest *g, const struct input *input)
{
	size_t i;

	for (i = 0; i < input->count && !*g->t->trouble; i++)
		guest_do(g, &input->records[i]);
	target_sync(g->t);
}

static void check_page(struct guest *g, uint64_t page, bool hole)
{
	if (g->model.named[page] || g->model.written[page] || g->model.loose)
		return;
	if (hole)
		target_fail(g->t, "page 0x%llx was discarded, which no entry names",
			    (unsigned long long)page);
	else if (is_free(page) &&
		 (*word(g, page, false) != PATTERN || *word(g, page, true) != PATTERN))
		target_fail(g->t, "page 0x%llx was written to", (unsigned long long)page);
}

/* The first page from @page on that is not allocated: a discard frees it. */
static uint64_t next_hole(struct guest *g, uint64_t page)
{
	off_t at = lseek(g->t->ram_fd, page * PAGE_BYTES, SEEK_HOLE);

	return at < 0 ? RAM_PAGES : at / PAGE_BYTES;
}

void guest_check_memory(struct guest *g)
{
	uint64_t page, hole = next_hole(g, 0);

	for (page = 0; page < RAM_PAGES && !*g->t->trouble; page++) {
		check_page(g, page, page == hole);
		if (page == hole)
			hole = next_hole(g, page + 1);
	}
}

static void check_actual(struct guest *g)
{
	json_t *answer = target_qmp(g->t, "query-balloon", NULL);
	const uint8_t *b = g->config_bytes + CONFIG_ACTUAL;
	uint64_t pages = b[0] | b[1] << 8 | b[2] << 16 | (uint64_t)b[3] << 24;
	json_int_t actual;

	if (answer && !json_unpack(answer, "{s:I}", "actual", &actual) &&
	    (uint64_t)actual != RAM_BYTES - pages * PAGE_BYTES)
		target_fail(g->t, "query-balloon says %lld bytes, the guest has set %llu pages",
			    (long long)actual, (unsigned long long)pages);
	json_decref(answer);
}

/* Inflate one page; the formats take turns. */
static void check_works(struct guest *g, uint64_t features)
{
	struct vring_desc *desc = (void *)(g->t->ram + DESC_AT(QUEUE_INFLATE));
	struct vring_avail *avail = (void *)(g->t->ram + AVAIL_AT(QUEUE_INFLATE));
	uint64_t *buffer = (void *)(g->t->ram + BUFFER_AT(0));

	guest_start(g, features | 1ULL << VIRTIO_F_VERSION_1, GUEST_KEEP_RINGS);
	target_sync(g->t);
	*buffer = features & FEATURE_CHUNKS ? PROBE_PAGE << 12 | 1 : PROBE_PAGE;
	*desc = (struct vring_desc){ .addr = BUFFER_AT(0),
				     .len = features & FEATURE_CHUNKS ? 8 : 4 };
	if (features & FEATURE_SG)
		*desc = (struct vring_desc){ .addr = PROBE_PAGE * PAGE_BYTES, .len = PAGE_BYTES };
	avail->idx = 1;
	guest_kick(g, QUEUE_INFLATE);
	if (*g->t->trouble)
		return;
	if (next_hole(g, PROBE_PAGE) != PROBE_PAGE)
		target_fail(g->t, "the device does not discard a page after a reset");
	fill_page(g, PROBE_PAGE);
}

static void settle_memory(struct guest *g)
{
	uint64_t page;

	for (page = 0; page < RAM_PAGES; page++)
		if ((g->model.named[page] || g->model.written[page] || g->model.loose) &&
		    !is_drivers(page))
			fill_page(g, page);
	/* Also allocates pages of the rings that were discarded. */
	memset(g->t->ram + DRIVER_BEGIN, 0, DRIVER_END - DRIVER_BEGIN);
	memset(g->available, 0, sizeof(g->available));
	model_clear(&g->model);
}

void guest_settle(struct guest *g)
{
	static const uint64_t formats[] = { 0, FEATURE_CHUNKS, FEATURE_SG };

	g->trusted = true;
	target_sync(g->t);
	if (!*g->t->trouble && !g->model.loose)
		check_actual(g);
	if (g->host_used)
		guest_host_settle(g);
	guest_setup_pci(g);
	set_status(g, 0);
	target_sync(g->t);
	settle_memory(g);
	check_works(g, formats[g->inputs++ % (sizeof(formats) / sizeof(formats[0]))]);
	guest_write_config(g, CONFIG_ACTUAL, 'l', 0);
	guest_write_config(g, CONFIG_ACTUAL + 8, 'l', 0);
	memset(g->config_bytes, 0, sizeof(g->config_bytes));
	set_status(g, 0);
	target_sync(g->t);
	g->host_used = g->trusted = false;
}
