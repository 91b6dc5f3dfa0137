/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/monitor.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMM_LENGTH 15

/* Names, or what they begin with. */
static const struct {
	const char *name, *monitor;
	bool prefix;
} monitors[] = {
	{ "qemu-system-", "QEMU", true },
	{ "qemu-kvm", "QEMU", false },
	{ "kvm", "QEMU", false },
	{ "qemu", "QEMU", false },
	{ "cloud-hypervisor", "cloud-hypervisor", true },
	{ "crosvm", "crosvm", true },
	{ "firecracker", "firecracker", true },
	{ "krun", "libkrun", false },
	{ "krunvm", "libkrun", false },
	{ "krunkit", "libkrun", false },
	{ "muvm", "libkrun", false },
	{ "lkvm", "kvmtool", false },
};

#define MONITORS (sizeof(monitors) / sizeof(monitors[0]))

/* The file's name in a path, without what package managers and the kernel add: its length. */
static size_t bare_name(const char **name)
{
	static const char *const endings[] = { " (deleted)", "-wrapped" };
	const char *slash = strrchr(*name, '/');
	size_t length, end, i;

	*name = slash ? slash + 1 : *name;
	*name += **name == '.';
	length = strlen(*name);
	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		end = strlen(endings[i]);
		if (length > end && !strncmp(*name + length - end, endings[i], end))
			length -= end;
	}
	return length;
}

const char *monitor_by_name(const char *name, bool comm)
{
	size_t length = bare_name(&name), known, i;

	for (i = 0; i < MONITORS; i++) {
		known = strlen(monitors[i].name);
		if (comm && known > COMM_LENGTH)
			known = COMM_LENGTH;
		if (length < known || strncmp(name, monitors[i].name, known))
			continue;
		if (length == known || monitors[i].prefix)
			return monitors[i].monitor;
	}
	return NULL;
}

static bool copy(const char *from, size_t length, char *vm, size_t size)
{
	if (!length)
		return false;
	snprintf(vm, size, "%.*s", (int)length, from);
	return true;
}

/* Of "guest=NAME,debug-threads=on" or "NAME,process=x": commas of the name are doubled. */
static bool qemu_name(const char *value, char *vm, size_t size)
{
	size_t n = 0;

	if (!strncmp(value, "guest=", 6))
		value += 6;
	for (; *value && n + 1 < size; value++) {
		if (*value == ',' && *++value != ',')
			break;
		vm[n++] = *value;
	}
	vm[n] = '\0';
	return n;
}

/* Names of sockets that are the same for each machine, and of directories that have all sockets. */
static bool is_common(const char *name, size_t length)
{
	static const char *const common[] = {
		"api",	  "api-socket",	 "clh-api", "cloud-hypervisor", "ch",
		"crosvm", "firecracker", "fc",	    "control",		"socket",
		"vm",	  "run",	 "tmp"
	};
	size_t i;

	for (i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (length == strlen(common[i]) && !strncmp(name, common[i], length))
			return true;
	return false;
}

/* "/run/vm/web.sock" is the machine "web", and so is "/run/vm/web/api.sock". */
static bool socket_name(const char *value, char *vm, size_t size)
{
	const char *file, *dot, *directory;
	size_t length;

	if (!strncmp(value, "fd=", 3))
		return false;
	if (!strncmp(value, "path=", 5))
		value += 5;
	file = strrchr(value, '/') ? strrchr(value, '/') + 1 : value;
	dot = strrchr(file, '.');
	length = dot && dot > file ? (size_t)(dot - file) : strlen(file);
	if (!is_common(file, length))
		return copy(file, length, vm, size);
	if (file < value + 2)
		return false;
	for (directory = file - 1; directory > value && directory[-1] != '/'; directory--)
		;
	length = file - 1 - directory;
	return !is_common(directory, length) && copy(directory, length, vm, size);
}

static bool plain_name(const char *value, char *vm, size_t size)
{
	return copy(value, strlen(value), vm, size);
}

/* The options that name a machine; the first that is there counts. */
static const struct {
	const char *option;
	bool (*take)(const char *value, char *vm, size_t size);
} options[] = {
	{ "name", qemu_name },	       /* QEMU, crosvm, kvmtool */
	{ "id", plain_name },	       /* firecracker */
	{ "api-socket", socket_name }, /* cloud-hypervisor */
	{ "api-sock", socket_name },   /* firecracker without a jailer */
	{ "socket", socket_name },     /* crosvm */
};

/* Whether an argument is that option: its value behind "=", or "" if it is the next argument. */
static const char *option_value(const char *argument, const char *option)
{
	size_t length = strlen(option);

	if (*argument != '-')
		return NULL;
	argument += argument[1] == '-' ? 2 : 1;
	if (strncmp(argument, option, length))
		return NULL;
	argument += length;
	if (*argument == '=')
		return argument + 1;
	return *argument ? NULL : argument;
}

bool monitor_vm_by_arguments(const char *arguments, size_t size, char *vm, size_t vm_size)
{
	const char *end = arguments + size, *at, *value;
	size_t i;

	if (!size || end[-1])
		return false;
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		for (at = arguments + strlen(arguments) + 1; at < end; at += strlen(at) + 1) {
			value = option_value(at, options[i].option);
			if (value && !*value && at + strlen(at) + 1 < end)
				value = at + strlen(at) + 1;
			if (value && options[i].take(value, vm, vm_size))
				return true;
		}
	}
	return false;
}

/* systemd writes other characters than those of names as \xNN. */
static bool unescape(const char *from, size_t length, char *vm, size_t size)
{
	size_t n = 0, i;

	for (i = 0; i < length && n + 1 < size; i++) {
		if (from[i] == '\\' && i + 3 < length && from[i + 1] == 'x' &&
		    isxdigit((unsigned char)from[i + 2]) && isxdigit((unsigned char)from[i + 3])) {
			char hex[] = { from[i + 2], from[i + 3], '\0' };

			vm[n++] = strtoul(hex, NULL, 16);
			i += 3;
		} else {
			vm[n++] = from[i];
		}
	}
	vm[n] = '\0';
	return n;
}

/* "qemu-3-web", as libvirt registers it with systemd, is the machine "web". */
static void strip_number(char *vm)
{
	char *name = vm;

	if (strncmp(name, "qemu-", 5) || !isdigit((unsigned char)name[5]))
		return;
	name += 5;
	name += strspn(name, "0123456789");
	if (*name == '-' && name[1])
		memmove(vm, name + 1, strlen(name));
}

/* The UID of a pod, in which systemd's names have no dashes. */
static void write_dashes(char *vm)
{
	for (; *vm; vm++)
		if (*vm == '_')
			*vm = '-';
}

/* As the tools of containers show their IDs. */
static void shorten(char *vm)
{
	if (strlen(vm) > 12)
		vm[12] = '\0';
}

/* What stands between @before and @after in a control group's path. */
static bool between(const char *cgroups, const char *before, const char *after, char *vm,
		    size_t size)
{
	const char *begin = strstr(cgroups, before), *end;

	if (!begin)
		return false;
	begin += strlen(before);
	end = *after ? strstr(begin, after) : begin + strcspn(begin, "/\n");
	if (!end || memchr(begin, '/', end - begin) || memchr(begin, '\n', end - begin))
		return false;
	return unescape(begin, end - begin, vm, size);
}

bool monitor_vm_by_cgroup(const char *cgroups, char *vm, size_t vm_size)
{
	static const struct {
		const char *before, *after;
		void (*finish)(char *vm);
	} places[] = {
		{ "/machine-", ".scope", strip_number }, /* libvirt and systemd-machined */
		{ "/machine/", ".libvirt-qemu", NULL },	 /* libvirt without systemd */
		{ "/lxc.monitor.", "", NULL },		 /* Incus and LXD: their QEMU's monitor */
		{ "/qemu.slice/", ".scope", NULL },	 /* Proxmox VE: the number */
		{ "-pod", ".slice", write_dashes },	 /* Kubernetes, by systemd: the pod's UID */
		{ "/pod", "/", NULL },			 /* Kubernetes, by cgroupfs */
		{ "/libpod-", ".scope", shorten },	 /* Podman: the container's ID */
		{ "/docker-", ".scope", shorten },
		{ "/docker/", "", shorten },
	};
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (!between(cgroups, places[i].before, places[i].after, vm, vm_size))
			continue;
		if (places[i].finish)
			places[i].finish(vm);
		return *vm;
	}
	return false;
}
