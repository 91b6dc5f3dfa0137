/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/balloon_driver.h"

#include "tests/helpers/unit.h"

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"

/* Bus 0, device 4, in the address port of the host bridge. */
#define PCI_ADDRESS (0x80000000U | 4 << 11)
#define BAR_ADDRESS 0xe0000000U
#define BAR 4
#define WAIT_S 60
#define RING_BYTES 4096

static uint32_t pci_read(struct machine *m, char size, uint8_t at)
{
	machine_out(m, 'l', 0xcf8, PCI_ADDRESS | (at & ~3));
	return machine_in(m, size, 0xcfc + (at & 3));
}

static void pci_write(struct machine *m, char size, uint8_t at, uint32_t value)
{
	machine_out(m, 'l', 0xcf8, PCI_ADDRESS | (at & ~3));
	machine_out(m, size, 0xcfc + (at & 3), value);
}

/* The address of a structure of the device; *@at: its capability. */
static uint64_t find_structure(struct machine *m, uint8_t type, uint8_t *at)
{
	for (*at = pci_read(m, 'b', PCI_CAPABILITY_LIST); *at;
	     *at = pci_read(m, 'b', *at + PCI_CAP_LIST_NEXT)) {
		if (pci_read(m, 'b', *at) != PCI_CAP_ID_VNDR ||
		    pci_read(m, 'b', *at + VIRTIO_PCI_CAP_CFG_TYPE) != type)
			continue;
		assert_int_equal(pci_read(m, 'b', *at + VIRTIO_PCI_CAP_BAR), BAR);
		return BAR_ADDRESS + pci_read(m, 'l', *at + VIRTIO_PCI_CAP_OFFSET);
	}
	fail_msg("no virtio structure of type %d", type);
	return 0;
}

static void set_status(struct driver *d, uint8_t status)
{
	machine_write(d->m, 'b', d->common + VIRTIO_PCI_COMMON_STATUS, status);
}

static uint8_t get_status(struct driver *d)
{
	return machine_read(d->m, 'b', d->common + VIRTIO_PCI_COMMON_STATUS);
}

static void negotiate(struct driver *d, uint64_t features)
{
	uint64_t offered = 0;
	int i;

	for (i = 0; i < 2; i++) {
		machine_write(d->m, 'l', d->common + VIRTIO_PCI_COMMON_DFSELECT, i);
		offered |= machine_read(d->m, 'l', d->common + VIRTIO_PCI_COMMON_DF) << 32 * i;
	}
	if (features & ~offered)
		fail_msg("the device does not offer 0x%llx",
			 (unsigned long long)(features & ~offered));
	for (i = 0; i < 2; i++) {
		machine_write(d->m, 'l', d->common + VIRTIO_PCI_COMMON_GFSELECT, i);
		machine_write(d->m, 'l', d->common + VIRTIO_PCI_COMMON_GF,
			      (uint32_t)(features >> 32 * i));
	}
}

/* The three parts of a queue, a page each. */
static uint32_t ring(enum queue queue, int part)
{
	return DRIVER_BEGIN + (queue * 3 + part) * RING_BYTES;
}

static void set_up_queue(struct driver *d, enum queue queue, uint64_t notify, uint32_t multiplier)
{
	static const uint8_t registers[] = { VIRTIO_PCI_COMMON_Q_DESCLO,
					     VIRTIO_PCI_COMMON_Q_AVAILLO,
					     VIRTIO_PCI_COMMON_Q_USEDLO };
	int part;

	machine_write(d->m, 'w', d->common + VIRTIO_PCI_COMMON_Q_SELECT, queue);
	assert_at_least(machine_read(d->m, 'w', d->common + VIRTIO_PCI_COMMON_Q_SIZE),
			QUEUE_LENGTH);
	machine_write(d->m, 'w', d->common + VIRTIO_PCI_COMMON_Q_SIZE, QUEUE_LENGTH);
	for (part = 0; part < 3; part++)
		machine_write(d->m, 'q', d->common + registers[part], ring(queue, part));
	d->notify[queue] =
		notify + multiplier * machine_read(d->m, 'w', d->common + VIRTIO_PCI_COMMON_Q_NOFF);
	machine_write(d->m, 'w', d->common + VIRTIO_PCI_COMMON_Q_ENABLE, 1);
}

void driver_start(struct driver *d, struct machine *m, uint64_t features)
{
	uint32_t multiplier;
	uint64_t notify;
	enum queue queue;
	uint8_t at;

	*d = (struct driver){ .m = m };
	assert_int_equal(pci_read(m, 'w', PCI_VENDOR_ID), 0x1af4);
	pci_write(m, 'l', PCI_BASE_ADDRESS_0 + 4 * BAR, BAR_ADDRESS);
	pci_write(m, 'l', PCI_BASE_ADDRESS_0 + 4 * (BAR + 1), 0);
	pci_write(m, 'w', PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	d->common = find_structure(m, VIRTIO_PCI_CAP_COMMON_CFG, &at);
	notify = find_structure(m, VIRTIO_PCI_CAP_NOTIFY_CFG, &at);
	multiplier = pci_read(m, 'l', at + VIRTIO_PCI_NOTIFY_CAP_MULT);

	memset(m->ram + DRIVER_BEGIN, 0, DRIVER_END - DRIVER_BEGIN);
	machine_push(m, DRIVER_BEGIN, DRIVER_END - DRIVER_BEGIN);
	set_status(d, 0);
	set_status(d, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	negotiate(d, features | 1ULL << VIRTIO_F_VERSION_1);
	set_status(d, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
			      VIRTIO_CONFIG_S_FEATURES_OK);
	assert_true(get_status(d) & VIRTIO_CONFIG_S_FEATURES_OK);
	for (queue = 0; queue < QUEUE_COUNT; queue++)
		set_up_queue(d, queue, notify, multiplier);
	set_status(d, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
			      VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
}

void driver_add(struct driver *d, enum queue queue, int head, const struct descriptor *chain,
		int count)
{
	struct vring_desc *desc = (void *)(d->m->ram + ring(queue, 0));
	struct vring_avail *avail = (void *)(d->m->ram + ring(queue, 1));
	int i;

	for (i = 0; i < count; i++) {
		desc[head + i] = (struct vring_desc){ .addr = chain[i].address,
						      .len = chain[i].bytes,
						      .flags = chain[i].flags & ~DESCRIPTOR_JUMP,
						      .next = head + i + 1 };
		if (chain[i].flags & DESCRIPTOR_JUMP)
			desc[head + i].next = chain[i].next;
		if (i + 1 < count || chain[i].flags & DESCRIPTOR_JUMP)
			desc[head + i].flags |= VRING_DESC_F_NEXT;
	}
	avail->ring[d->submitted[queue]++ % QUEUE_LENGTH] = head;
	machine_push(d->m, DRIVER_BUFFER, DRIVER_BUFFER_BYTES);
	machine_push(d->m, ring(queue, 0), RING_BYTES);
	__atomic_store_n(&avail->idx, d->submitted[queue], __ATOMIC_RELEASE);
	machine_push(d->m, ring(queue, 1), RING_BYTES);
}

void driver_notify(struct driver *d, enum queue queue)
{
	machine_write(d->m, 'w', d->notify[queue], queue);
}

uint16_t driver_used(const struct driver *d, enum queue queue)
{
	struct vring_used *used = (void *)(d->m->ram + ring(queue, 2));

	machine_pull(d->m, ring(queue, 2), RING_BYTES);
	return __atomic_load_n(&used->idx, __ATOMIC_ACQUIRE);
}

bool driver_wait(struct driver *d, enum queue queue)
{
	time_t end = time(NULL) + WAIT_S;

	while (driver_used(d, queue) != d->submitted[queue]) {
		if (get_status(d) & VIRTIO_CONFIG_S_NEEDS_RESET)
			return false;
		if (time(NULL) > end)
			fail_msg("a buffer was not used within %d s", WAIT_S);
		sleep_ns(NSEC_PER_MSEC);
	}
	return true;
}

bool driver_kick(struct driver *d, enum queue queue)
{
	driver_notify(d, queue);
	return driver_wait(d, queue);
}

bool driver_send(struct driver *d, enum queue queue, const void *content, uint32_t bytes)
{
	struct descriptor whole = { .address = DRIVER_BUFFER, .bytes = bytes };

	assert_at_most(bytes, DRIVER_BUFFER_BYTES);
	memcpy(d->m->ram + DRIVER_BUFFER, content, bytes);
	driver_add(d, queue, 0, &whole, 1);
	return driver_kick(d, queue);
}
