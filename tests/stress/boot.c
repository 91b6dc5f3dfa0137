/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/stress/boot.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "lib/clock.h"
#include "tests/stress/audit.h"
#include "tests/stress/findings.h"

#define BOOT_NS (300 * NSEC_PER_SEC)
#define COMMAND_MS 60000
#define REPORT_S 2
/*
 * QEMU 10.0 can fail this assertion of its own under TCG on a busy machine, while a guest
 * maps the BARs of its devices. The balloon is not involved: it is not there yet.
 */
#define QEMU_TRIPPED "iotlb_to_section"

void stress_log(struct stress_boot *boot, json_t *line)
{
	json_t *where =
		json_pack("{s:f, s:s, s:i, s:i}", "t_s",
			  (double)(clock_ns() - boot->started_ns) / NSEC_PER_SEC, "cut",
			  boot->cut->name, "boot", (int)boot->number, "round", (int)boot->round);

	json_object_update(where, line);
	json_dumpf(where, boot->log, JSON_COMPACT | JSON_REAL_PRECISION(9));
	fputc('\n', boot->log);
	fflush(boot->log);
	json_decref(where);
	json_decref(line);
}

void stress_found(struct stress_boot *boot, json_t *finding)
{
	stress_log(boot, json_pack("{s:s, s:O}", "op", "finding", "finding", finding));
	if (boot->finding)
		json_decref(finding);
	else
		boot->finding = finding;
}

void stress_found_text(struct stress_boot *boot, const char *kind, const char *fmt, ...)
{
	char text[4096], *at;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* A guest may send anything, JSON takes UTF-8. */
	for (at = text; *at; at++)
		if ((unsigned char)*at > '~')
			*at = '?';
	stress_found(boot, json_pack("{s:s, s:s, s:[]}", "kind", kind, "line", text, "excerpt"));
}

/* After a finding, wait for the rest of the kernel's report, and scan it again. */
void stress_check_console(struct stress_boot *boot)
{
	long before = boot->console_offset;
	char path[PATH_MAX];
	json_t *finding;

	snprintf(path, sizeof(path), "%s/console.log", boot->directory);
	finding = findings_scan(path, &boot->console_offset);
	if (!finding)
		return;
	json_decref(finding);
	sleep_ns(REPORT_S * NSEC_PER_SEC);
	boot->console_offset = before;
	stress_found(boot, findings_scan(path, &boot->console_offset));
}

uint64_t stress_orders(const struct stress_counts *counts)
{
	uint64_t sum = 0;
	int op;

	for (op = 0; op < STRESS_OPS; op++)
		sum += counts->done[op];
	return sum;
}

/* The PCI address of the balloon, as the kernel writes it. */
static int find_balloon(struct stress_boot *boot)
{
	const char *id;
	json_t *buses = NULL, *devices, *device;
	size_t i;
	int err;

	err = qmp_execute(boot->vm.qmp, "query-pci", NULL, &buses, deadline_in_ms(COMMAND_MS));
	if (err) {
		vm_explain(&boot->vm, "looking for the balloon", qmp_error(boot->vm.qmp));
		return err;
	}
	devices = json_object_get(json_array_get(buses, 0), "devices");
	json_array_foreach (devices, i, device) {
		id = json_string_value(json_object_get(device, "qdev_id"));
		if (id && !strcmp(id, "balloon0"))
			snprintf(boot->pci_address, sizeof(boot->pci_address), "0000:00:%02x.%u",
				 (unsigned int)json_integer_value(json_object_get(device, "slot")),
				 (unsigned int)json_integer_value(
					 json_object_get(device, "function")));
	}
	json_decref(buses);
	if (boot->pci_address[0])
		return 0;
	vm_explain(&boot->vm, "looking for the balloon", "QEMU has no device balloon0");
	return -ENODEV;
}

static bool at_end(const struct stress_boot *boot, const struct stress_limits *limits)
{
	if (limits->end_ns && clock_ns() >= limits->end_ns)
		return true;
	return limits->orders && stress_orders(boot->counts) >= limits->orders;
}

static int one_round(struct stress_boot *boot)
{
	struct stress_round round;
	int err;

	schedule_round(&round, boot->seed, boot->number, boot->round);
	if (boot->vm.method == RESULT_VMWARE)
		schedule_round_of_vmware(&round);
	err = stress_round_run(boot, &round);
	stress_check_console(boot);
	if (!err && !boot->finding && (boot->round + 1) % STRESS_AUDIT_ROUNDS == 0) {
		err = stress_audit(boot);
		stress_check_console(boot);
	}
	return err;
}

/* The last audit, unless a round has just ended with one. */
static int finish(struct stress_boot *boot)
{
	int err = boot->round % STRESS_AUDIT_ROUNDS ? stress_audit(boot) : 0;

	if (!err && !boot->finding) {
		err = stress_audit_leaks(boot);
		boot->counts->leak_scans += !err;
	}
	stress_check_console(boot);
	return err;
}

static int prepare(struct stress_boot *boot)
{
	int err;

	snprintf(boot->qemu_version, sizeof(boot->qemu_version), "%s", qmp_version(boot->vm.qmp));
	/* VMware's is on no PCI bus. */
	err = boot->vm.method == RESULT_VMWARE ? 0 : find_balloon(boot);
	return err ? err : stress_audit_begin(boot);
}

static int drive(struct stress_boot *boot, const struct stress_limits *limits)
{
	int err = 0;

	while (boot->round < STRESS_ROUNDS && !at_end(boot, limits)) {
		err = one_round(boot);
		if (err || boot->finding)
			return err;
		boot->round++;
	}
	return finish(boot);
}

static int start(struct stress_boot *boot, const struct qemu_config *config)
{
	int err = vm_start(&boot->vm, config, boot->cut, BOOT_NS);

	if (err && strstr(boot->vm.reason, QEMU_TRIPPED)) {
		vm_release(&boot->vm);
		err = vm_start(&boot->vm, config, boot->cut, BOOT_NS);
	}
	return err;
}

static void add_up(struct stress_boot *boot)
{
	boot->counts->boots++;
	boot->counts->page_owner_boots += boot->machine.page_owner;
	boot->counts->init_boots += boot->machine.init_on_alloc;
	boot->counts->inflated_pages += boot->inflated_pages;
	boot->counts->deflated_pages += boot->deflated_pages;
	boot->counts->migrated_pages += boot->migrated_pages;
}

int stress_boot_run(struct stress_boot *boot, const struct qemu_config *config,
		    const struct stress_limits *limits)
{
	int err = start(boot, config);

	if (!err)
		err = prepare(boot);
	stress_check_console(boot);
	if (err || boot->finding)
		goto out;
	err = drive(boot, limits);
	add_up(boot);
	if (err == -EINTR)
		goto out;
	/* A lost guest is a finding, named by the console if that has a message. */
	stress_check_console(boot);
	if (err && !boot->finding)
		stress_found_text(boot, "guest lost", "%s", boot->vm.reason);
	err = 0;
	if (!boot->finding)
		err = stress_retire_driver(boot);
	if (!boot->finding && !err) {
		vm_power_off(&boot->vm);
		stress_check_console(boot);
	}
out:
	vm_release(&boot->vm);
	return boot->finding ? 0 : err;
}
