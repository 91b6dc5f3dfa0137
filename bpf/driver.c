/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/driver.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_there(const char *sys, const char *what)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", sys, what);
	return !access(path, F_OK);
}

/* The driver's directory has a link for each of its devices, as virtio3. */
static bool has_device(const char *sys)
{
	struct dirent *entry;
	bool found = false;
	char path[512];
	DIR *dir;

	snprintf(path, sizeof(path), "%s/bus/virtio/drivers/virtio_balloon", sys);
	dir = opendir(path);
	while (!found && dir && (entry = readdir(dir)))
		found = !strncmp(entry->d_name, "virtio", 6) &&
			isdigit((unsigned char)entry->d_name[6]);
	if (dir)
		closedir(dir);
	return found;
}

const char *balloon_driver_problem(const char *sys)
{
	if (!is_there(sys, "bus"))
		return "sysfs is not mounted on /sys, which says whether there is a balloon";
	if (!is_there(sys, "bus/virtio"))
		return "this kernel has no virtio bus: no virtual machine, or one without virtio";
	if (!is_there(sys, "bus/virtio/drivers/virtio_balloon"))
		return "the driver virtio_balloon is neither built in nor loaded; modprobe "
		       "virtio_balloon";
	if (!has_device(sys))
		return "the driver virtio_balloon is loaded and has no device: the monitor gave "
		       "this machine none, as QEMU does by -device virtio-balloon-pci";
	return NULL;
}

/* What is built in has no initstate. */
bool balloon_module_lacks_btf(const char *sys)
{
	return is_there(sys, "module/virtio_balloon/initstate") &&
	       !is_there(sys, "kernel/btf/virtio_balloon");
}
