/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/boot/parts.h"
#include "bench/guest/messages.h"
#include "bench/vm/interrupt.h"
#include "lib/json_file.h"
#include "lib/log.h"
#include "lib/units.h"

void checks_refuse(struct boot_result *result, const char *reason)
{
	if (result->checks.ok)
		record_set_text(&result->reason, reason);
	result->checks.ok = false;
}

static void refuse_check(struct boot_result *result, const struct check *c)
{
	const char *unit = c->unit == CHECK_PAGES ? "pages" : "ns";
	char reason[512], upto[32] = "", where[64] = "boot";

	if (c->resize != CHECK_BOOT)
		snprintf(where, sizeof(where), "cycle %" PRId64 ", %s", c->cycle,
			 direction_names[c->resize]);
	if (c->least != c->most)
		snprintf(upto, sizeof(upto), " to %" PRId64, c->most);
	snprintf(reason, sizeof(reason), "%s: %s: %" PRId64 " %s, expected %" PRId64 "%s", where,
		 c->what, c->observed, unit, c->least, upto);
	checks_refuse(result, reason);
}

void checks_add(struct boot_result *result, int64_t cycle, int resize, enum check_unit unit,
		const char *what, int64_t least, int64_t most, int64_t observed)
{
	struct check *c = record_append(&check_record, &result->checks.each);

	c->cycle = cycle;
	c->resize = resize;
	record_set_text(&c->what, what);
	c->unit = unit;
	c->least = least;
	c->most = most;
	c->observed = observed;
	if (observed < least || observed > most)
		refuse_check(result, c);
}

void checks_count(struct boot_result *result, int64_t cycle, int resize, const char *what,
		  int64_t expected, int64_t observed)
{
	checks_add(result, cycle, resize, CHECK_PAGES, what, expected, expected, observed);
}

/* The kernel of a boot, or NULL. */
static const struct image_cut *cut_of(const struct boot *boot)
{
	const struct image_cut *cut = images_find(boot->images, boot->variant->cut);

	if (cut)
		cut = images_find_config(boot->images, cut,
					 variant_config(boot->variant, boot->scenario));
	return cut ? image_cut_build(cut, boot->build) : NULL;
}

struct qemu_config boot_qemu_config(const struct boot *boot)
{
	const struct image_cut *cut = cut_of(boot);
	const struct image_qemu *qemu = images_find_qemu(boot->images, boot->variant->qemu);
	const char *binary = qemu ? qemu->path : NULL;
	const struct scenario *scenario = boot->scenario;
	const struct arch *arch = arch_of_config(cut ? cut->config : NULL);
	const bool icount = accel_is_icount(boot->accel);

	return (struct qemu_config){
		.binary = binary,
		.image = cut ? cut->image : NULL,
		.modules = cut ? cut->modules : NULL,
		.initramfs = images_initramfs(boot->images, arch),
		/*
		 * Under icount virtual CPUs take long turns: an agent on another CPU than
		 * the driver polls only every 10 ms. Victims need a CPU of their own.
		 */
		.append = icount || scenario->guest_victims.count ? GUEST_CPU_VARIABLE "=0" : NULL,
		.kernel_args = boot->kernel_args,
		.accel = boot->accel,
		.memory_bytes = scenario->memory_bytes,
		.vcpus = scenario->vcpus,
		.backing = scenario->backing,
		.thp = scenario->thp,
		.prealloc = scenario->prealloc,
		/*
		 * With ioeventfd another thread handles the kick. Until it has run, the guest idles
		 * and its clock skips to its next timers: how many depends on the load of the host.
		 * In a box the host's work is counted, too.
		 */
		.balloon_in_cpu =
			boot->accel == RESULT_ICOUNT && qemu_balloon_has(binary, "ioeventfd"),
		.plugged_bytes =
			boot->variant->method == RESULT_VIRTIO_MEM ? scenario->inflate_bytes : 0,
		.arch = arch,
		.method = boot->variant->method,
		.device_properties = boot->variant->device,
		.deflate_on_oom = scenario->deflate_on_oom,
		.reports_free_pages = boot->variant->method == RESULT_REPORTING,
		.pin = boot->pin,
		.directory = boot->directory,
		.name = boot->name,
	};
}

/* Run all cycles; put what changed in the guest's vmstat meanwhile into the result. */
static int run_cycles(struct run *run)
{
	struct record_list before, after;
	const struct counter *c;
	int64_t change;
	int err;

	err = vm_counters(&run->vm, &answer_vmstat, &before);
	if (!err && run->boot->perf)
		perf_start(run);
	for (run->number = 1; !err && run->number <= run->boot->scenario->cycles; run->number++)
		err = cycle_run(run);
	if (!err)
		err = boot_victims_stop(run);
	if (!err && run->boot->perf)
		perf_stop(run);
	if (err)
		goto out;
	err = vm_counters(&run->vm, &answer_vmstat, &after);
	for (c = after.items; c && c < (struct counter *)after.items + after.count; c++) {
		change = c->value - record_counter(&before, c->name);
		if (!err && change)
			record_append_counter(&run->result->vmstat, c->name, change);
	}
	record_release_counters(&after);
out:
	record_release_counters(&before);
	return err;
}

static void begin_result(const struct boot *boot, struct boot_result *result)
{
	record_init(&boot_record, result);
	result->schema_version = RESULT_SCHEMA_VERSION;
	record_set_text(&result->scenario, boot->scenario->name);
	record_set_text(&result->variant, boot->variant->name);
	record_set_text(&result->cut, boot->variant->cut);
	if (boot->kernel_args)
		record_set_text(&result->kernel_args, boot->kernel_args);
	result->method = boot->variant->method;
	result->accel = boot->accel;
	result->boot = boot->number;
	if (boot->builds > 1)
		result->build = boot->build;
	result->seed = boot->seed;
	result->memory_bytes = boot->scenario->memory_bytes;
	result->vcpus = boot->scenario->vcpus;
	result->checks.ok = true;
}

void boot_fail(const struct boot *boot, const char *reason, struct boot_result *result)
{
	begin_result(boot, result);
	result->ready_ns = 0;
	result->status = BOOT_FAILED;
	record_set_text(&result->reason, reason);
}

/* What was timed while a process did not run is wrong. */
static void check_gaps(struct run *run)
{
	char reason[160], gap[32];

	if (run->stopped)
		checks_refuse(run->result, "QEMU was stopped for a while (SIGSTOP); run the boot "
					   "again");
	if (!interrupt_gap_ns())
		return;
	snprintf(reason, sizeof(reason),
		 "balloonbench did not run for %s: somebody stopped it, or the machine is "
		 "overloaded; run the boot again",
		 format_duration(interrupt_gap_ns(), gap, sizeof(gap)));
	checks_refuse(run->result, reason);
}

/* Whether a reader of the file would refuse it for its size. */
static bool is_too_large(const struct boot_result *result)
{
	json_t *json = record_encode(&boot_record, result);
	size_t size = json_dumpb(json, NULL, 0, JSON_INDENT(2));

	json_decref(json);
	return size >= JSON_FILE_MAX;
}

static void set_status(struct run *run, int err)
{
	struct boot_result *result = run->result;
	char reason[512];

	record_set_text(&result->kernel_release, run->vm.hello.kernel_release);
	if (run->vm.qmp && *qmp_version(run->vm.qmp))
		record_set_text(&result->qemu_version, qmp_version(run->vm.qmp));
	record_set_text(&result->kernel_version, run->vm.hello.kernel_version);
	if (run->vm.hello.kernel_build_id && *run->vm.hello.kernel_build_id)
		record_set_text(&result->kernel_build_id, run->vm.hello.kernel_build_id);
	result->ready_ns = run->vm.ready_ns;
	result->boot_warnings = run->vm.boot_warnings;
	run->vm.boot_warnings = (struct record_list){ .items = NULL };
	/* If the kernel warned, no number can be relied on. */
	if (err || vm_check_console(&run->vm)) {
		result->status = BOOT_FAILED;
		record_set_text(&result->reason, run->vm.reason);
		return;
	}
	if (is_too_large(result)) {
		record_release(&boot_record, result);
		begin_result(run->boot, result);
		result->status = BOOT_FAILED;
		record_set_text(&result->reason,
				"the guest sent more than a result of 16 MiB holds");
		return;
	}
	check_gaps(run);
	result->status = BOOT_OK;
	/* A reader of the file would reject it: find that now, not after the run. */
	if (result->checks.ok && result_check(result, "the result", reason, sizeof(reason)))
		record_set_text(&result->reason, reason);
	if (result->reason)
		result->status = BOOT_INVALID;
}

/* Each of them once, not at every boot of a kernel. */
static void show_boot_warnings(const struct run *run)
{
	static struct record_list shown;
	const struct record_list *warnings = &run->vm.boot_warnings;
	const char *text, *said;
	size_t i;

	for (i = 0; i < warnings->count; i++) {
		text = ((char **)warnings->items)[i];
		/* Without the time, "[    0.123456] ". */
		said = *text == '[' && strstr(text, "] ") ? strstr(text, "] ") + 2 : text;
		if (record_append_once(&shown, said, strlen(said)))
			log_warn("the kernel of cut '%s' warned while it booted, which does not "
				 "fail a boot: %s",
				 run->boot->variant->cut, said);
	}
}

int boot_run(const struct boot *boot, struct boot_result *result)
{
	struct qemu_config config = boot_qemu_config(boot);
	struct run run = { .boot = boot, .result = result };
	int err;

	interrupt_gap_reset();
	begin_result(boot, result);
	boot->progress("boot", boot->context);
	err = vm_start(&run.vm, &config, cut_of(boot), boot->scenario->boot_timeout_ns);
	if (!err)
		show_boot_warnings(&run);
	if (!err)
		err = tracing_start(&run);
	if (!err)
		err = run_cycles(&run);
	if (!err)
		err = tracing_finish(&run);
	/* A boot that the user stopped has no result, even if the last call succeeded. */
	if (err && interrupted())
		err = -EINTR;
	else if (!err || run.vm.reason[0]) {
		if (!err) {
			run.stopped = qemu_was_stopped(&run.vm.qemu);
			boot->progress("power off", boot->context);
			vm_power_off(&run.vm);
		}
		set_status(&run, err);
		err = tracing_close(&run);
	}
	free(run.floor_ranges);
	perf_kill(&run);
	victims_kill(&run.host_victims);
	tracing_release(&run);
	vm_release(&run.vm);
	return err;
}
