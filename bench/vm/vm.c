/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/vm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/vm/interrupt.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/directory.h"
#include "lib/trace_records.h"
#include "lib/units.h"

#define COMMAND_MS 10000
#define POWEROFF_MS 10000
#define ENDING_MS 2000

#define BOOT_WARNINGS_MAX 16
#define BOOT_WARNING_SIZE 200

const char *vm_file(const struct vm *vm, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", vm->directory, name);
	return path;
}

/* Open a log of the VM at an offset. */
static FILE *open_log(const struct vm *vm, const char *name, long offset)
{
	char path[PATH_MAX];
	FILE *f = fopen(vm_file(vm, name, path), "re");

	if (f)
		fseek(f, offset, SEEK_SET);
	return f;
}

/* The last line of a log, or the last one with @needle; false if there is none. */
static bool last_line(const struct vm *vm, const char *name, long offset, const char *needle,
		      char line[512])
{
	FILE *f = open_log(vm, name, offset);
	char buf[512];

	line[0] = '\0';
	while (f && fgets(buf, sizeof(buf), f)) {
		buf[strcspn(buf, "\r\n")] = '\0';
		if (buf[0] && strstr(buf, needle))
			memcpy(line, buf, sizeof(buf));
	}
	if (f)
		fclose(f);
	return line[0];
}

void vm_explain(struct vm *vm, const char *stage, const char *symptom)
{
	char line[512], ending[64], *reason = vm->reason;
	const size_t size = sizeof(vm->reason);

	/* The channel closes before the process has ended. */
	if (vm->qemu.pid)
		qemu_wait(&vm->qemu, deadline_in_ms(ENDING_MS));
	if (last_line(vm, "console.log", 0, "Kernel panic", line))
		snprintf(reason, size, "guest panicked %s: %s", stage, line);
	else if (!vm->hello.kernel_release && !vm->qemu.pid &&
		 last_line(vm, "console.log", 0, GUEST_CONSOLE_PREFIX, line))
		snprintf(reason, size, "guest ended %s: %s", stage, line);
	else if (!vm->qemu.pid)
		snprintf(reason, size, "QEMU ended %s (%s)%s%s", stage,
			 qemu_ending(&vm->qemu, ending, sizeof(ending)),
			 last_line(vm, "qemu.log", 0, "", line) ? ": " : "", line);
	else
		snprintf(reason, size, "%s: %s%s", stage, symptom,
			 qemu_is_stopped(&vm->qemu) ? "; somebody stopped QEMU (SIGSTOP)"
			 : interrupt_gap_ns() ? "; balloonbench itself did not run for a while"
					      : "");
}

static int connect_channels(struct vm *vm, uint64_t deadline)
{
	char path[PATH_MAX];
	int err, fd = vm->qemu.qmp_fd;

	vm->qemu.qmp_fd = -1;
	err = qmp_open(&vm->qmp, fd, vm_file(vm, "qmp.log", path), deadline);
	if (err) {
		vm_explain(vm, "before QMP was up", qmp_error(vm->qmp));
		return err;
	}
	fd = vm->qemu.guest_fd;
	vm->qemu.guest_fd = -1;
	return agent_open(&vm->agent, fd, vm_file(vm, "guest.log", path));
}

/* The sign of a warning of the kernel in a line of the console, or NULL. */
static const char *warning_in(const char *line)
{
	static const char *const signs[] = { "WARNING:", "BUG:", "Oops:", "INFO: task",
					     "Kernel panic" };
	const char *found = NULL;
	size_t i;

	for (i = 0; !found && i < sizeof(signs) / sizeof(signs[0]); i++)
		found = strstr(line, signs[i]);
	return found;
}

/* The guest is not trusted: so many, each so long. The console itself is kept, too. */
static void note_boot_warnings(struct vm *vm)
{
	FILE *f = open_log(vm, "console.log", 0);
	unsigned int more = 0;
	char line[512], text[BOOT_WARNING_SIZE];

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (!warning_in(line))
			continue;
		snprintf(text, sizeof(text), "%s", line);
		if (vm->boot_warnings.count < BOOT_WARNINGS_MAX)
			record_append_text(&vm->boot_warnings, text);
		else
			more++;
	}
	snprintf(text, sizeof(text), "%u more", more);
	if (more)
		record_append_text(&vm->boot_warnings, text);
	if (f) {
		vm->console_offset = ftell(f);
		fclose(f);
	}
}

static bool is_same(const char *expected, const char *actual)
{
	return !expected || !*expected || !strcmp(expected, actual);
}

/* A kernel cannot run under the name of another. */
static int check_kernel(struct vm *vm, const struct image_cut *cut)
{
	const struct event_hello *hello = &vm->hello;
	const char *id = cut->build_id;
	char differs[256];

	if (id && *id && strcmp(id, hello->kernel_build_id))
		snprintf(differs, sizeof(differs), "build ID %.64s, expected %.64s",
			 *hello->kernel_build_id ? hello->kernel_build_id : "(none)", id);
	else if ((!id || !*id) && !is_same(cut->release, hello->kernel_release))
		snprintf(differs, sizeof(differs), "release %.64s, expected %.64s",
			 hello->kernel_release, cut->release);
	else if ((!id || !*id) && !is_same(cut->version, hello->kernel_version))
		snprintf(differs, sizeof(differs), "version '%.65s', expected '%.65s'",
			 hello->kernel_version, cut->version);
	else
		return 0;
	snprintf(vm->reason, sizeof(vm->reason),
		 "the guest runs another kernel than that of cut '%.64s': %s; build the cut again",
		 cut->name, differs);
	return -EPROTO;
}

static int wait_ready(struct vm *vm, const struct image_cut *cut, uint64_t started_ns,
		      uint64_t deadline)
{
	int err = agent_hello(vm->agent, &vm->hello, deadline);

	if (err) {
		vm_explain(vm, "before the agent said hello", agent_error(vm->agent));
		return err;
	}
	vm->ready_ns = clock_ns() - started_ns;
	note_boot_warnings(vm);
	return check_kernel(vm, cut);
}

int vm_start(struct vm *vm, const struct qemu_config *config, const struct image_cut *cut,
	     uint64_t timeout_ns)
{
	uint64_t started_ns, deadline;
	char path[PATH_MAX], ready[32];
	int err;

	*vm = (struct vm){
		.qemu = QEMU_NONE,
		.directory = config->directory,
		.memory_bytes = config->memory_bytes,
		.plugged_bytes = config->plugged_bytes,
		.method = config->method,
	};
	record_init(&event_hello_record, &vm->hello);
	/* What a host boots with is no file. */
	err = config->host ? 0 : qemu_write_script(config, vm_file(vm, "cmd.sh", path));
	if (err)
		return err;
	started_ns = clock_ns();
	deadline = started_ns + timeout_ns;
	err = qemu_spawn(&vm->qemu, config);
	if (!err)
		err = connect_channels(vm, deadline);
	if (!err)
		err = wait_ready(vm, cut, started_ns, deadline);
	if (!err)
		log_debug("QEMU %d: agent ready after %s", vm->qemu.pid,
			  format_duration(vm->ready_ns, ready, sizeof(ready)));
	return err;
}

uint64_t vm_page_bytes(const struct vm *vm)
{
	const int64_t told = vm->hello.page_size;

	return told == 16384 || told == 65536 ? told : 4096;
}

uint64_t vm_cpu_ns(const struct vm *vm)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(vm->qemu.pid, &clock) || clock_gettime(clock, &used))
		return 0;
	return used.tv_sec * NSEC_PER_SEC + used.tv_nsec;
}

/* How QEMU is told of a target, and tells what was reached. */
struct control {
	int (*set)(struct qmp *qmp, uint64_t bytes, uint64_t deadline);
	int (*get)(struct qmp *qmp, uint64_t *bytes, uint64_t deadline);
	/* The sizes are of the rest: the guest without its balloon, or what stays plugged. */
	bool of_rest;
};

static const struct control *control_of(const struct vm *vm)
{
	static const struct control balloon = { qmp_balloon_target, qmp_balloon_actual, true };
	static const struct control plugged = { qmp_plug, qmp_plugged, true };
	static const struct control vmware = { qmp_vmware_target, qmp_vmware_size, false };

	if (vm->method == RESULT_VMWARE)
		return &vmware;
	return vm->plugged_bytes ? &plugged : &balloon;
}

/* The size that QEMU has for what was taken, or the other way round. */
static uint64_t converted(const struct vm *vm, uint64_t bytes)
{
	uint64_t whole = vm->plugged_bytes ? vm->plugged_bytes : vm->memory_bytes;

	return control_of(vm)->of_rest ? whole - bytes : bytes;
}

int vm_take(struct vm *vm, uint64_t bytes, uint64_t deadline)
{
	return control_of(vm)->set(vm->qmp, converted(vm, bytes), deadline);
}

int vm_taken(struct vm *vm, uint64_t *bytes, uint64_t deadline)
{
	uint64_t size = 0;
	int err = control_of(vm)->get(vm->qmp, &size, deadline);

	/* Also what no guest could have given up: the caller compares. */
	*bytes = converted(vm, size);
	return err;
}

void vm_power_off(struct vm *vm)
{
	struct guest_request request = guest_request("poweroff");
	uint64_t deadline = deadline_in_ms(POWEROFF_MS);

	if (!agent_request(vm->agent, &request, NULL, NULL, deadline_in_ms(COMMAND_MS)))
		/* For the transcript: the event says how the VM ended. */
		qmp_wait_event(vm->qmp, "SHUTDOWN", NULL, deadline);
	qemu_wait(&vm->qemu, deadline);
}

void vm_release(struct vm *vm)
{
	qemu_kill(&vm->qemu);
	qmp_close(vm->qmp);
	agent_close(vm->agent);
	record_release(&event_hello_record, &vm->hello);
	record_release_texts(&vm->boot_warnings);
	vm->qmp = NULL;
	vm->agent = NULL;
}

int vm_request(struct vm *vm, struct guest_request *request, const struct record *record,
	       void *answer, const char *stage, uint64_t timeout_ns)
{
	int err = agent_request(vm->agent, request, record, answer, clock_ns() + timeout_ns);

	if (err)
		vm_explain(vm, stage, agent_error(vm->agent));
	return err;
}

int vm_command(struct vm *vm, const char *cmd, const char *stage)
{
	struct guest_request request = guest_request(cmd);

	return vm_request(vm, &request, NULL, NULL, stage, COMMAND_MS * NSEC_PER_MSEC);
}

int vm_counters(struct vm *vm, const struct record *file, struct record_list *counters)
{
	struct guest_request request = guest_request(file->name);
	char stage[64], what[128];
	const struct counter *c;
	size_t i;
	int err;

	snprintf(stage, sizeof(stage), "when asked for %s", file->name);
	err = vm_request(vm, &request, file, counters, stage, COMMAND_MS * NSEC_PER_MSEC);
	c = counters->items;
	for (i = 0; !err && i < counters->count; i++, c++) {
		if (c->value >= 0 && c->value <= TRACE_VALUE_MAX)
			continue;
		snprintf(what, sizeof(what), "impossible value of %.64s", c->name);
		vm_explain(vm, stage, what);
		err = -EPROTO;
	}
	return err;
}

int vm_check_console(struct vm *vm)
{
	FILE *f = open_log(vm, "console.log", vm->console_offset);
	char line[512];
	int err = 0;

	while (!err && f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (!warning_in(line))
			continue;
		snprintf(vm->reason, sizeof(vm->reason), "the guest's kernel complained: %s", line);
		err = -EPROTO;
	}
	if (f)
		fclose(f);
	return err;
}

int accel_try(const struct images *images, enum result_accel accel, uint64_t timeout_ns,
	      char *reason, size_t reason_size)
{
	char dir[PATH_MAX];
	struct qemu_config config = {
		.binary = images->qemu,
		.image = images->cuts[0].image,
		.modules = images->cuts[0].modules,
		.initramfs = images->initramfs,
		.accel = accel,
		.memory_bytes = GUEST_MIN_BYTES,
		.vcpus = 1,
		.thp = true,
		.directory = dir,
	};
	struct vm vm;
	int err;

	err = private_directory(dir, sizeof(dir), "balloonbench");
	if (err) {
		snprintf(reason, reason_size, "cannot make a directory in $TMPDIR or /tmp: %s",
			 strerror(-err));
		return -ENODEV;
	}
	err = vm_start(&vm, &config, &images->cuts[0], timeout_ns);
	if (err && !vm.reason[0])
		snprintf(reason, reason_size, "cannot start %s: %s", images->qemu, strerror(-err));
	else
		snprintf(reason, reason_size, "%s", vm.reason);
	vm_release(&vm);
	directory_remove(dir);
	return !err || err == -EINTR ? err : -ENODEV;
}

int accel_choose(const char *wish, const struct images *images, uint64_t timeout_ns,
		 enum result_accel *accel, char *reason, size_t reason_size)
{
	bool any = !strcmp(wish, "auto");
	char why[512];
	const char *but = "";
	int err = -ENODEV;

	if (!any && strcmp(wish, accel_names[RESULT_KVM])) {
		*accel = strcmp(wish, accel_names[RESULT_TCG]) ? RESULT_ICOUNT : RESULT_TCG;
		snprintf(reason, reason_size, "asked for");
		return 0;
	}
	if (access("/dev/kvm", R_OK | W_OK) < 0) {
		snprintf(why, sizeof(why), "/dev/kvm: %s", strerror(errno));
	} else {
		err = accel_try(images, RESULT_KVM, timeout_ns, why, sizeof(why));
		but = "a guest does not boot under KVM here: ";
	}
	*accel = err && any ? RESULT_TCG : RESULT_KVM;
	if (err)
		snprintf(reason, reason_size, "%s%s%s", any ? "TCG, because " : "", but, why);
	else
		snprintf(reason, reason_size, "%s a guest was booted under it",
			 any ? "KVM:" : "asked for;");
	return any && err == -ENODEV ? 0 : err;
}
