/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/boot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/boot/tracing.h"
#include "bench/boot/victims.h"
#include "bench/boot/cycle.h"
#include "bench/guest/protocol.h"
#include "bench/vm/interrupt.h"
#include "bench/boot/perf.h"
#include "bench/vm/qemu_probe.h"
#include "bench/boot/checks.h"
#include "bench/vm/vm.h"
#include "lib/result.h"

/* A boot under way. */
struct run {
	const struct boot *boot;
	struct vm vm;
	struct checks checks;
	struct tracing trace;
	struct perf perf;
	struct boot_victims victims;
	json_t *cycles;
	json_t *vmstat; /* what changed in it over the cycles; empty until they are over */
	json_t *traced; /* "ops", "trace", "perf" and "victims" of the result */
	json_t *clock;	/* the same of the result */
};

static void say(const struct boot *boot, const char *what)
{
	if (boot->progress)
		boot->progress(what, boot->context);
}

struct qemu_config boot_qemu_config(const struct boot *boot)
{
	const struct image_cut *cut = images_find(boot->images, boot->variant->cut);

	return (struct qemu_config){
		.binary = boot->images->qemu,
		.vmlinux = cut ? cut->vmlinux : NULL,
		.initramfs = boot->images->initramfs,
		/*
		 * Virtual CPUs take turns under icount, and turns are long: an
		 * agent on another CPU than the driver looks once in 10 ms. And
		 * victims are to have their CPU for themselves.
		 */
		.append = boot->accel == ACCEL_ICOUNT || boot->scenario->guest_victims
				  ? GUEST_CPU_VARIABLE "=0"
				  : NULL,
		.accel = boot->accel,
		.memory_bytes = boot->scenario->memory_bytes,
		.vcpus = boot->scenario->vcpus,
		.backing = boot->scenario->backing,
		.thp = boot->scenario->thp,
		.prealloc = boot->scenario->prealloc,
		/*
		 * Else the kick goes to another thread. The guest idles until
		 * that has run, its clock skips to its next timers, and how
		 * many they are is up to the load of this machine.
		 */
		.balloon_in_cpu = boot->accel == ACCEL_ICOUNT &&
				  qemu_balloon_has(boot->images->qemu, "ioeventfd"),
		.plugged_bytes = boot->variant->method == METHOD_VIRTIO_MEM
					 ? boot->scenario->inflate_bytes
					 : 0,
		.device_properties = boot->variant->device,
		.deflate_on_oom = boot->scenario->deflate_on_oom,
		.reports_free_pages = boot->variant->method == METHOD_REPORTING,
		.pin = boot->pin,
		.directory = boot->directory,
	};
}

static int64_t member(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static int one_cycle(struct run *run, unsigned int number)
{
	struct cycle cycle = { .boot = run->boot,
			       .vm = &run->vm,
			       .checks = &run->checks,
			       .trace = &run->trace,
			       .victims = &run->victims,
			       .clock = run->clock,
			       .number = number,
			       .result = json_object() };
	int err = cycle_run(&cycle);

	if (err)
		json_decref(cycle.result);
	else
		json_array_append_new(run->cycles, cycle.result);
	return err;
}

static void put_difference(const json_t *before, const json_t *after, json_t *difference)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)after, key, value) {
		int64_t delta = json_integer_value(value) - member(before, key);

		if (delta)
			json_object_set_new(difference, key, json_integer(delta));
	}
}

static int drive(struct run *run)
{
	json_t *before, *after = NULL;
	unsigned int cycle;
	int err;

	err = tracing_start(&run->trace, &run->vm, run->boot);
	if (err)
		return err;
	before = vm_ask(&run->vm, "vmstat", "vmstat");
	if (!before)
		return -EPROTO;
	if (run->boot->perf)
		perf_start(&run->perf, run->vm.qemu.pid, run->boot->directory);
	for (cycle = 1; !err && cycle <= run->boot->scenario->cycles; cycle++)
		err = one_cycle(run, cycle);
	if (!err)
		json_object_set_new(run->traced, "victims",
				    boot_victims_stop(&run->victims, &run->vm, &err));
	if (!err && run->boot->perf)
		json_object_set_new(run->traced, "perf", perf_stop(&run->perf));
	if (err)
		goto out;
	after = vm_ask(&run->vm, "vmstat", "vmstat");
	err = after ? 0 : -EPROTO;
	if (err)
		goto out;
	put_difference(before, after, run->vmstat);
	err = tracing_finish(&run->trace, &run->vm, run->vmstat, &run->checks, run->traced);
out:
	json_decref(before);
	json_decref(after);
	return err;
}

/* A guest's console is no UTF-8, and a text of it may be cut anywhere: then it is made ASCII. */
static json_t *string_or_null(const char *text)
{
	char plain[1024];
	json_t *string;
	size_t i;

	if (!text || !*text)
		return json_null();
	string = json_string(text);
	if (string)
		return string;
	for (i = 0; text[i] && i + 1 < sizeof(plain); i++)
		plain[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
	plain[i] = '\0';
	return json_string(plain);
}

static json_t *make_result(const struct run *run, const char *status, const char *reason)
{
	const struct boot *boot = run->boot;
	const char *release = json_string_value(json_object_get(run->vm.hello, "kernel_release"));

	return json_pack(
		"{s:i, s:s, s:s, s:s, s:s, s:i, s:I, s:s, s:o, s:o, s:o, s:I, s:i, s:I, "
		"s:O, s:O, s:O*, s:O*, s:O*, s:O*, s:O*, s:o, s:s*}",
		"schema_version", RESULT_SCHEMA_VERSION, "scenario", boot->scenario->name,
		"variant", boot->variant->name, "cut", boot->variant->cut, "accel",
		accel_name(boot->accel), "boot", (int)boot->number, "seed", (json_int_t)boot->seed,
		"status", status, "reason", string_or_null(reason), "kernel_release",
		string_or_null(release), "qemu_version",
		string_or_null(run->vm.qmp ? qmp_version(run->vm.qmp) : NULL), "memory_bytes",
		(json_int_t)boot->scenario->memory_bytes, "vcpus", (int)boot->scenario->vcpus,
		"ready_ns", (json_int_t)run->vm.ready_ns, "cycles", run->cycles, "vmstat",
		run->vmstat, "ops", json_object_get(run->traced, "ops"), "trace",
		json_object_get(run->traced, "trace"), "perf", json_object_get(run->traced, "perf"),
		"victims", json_object_get(run->traced, "victims"), "clock",
		json_object_size(run->clock) ? run->clock : NULL, "trust",
		checks_to_json(&run->checks), "mover",
		boot->variant->method == METHOD_BALLOON ? NULL
							: method_name(boot->variant->method));
}

/* What no reader would take is found out here, and not when the run is over. */
static json_t *make_ok_result(const struct run *run)
{
	json_t *result = make_result(run, RESULT_OK, NULL);
	char reason[512];

	if (!result || !result_check(result, "the result", reason, sizeof(reason)))
		return result;
	json_decref(result);
	return make_result(run, RESULT_INVALID, reason);
}

static json_t *judge(struct run *run, int err)
{
	if (!err)
		/* Numbers of a kernel that complained stand on sand. */
		err = vm_check_console(&run->vm);
	if (err)
		return make_result(run, RESULT_FAILED, run->vm.reason);
	if (!run->checks.ok)
		return make_result(run, RESULT_INVALID, run->checks.reason);
	return make_ok_result(run);
}

int boot_run(const struct boot *boot, json_t **result, json_t **records)
{
	struct qemu_config config = boot_qemu_config(boot);
	struct run run = { .boot = boot,
			   .cycles = json_array(),
			   .traced = json_object(),
			   .vmstat = json_object(),
			   .clock = json_object() };
	int err;

	checks_init(&run.checks);
	say(boot, "boot");
	err = vm_start(&run.vm, &config, boot->variant->cut, boot->scenario->boot_timeout_ns);
	if (err && !run.vm.reason[0])
		goto out;
	if (!err)
		err = drive(&run);
	/* Whatever a call made of it: a boot that the user stopped is none. */
	if (err && interrupted()) {
		err = -EINTR;
		goto out;
	}
	if (!err) {
		say(boot, "power off");
		vm_power_off(&run.vm);
	}
	*result = judge(&run, err);
	*records = tracing_records(&run.trace);
	err = *result ? 0 : -ENOMEM;
out:
	perf_kill(&run.perf);
	boot_victims_kill(&run.victims);
	tracing_release(&run.trace);
	vm_release(&run.vm);
	checks_release(&run.checks);
	json_decref(run.cycles);
	json_decref(run.vmstat);
	json_decref(run.traced);
	json_decref(run.clock);
	return err;
}
