/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_pci.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/guest/guest.h"
#include "lib/clock.h"

#define PCI_CONFIG_SIZE 256
/* 0x1040 and the virtio ID: there is no transitional device. */
#define PCI_ID_VIRTIO_MEM "0x1058"
/* The two sizes in virtio-mem's configuration space, in words. */
#define PLUGGED_WORD 10
#define REQUESTED_WORD 12
#define PLUG_MS 60000
#define POLL_NS 1000000

static const volatile uint32_t *config;
static bool plugs;	     /* virtio-mem */
static uint64_t whole_bytes; /* of virtio-mem, with everything plugged */
static uint64_t total_pages; /* of the guest, likewise */

/* Drivers that have no virtio device, by the method of the guest's command line. */
static const struct driver {
	const char *method, *name;
	int (*open)(void);
	uint32_t (*read)(enum device_pages what);
	int (*set_target)(uint32_t pages); /* NULL: the host does that */
	bool is_early;
} drivers[] = {
	{ "vmware", "vmw_balloon", vmware_open, vmware_read, NULL, true },
	{ "cmm", "cmm", cmm_open, cmm_read, cmm_set_target, false },
};

static const struct driver *driver; /* NULL: virtio's */

static const struct driver *find_driver(const char *method)
{
	size_t i;

	for (i = 0; method && i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (!strcmp(drivers[i].method, method))
			return &drivers[i];
	return NULL;
}

/* Find the capability that locates the device configuration. */
static int find_device_cfg(const uint8_t pci[PCI_CONFIG_SIZE], struct virtio_pci_cap *cap)
{
	uint8_t at = pci[PCI_CAPABILITY_LIST];
	int hops;

	for (hops = 0; at && at <= PCI_CONFIG_SIZE - sizeof(*cap) && hops < 48; hops++) {
		memcpy(cap, pci + at, sizeof(*cap));
		if (cap->cap_vndr == PCI_CAP_ID_VNDR && cap->cfg_type == VIRTIO_PCI_CAP_DEVICE_CFG)
			return 0;
		at = cap->cap_next;
	}
	return -ENODEV;
}

/* The address of a BAR, from a line of the file "resource": its begin, its end and flags. */
static uint64_t bar_address(const char *dir, unsigned int bar)
{
	unsigned long long begin = 0;
	char path[PATH_MAX], text[1024];
	const char *line = text;

	snprintf(path, sizeof(path), "%s/../resource", dir);
	if (procfs_read(path, text, sizeof(text)) < 0)
		return 0;
	for (; line && bar; bar--) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return line && sscanf(line, "%llx", &begin) == 1 ? begin : 0;
}

/* A BAR that is smaller than a page may begin within one, and so does its mapping. */
static int map_bar(const char *dir, unsigned int bar, uint32_t offset)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char path[PATH_MAX];
	uint8_t *map;
	int fd;

	snprintf(path, sizeof(path), "%s/../resource%u", dir, bar);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	offset += bar_address(dir, bar) & (page - 1);
	map = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, offset & ~(page - 1));
	close(fd);
	if (map == MAP_FAILED)
		return -errno;
	config = (const volatile uint32_t *)(map + (offset & (page - 1)));
	return 0;
}

static int open_device(int id)
{
	char dir[PATH_MAX], path[PATH_MAX], line[16];
	uint8_t pci[PCI_CONFIG_SIZE + 1];
	struct virtio_pci_cap cap;
	ssize_t n;
	int err;

	snprintf(line, sizeof(line), "0x%04x", id);
	err = procfs_find("/sys/bus/virtio/devices/*/device", line, dir);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/driver", dir);
	if (access(path, F_OK) < 0)
		return -ENODEV;
	/* The parent of a virtio device is its PCI function. */
	snprintf(path, sizeof(path), "%s/../config", dir);
	n = procfs_read(path, pci, sizeof(pci));
	if (n != PCI_CONFIG_SIZE)
		return n < 0 ? n : -EIO;
	err = find_device_cfg(pci, &cap);
	if (err)
		return err;
	return map_bar(dir, cap.bar, le32toh(cap.offset));
}

/* The two halves are read one after the other, and may change in between. */
static uint64_t read_size(int word)
{
	uint32_t low, high;

	do {
		high = config[word + 1];
		low = config[word];
	} while (high != config[word + 1]);
	return (uint64_t)le32toh(high) << 32 | le32toh(low);
}

/* The driver plugs memory during and after the boot. */
static int await_plugged(void)
{
	uint64_t deadline = deadline_in_ms(PLUG_MS);

	whole_bytes = read_size(REQUESTED_WORD);
	while (procfs_movable_pages() != whole_bytes / PAGE_BYTES) {
		if (clock_ns() > deadline)
			return -ETIMEDOUT;
		sleep_ns(POLL_NS);
	}
	total_pages = sysconf(_SC_PHYS_PAGES);
	return 0;
}

const char *device_driver(void)
{
	char dir[PATH_MAX];

	if (driver)
		return driver->name;
	return procfs_find("/sys/bus/pci/devices/*/device", PCI_ID_VIRTIO_MEM, dir)
		       ? "virtio_balloon"
		       : "virtio_mem";
}

int device_open(void)
{
	int err;

	driver = find_driver(getenv(GUEST_METHOD_VARIABLE));
	if (driver)
		return driver->open();
	err = open_device(VIRTIO_ID_BALLOON);
	if (err != -ENODEV)
		return err;
	err = open_device(VIRTIO_ID_MEM);
	plugs = true;
	return err ? err : await_plugged();
}

bool device_is_early(void)
{
	return driver && driver->is_early;
}

bool device_asks(void)
{
	return driver;
}

int device_set_target(uint32_t pages)
{
	return driver && driver->set_target ? driver->set_target(pages) : 0;
}

uint32_t device_read(enum device_pages what)
{
	uint32_t unplugged, unusable;

	if (driver)
		return driver->read(what);
	if (!plugs)
		return le32toh(config[what == TARGET ? 0 : 1]);
	unplugged = (whole_bytes - read_size(what == TARGET ? REQUESTED_WORD : PLUGGED_WORD)) /
		    PAGE_BYTES;
	if (what != AWAY_RETURNING)
		return unplugged;
	unusable = total_pages - sysconf(_SC_PHYS_PAGES);
	return unusable > unplugged ? unusable : unplugged;
}
