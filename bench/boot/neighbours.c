/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/neighbours.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/alloc.h"

/* The boot's own guest is the first. */
static size_t number_of(const struct run *run, const struct neighbour *n)
{
	return n - run->neighbours.list + 2;
}

static int start(struct run *run, struct neighbour *n)
{
	const struct boot *boot = run->boot;
	struct qemu_config config;
	int err;

	n->directory = xasprintf("%s/vm-%zu", boot->directory, number_of(run, n));
	if (mkdir(n->directory, 0755)) {
		err = -errno;
		snprintf(run->vm.reason, sizeof(run->vm.reason), "cannot create %s: %s",
			 n->directory, strerror(-err));
		return err;
	}
	n->boot = *boot;
	n->boot.directory = n->directory;
	record_init(&boot_record, &n->checked);
	n->checked.checks.ok = true;
	n->run = (struct run){ .boot = &n->boot, .result = &n->checked, .number = 1 };
	config = boot_qemu_config(&n->boot);
	err = vm_start(&n->run.vm, &config, boot_cut(boot), boot->scenario->boot_timeout_ns);
	if (err && !n->run.vm.reason[0])
		snprintf(n->run.vm.reason, sizeof(n->run.vm.reason), "cannot run QEMU: %s",
			 strerror(-err));
	return err;
}

int neighbours_start(struct run *run)
{
	struct neighbours *all = &run->neighbours;
	const unsigned int wanted = run->boot->scenario->vms - 1;
	int err = 0;

	all->list = xcalloc(wanted, sizeof(*all->list));
	for (all->count = 0; !err && all->count < wanted; all->count++)
		err = start(run, &all->list[all->count]);
	neighbours_tell(run);
	return err;
}

void neighbours_tell(struct run *run)
{
	struct neighbour *n = run->neighbours.list, *end = n + run->neighbours.count;

	for (; n < end && !run->vm.reason[0]; n++)
		if (n->run.vm.reason[0])
			snprintf(run->vm.reason, sizeof(run->vm.reason), "guest %zu: %.900s",
				 number_of(run, n), n->run.vm.reason);
}

/* The texts go with the checks. */
static void take_checks(struct run *run, struct neighbour *n)
{
	struct record_list *from = &n->checked.checks.each;
	char reason[512];
	size_t i;

	for (i = 0; i < from->count; i++)
		*(struct check *)record_append(&check_record, &run->result->checks.each) =
			((struct check *)from->items)[i];
	free(from->items);
	*from = (struct record_list){ .items = NULL };
	if (n->checked.checks.ok)
		return;
	snprintf(reason, sizeof(reason), "guest %zu: %.400s", number_of(run, n), n->checked.reason);
	checks_refuse(run->result, reason);
}

int neighbours_end(struct run *run)
{
	struct neighbour *n = run->neighbours.list, *end = n + run->neighbours.count;
	int err = 0;

	for (; n < end; n++) {
		take_checks(run, n);
		run->stopped |= qemu_was_stopped(&n->run.vm.qemu);
		vm_power_off(&n->run.vm);
		if (!err)
			err = vm_check_console(&n->run.vm);
	}
	neighbours_tell(run);
	return err;
}

void neighbours_release(struct run *run)
{
	struct neighbour *n = run->neighbours.list, *end = n + run->neighbours.count;

	for (; n < end; n++) {
		record_release_counters(&n->run.vmstat);
		vm_release(&n->run.vm);
		record_release(&boot_record, &n->checked);
		free(n->directory);
	}
	free(run->neighbours.list);
	run->neighbours.count = 0;
}
