/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonguest: PID 1 and the whole of user space in a guest of balloonbench. It answers the
 * host's requests one after the other; README.md beside this file has the protocol.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "bench/guest/guest.h"
#include "lib/clock.h"
#include "lib/elf_notes.h"
#include "lib/log.h"

#define NOTES "/sys/kernel/notes"
#define NOTES_MAX 65536

struct victims victims;

/* Files of a host's program may be in /tmp, which is a part of the initramfs then. */
static void mount_all(bool is_host)
{
	static const char *const mounts[][2] = {
		{ "devtmpfs", "/dev" },
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "debugfs", "/sys/kernel/debug" },
		{ "tracefs", "/sys/kernel/tracing" },
		{ "tmpfs", "/tmp" },
	};
	const size_t count = sizeof(mounts) / sizeof(mounts[0]) - is_host;
	size_t i;

	for (i = 0; i < count; i++)
		if (mount(mounts[i][0], mounts[i][1], mounts[i][0], 0, NULL) < 0)
			fprintf(stderr, GUEST_CONSOLE_PREFIX "cannot mount %s: %s\n", mounts[i][1],
				strerror(errno));
}

static __attribute__((noreturn)) void power_off(void)
{
	reboot(RB_POWER_OFF);
	_exit(0); /* the kernel panics, which the host sees */
}

static void read_notes(struct elf_notes *notes)
{
	static char data[NOTES_MAX];
	ssize_t n = procfs_read(NOTES, data, sizeof(data));

	if (n > 0)
		elf_notes_read(data, n, notes);
}

static void say_hello(void)
{
	struct timespec boot, resolution; /* the latter is below a second */
	struct event_hello hello;
	struct utsname uts;
	struct elf_notes notes = { .pvh = false };

	uname(&uts);
	read_notes(&notes);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_getres(CLOCK_MONOTONIC, &resolution);
	hello = (struct event_hello){
		.protocol = GUEST_PROTOCOL_VERSION,
		.kernel_build_id = notes.build_id,
		.kernel_release = uts.release,
		.kernel_version = uts.version,
		.vcpus = sysconf(_SC_NPROCESSORS_ONLN),
		.mem_total_bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE),
		.page_size = sysconf(_SC_PAGESIZE),
		.boot_ns = boot.tv_sec * NSEC_PER_SEC + boot.tv_nsec,
		.clock_resolution_ns = resolution.tv_nsec,
	};
	channel_event("hello", NULL, &event_hello_record, &hello);
}

static int do_clock(struct call *call)
{
	call->answer.number = clock_ns();
	return 0;
}

static int do_victims_start(struct call *call)
{
	return victims_start(&victims, &call->request.victims, call->error, sizeof(call->error));
}

static int do_victims_freeze(struct call *call)
{
	call->answer.number = victims_freeze(&victims, call->request.ns);
	return 0;
}

static int do_victims_stop(struct call *call)
{
	return victims_stop(&victims, &call->answer.list)
		       ? refuse(call->error, sizeof(call->error), "a victim died")
		       : 0;
}

static int do_poweroff(struct call *call)
{
	channel_answer(call->request.id, NULL, NULL, NULL);
	power_off();
}

/* What each request needs, and the record of its answer: NULL: only "ok" is sent. */
static const struct handler {
	const char *cmd;
	request_handler *run;
	const struct record *answer;
	const char *needs[2];
} handlers[] = {
	{ "time-resize", do_time_resize, NULL, { "timeout_ns" } },
	{ "phase", do_phase, &answer_busy_ns, { NULL } },
	{ "touch", do_touch, &touch_record, { "bytes" } },
	{ "write", do_write, NULL, { "path", "text" } },
	{ "read", do_read, &answer_text, { "path" } },
	{ "owners", do_owners, &answer_pages, { "words" } },
	{ "concurrent", do_concurrent, NULL, { "timeout_ns" } },
	{ "busy-start", do_busy_start, NULL, { NULL } },
	{ "pool", do_pool, &answer_ranges, { "bytes" } },
	{ "pool-free", do_pool_free, NULL, { NULL } },
	{ "busy-stop", do_busy_stop, &answer_busy_ns, { NULL } },
	{ "fill", do_pattern, NULL, { NULL } },
	{ "verify", do_pattern, &answer_bad_words, { NULL } },
	{ "stale", do_stale, &answer_bad_words, { NULL } },
	{ "free", do_free, &answer_bytes, { NULL } },
	{ "vmstat", do_counters, &answer_vmstat, { NULL } },
	{ "meminfo", do_counters, &answer_meminfo, { NULL } },
	{ "buddy", do_buddy, &answer_buddy_record, { NULL } },
	{ "compact", do_compact, &answer_duration_ns, { NULL } },
	{ "cache", do_cache, &touch_record, { "bytes" } },
	{ "program", do_program, NULL, { "path" } },
	{ "program-ended", do_program_ended, &answer_text, { NULL } },
	{ "replay-start", do_replay_start, NULL, { NULL } },
	{ "replay", do_replay, &answer_replay_record, { NULL } },
	{ "replay-stop", do_replay_stop, &answer_replayed_record, { NULL } },
	{ "fragment", do_fragment, &answer_fragment_record, { "longest_run" } },
	{ "hold-high", do_hold_high, NULL, { "bytes" } },
	{ "free-high", do_free_high, &answer_bytes, { "bytes" } },
	{ "release", do_release, NULL, { NULL } },
	{ "trace-start", do_trace_start, &answer_tracer_record, { NULL } },
	{ "trace", do_trace, &answer_trace_record, { NULL } },
	{ "clock", do_clock, &answer_clock_ns, { NULL } },
	{ "victims-start", do_victims_start, NULL, { NULL } },
	{ "victims-freeze", do_victims_freeze, &answer_frozen_ns, { "ns" } },
	{ "victims-stop", do_victims_stop, &answer_victims, { NULL } },
	{ "poweroff", do_poweroff, NULL, { NULL } },
	{ NULL, NULL, NULL, { NULL } },
};

/* Whether the text is there, or the number is above 0. */
static bool has(const struct guest_request *request, const char *name)
{
	const struct field *field = guest_request_record.fields;
	const char *at;

	while (strcmp(field->name, name))
		field++;
	at = (const char *)request + field->offset;
	return field->type == FIELD_TEXT ? *(char *const *)at != NULL : *(const int64_t *)at > 0;
}

static int run(const struct handler *handler, struct call *call)
{
	size_t i;

	if (!handler->cmd)
		return refuse(call->error, sizeof(call->error), "unknown request");
	for (i = 0; i < 2 && handler->needs[i]; i++)
		if (!has(&call->request, handler->needs[i]))
			return refuse(call->error, sizeof(call->error), "%s needs %s: %s",
				      handler->cmd, handler->needs[i], strerror(EINVAL));
	return handler->run(call);
}

static void answer(struct call *call)
{
	const struct handler *handler = handlers;
	int err;

	while (handler->cmd && strcmp(handler->cmd, call->request.cmd))
		handler++;
	err = run(handler, call);
	if (!err)
		channel_answer(call->request.id, NULL, handler->answer, &call->answer);
	else if (err < 0)
		channel_answer(call->request.id, *call->error ? call->error : strerror(-err), NULL,
			       NULL);
	if (handler->answer)
		record_release(handler->answer, &call->answer);
}

/* Until the host closes the port. */
static void serve(void)
{
	static struct call call;
	int err;

	do {
		memset(&call, 0, sizeof(call));
		err = channel_receive(&call.request, call.error, sizeof(call.error));
		if (!err)
			answer(&call);
		else if (err == -EINVAL)
			channel_answer(call.request.id, call.error, NULL, NULL);
		record_release(&guest_request_record, &call.request);
	} while (err != -EPIPE);
}

/*
 * The driver works on the CPU that gets the device's interrupt, the first; the agent runs on the
 * last, unless GUEST_CPU_VARIABLE names another. The scheduler would mix them in some boots.
 */
static void choose_cpu(void)
{
	const char *wish = getenv(GUEST_CPU_VARIABLE);
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(wish ? atoi(wish) : (int)sysconf(_SC_NPROCESSORS_ONLN) - 1, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
		fprintf(stderr, GUEST_CONSOLE_PREFIX "cannot choose a CPU: %s\n", strerror(errno));
}

/* The host shows the last line of the agent as the reason that there was no hello. */
static void need(const char *what, const char *driver, int err)
{
	if (!err)
		return;
	fprintf(stderr, GUEST_CONSOLE_PREFIX "no %s: %s\n", what,
		err == -ENODEV ? modules_explain(driver) : strerror(-err));
	power_off();
}

int main(void)
{
	const struct sched_param param = { .sched_priority = 1 };
	const bool is_host = getenv(GUEST_HOST_VARIABLE);
	int err;

	mount_all(is_host);
	choose_cpu();
	/* Wake up on time, not when the driver under test leaves the CPU. */
	sched_setscheduler(0, SCHED_FIFO, &param);
	prctl(PR_SET_TIMERSLACK, 1);
	modules_load();
	if (!is_host) {
		err = device_open();
		need("balloon and no virtio-mem device", device_driver(), err);
	}
	need("port " GUEST_PORT_NAME, "virtio_console", channel_open());
	say_hello();
	serve();
	power_off();
}
