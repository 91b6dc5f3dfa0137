/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/functions.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MODULE "virtio_balloon"

static struct btf *vmlinux, *module;
static bool loaded;

static void load_btf(void)
{
	if (loaded)
		return;
	loaded = true;
	vmlinux = btf__load_vmlinux_btf();
	if (vmlinux)
		module = btf__load_module_btf(MODULE, vmlinux); /* NULL: built in, or not loaded */
}

bool functions_in_btf(const char *function)
{
	load_btf();
	if (vmlinux && btf__find_by_name_kind(vmlinux, function, BTF_KIND_FUNC) > 0)
		return true;
	return module && btf__find_by_name_kind(module, function, BTF_KIND_FUNC) > 0;
}

bool functions_in_kallsyms(const char *function)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long long address;
	char line[512], name[256];
	bool found = false;

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%llx %*c %255s", &address, name) == 2 && address &&
			!strcmp(name, function);
	fclose(f);
	return found;
}

void functions_forget(void)
{
	btf__free(module);
	btf__free(vmlinux);
	module = vmlinux = NULL;
	loaded = false;
}
