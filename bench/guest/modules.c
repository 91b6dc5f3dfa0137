/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/guest/guest.h"

#define DIRECTORY "/modules"
#define PCI_DRIVER "/sys/bus/pci/drivers/virtio-pci"

static char first_error[256];

static int load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		err = -errno;
	close(fd);
	return err;
}

void modules_load(void)
{
	char name[NAME_MAX], path[PATH_MAX], error[sizeof(first_error)];
	FILE *order = fopen(DIRECTORY "/order", "re");
	int err;

	while (order && fscanf(order, "%254s", name) == 1) {
		snprintf(path, sizeof(path), DIRECTORY "/%s.ko", name);
		err = load(path);
		if (!err)
			continue;
		snprintf(error, sizeof(error), "cannot load the module %s: %s", name,
			 strerror(-err));
		fprintf(stderr, GUEST_CONSOLE_PREFIX "%s\n", error);
		if (!*first_error)
			memcpy(first_error, error, sizeof(error));
	}
	if (order)
		fclose(order);
}

const char *modules_explain(const char *driver)
{
	static char text[512];
	char path[PATH_MAX];
	const char *why = "the driver is there, but has taken no device: ";

	if (!strcmp(driver, "cmm"))
		return "the kernel has no cmm that simulates its hypervisor; it needs CONFIG_CMM "
		       "and cmm.simulate=1";
	if (!strcmp(driver, "vmw_balloon"))
		return "the kernel has no vmw_balloon, built in or in the modules given, or does "
		       "not find that the machine is VMware's; it needs CONFIG_VMWARE_BALLOON, "
		       "CONFIG_DMI and CONFIG_DEBUG_FS";
	snprintf(path, sizeof(path), "/sys/bus/virtio/drivers/%s", driver);
	if (access(PCI_DRIVER, F_OK) < 0)
		driver = "virtio_pci";
	if (!strcmp(driver, "virtio_pci") || access(path, F_OK) < 0)
		why = "the kernel has no driver, built in or in the modules given: ";
	snprintf(text, sizeof(text), "%s%s%s%s", why, driver, *first_error ? "; " : "",
		 first_error);
	return text;
}
