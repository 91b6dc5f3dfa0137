/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/guest/device.h"

#include <dirent.h>
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
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "bench/guest/procfs.h"
#include "lib/clock.h"

#define VIRTIO_DEVICES "/sys/bus/virtio/devices"
#define PCI_CONFIG_SIZE 256
#define PAGE_BYTES 4096
/* Where the two sizes stand among the words of virtio-mem's configuration space. */
#define PLUGGED_WORD 10
#define REQUESTED_WORD 12
#define PLUG_MS 60000
#define LOOK_NS 1000000

static int read_id(const char *name)
{
	char path[PATH_MAX];
	unsigned int id = 0;
	FILE *f;

	snprintf(path, sizeof(path), VIRTIO_DEVICES "/%s/device", name);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (fscanf(f, "%x", &id) != 1)
		id = 0;
	fclose(f);
	return id;
}

/* The directory of the PCI function that is the virtio device with this ID; 0 or -errno. */
static int find_pci_dir(int id, char dir[PATH_MAX])
{
	struct dirent *entry;
	int err = -ENODEV;
	DIR *devices;

	devices = opendir(VIRTIO_DEVICES);
	if (!devices)
		return -errno;
	while ((entry = readdir(devices))) {
		char link[PATH_MAX];

		if (entry->d_name[0] == '.' || read_id(entry->d_name) != id)
			continue;
		snprintf(link, sizeof(link), VIRTIO_DEVICES "/%s/..", entry->d_name);
		err = realpath(link, dir) ? 0 : -errno;
		break;
	}
	closedir(devices);
	return err;
}

static int read_pci_config(const char *dir, uint8_t config[PCI_CONFIG_SIZE])
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	if (snprintf(path, sizeof(path), "%s/config", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, config, PCI_CONFIG_SIZE);
	close(fd);
	if (n < 0)
		return -errno;
	return n == PCI_CONFIG_SIZE ? 0 : -EIO;
}

/* Walk the capability list to the one that places the device's own registers. */
static int find_device_cfg(const uint8_t config[PCI_CONFIG_SIZE], struct virtio_pci_cap *cap)
{
	uint8_t at = config[PCI_CAPABILITY_LIST];
	int hops;

	for (hops = 0; at && at <= PCI_CONFIG_SIZE - sizeof(*cap) && hops < 48; hops++) {
		memcpy(cap, config + at, sizeof(*cap));
		if (cap->cap_vndr == PCI_CAP_ID_VNDR && cap->cfg_type == VIRTIO_PCI_CAP_DEVICE_CFG)
			return 0;
		at = cap->cap_next;
	}
	return -ENODEV;
}

static int map_device_cfg(struct device *device, const char *dir, const struct virtio_pci_cap *cap)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint32_t offset = le32toh(cap->offset);
	char path[PATH_MAX];
	uint8_t *map;
	int fd;

	if (snprintf(path, sizeof(path), "%s/resource%u", dir, cap->bar) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	map = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, offset & ~(page - 1));
	close(fd);
	if (map == MAP_FAILED)
		return -errno;
	device->config = (const volatile uint32_t *)(map + (offset & (page - 1)));
	return 0;
}

static int open_device(struct device *device, int id)
{
	uint8_t config[PCI_CONFIG_SIZE] = { 0 };
	struct virtio_pci_cap cap;
	char dir[PATH_MAX];
	int err;

	err = find_pci_dir(id, dir);
	if (!err)
		err = read_pci_config(dir, config);
	if (!err)
		err = find_device_cfg(config, &cap);
	if (!err)
		err = map_device_cfg(device, dir, &cap);
	return err;
}

/* 64 bits that are read one half after the other, while they may change. */
static uint64_t read_size(const struct device *device, int word)
{
	uint32_t low, high;

	do {
		high = device->config[word + 1];
		low = device->config[word];
	} while (high != device->config[word + 1]);
	return (uint64_t)le32toh(high) << 32 | le32toh(low);
}

static uint64_t total_pages(void)
{
	struct sysinfo info;

	return sysinfo(&info) ? 0 : (uint64_t)info.totalram * info.mem_unit / PAGE_BYTES;
}

/* The driver plugs while the rest of the kernel boots, and after it. */
static int await_plugged(struct device *device)
{
	const struct timespec nap = { .tv_nsec = LOOK_NS };
	uint64_t deadline = deadline_in_ms(PLUG_MS);

	device->whole_bytes = read_size(device, REQUESTED_WORD);
	while (procfs_managed_pages("Movable") != device->whole_bytes / PAGE_BYTES) {
		if (clock_ns() > deadline)
			return -ETIMEDOUT;
		nanosleep(&nap, NULL);
	}
	device->total_pages = total_pages();
	return 0;
}

int device_open(struct device *device)
{
	int err = open_device(device, VIRTIO_ID_BALLOON);

	if (err != -ENODEV)
		return err;
	err = open_device(device, VIRTIO_ID_MEM);
	if (err)
		return err;
	device->plugs = true;
	return await_plugged(device);
}

uint32_t device_target(const struct device *device)
{
	if (!device->plugs)
		return le32toh(device->config[0]);
	return (device->whole_bytes - read_size(device, REQUESTED_WORD)) / PAGE_BYTES;
}

uint32_t device_away(const struct device *device, bool returning)
{
	uint32_t unplugged, unusable;

	if (!device->plugs)
		return le32toh(device->config[1]);
	unplugged = (device->whole_bytes - read_size(device, PLUGGED_WORD)) / PAGE_BYTES;
	if (!returning)
		return unplugged;
	unusable = device->total_pages - total_pages();
	return unusable > unplugged ? unusable : unplugged;
}
