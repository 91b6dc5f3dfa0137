/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonguest: PID 1 and the whole of user space in a guest of balloonbench.
 * Mounts what it needs, says hello, and answers the host's requests one after
 * the other. The protocol is described in README.md beside this file.
 */
#include <errno.h>
#include <jansson.h>
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

#include "bench/guest/channel.h"
#include "bench/guest/memory.h"
#include "bench/guest/device.h"
#include "bench/guest/owners.h"
#include "bench/guest/procfs.h"
#include "bench/guest/protocol.h"
#include "bench/guest/request.h"
#include "bench/guest/memory_state.h"
#include "bench/guest/concurrent.h"
#include "bench/guest/trace.h"
#include "bench/guest/resize_timer.h"
#include "bench/victim/victims.h"
#include "lib/clock.h"

/* What the kernel build puts before the name of the cut in the release. */
#define CUT_PREFIX "-balloonbench-"

/* What is read of a file at most. */
#define READ_MAX 16384

static struct device device;
static struct resize_timer timer;
static struct victims victims;
static uint64_t freed_bytes; /* for a move that stood still */

static void mount_all(void)
{
	static const char *const mounts[][2] = {
		{ "devtmpfs", "/dev" },
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "debugfs", "/sys/kernel/debug" },
		{ "tracefs", "/sys/kernel/tracing" },
		{ "tmpfs", "/tmp" },
	};
	size_t i;

	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		if (mount(mounts[i][0], mounts[i][1], mounts[i][0], 0, NULL) < 0)
			fprintf(stderr, "balloonguest: cannot mount %s: %s\n", mounts[i][1],
				strerror(errno));
}

static __attribute__((noreturn)) void power_off(void)
{
	reboot(RB_POWER_OFF);
	_exit(0); /* ends in a panic, which the host sees */
}

static json_int_t clock_resolution_ns(void)
{
	struct timespec resolution;

	clock_getres(CLOCK_MONOTONIC, &resolution);
	return resolution.tv_sec * 1000000000LL + resolution.tv_nsec;
}

static json_t *make_hello(void)
{
	struct timespec boot;
	struct utsname uts;
	const char *cut;

	uname(&uts);
	cut = strstr(uts.release, CUT_PREFIX);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return json_pack("{s:s, s:i, s:s, s:s, s:i, s:I, s:i, s:I, s:I}", "event", "hello",
			 "protocol", GUEST_PROTOCOL_VERSION, "kernel_release", uts.release, "cut",
			 cut ? cut + strlen(CUT_PREFIX) : "", "vcpus",
			 (int)sysconf(_SC_NPROCESSORS_ONLN), "mem_total_bytes",
			 (json_int_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE), "page_size",
			 (int)sysconf(_SC_PAGESIZE), "boot_ns",
			 (json_int_t)boot.tv_sec * 1000000000 + boot.tv_nsec, "clock_resolution_ns",
			 clock_resolution_ns());
}

/* Where the move stood still until memory was freed for it; NULL where it did not. */
static json_t *stall(void)
{
	if (!timer.stall_ns)
		return NULL;
	return json_pack("{s:I, s:I, s:I, s:I}", "pages",
			 (json_int_t)(timer.stall_pages - timer.from_actual), "at_ns",
			 (json_int_t)timer.stall_ns, "relief_ns", (json_int_t)timer.relief_ns,
			 "freed_bytes", (json_int_t)freed_bytes);
}

static uint64_t moved_pages(void)
{
	return timer.to_pages > timer.from_actual ? timer.to_pages - timer.from_actual
						  : timer.from_actual - timer.to_pages;
}

static json_t *moved_event(json_int_t busy_ns)
{
	json_t *progress = json_array();
	size_t i;

	for (i = 0; i < timer.count; i++)
		json_array_append_new(progress,
				      json_pack("[I, I]", (json_int_t)timer.samples[i].ns,
						(json_int_t)timer.samples[i].actual_pages));
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:o*, s:o*}", "event", "moved",
			 "from_pages", (json_int_t)timer.from_actual, "to_pages",
			 (json_int_t)timer.to_pages, "start_ns", (json_int_t)timer.start_ns,
			 "duration_ns", (json_int_t)timer.duration_ns, "resolution_ns",
			 (json_int_t)timer.resolution_ns, "progress", progress, "cpu_ns", busy_ns,
			 "stall", stall(), "trace",
			 trace_take_batches(timer.to_pages > timer.from_actual, moved_pages()));
}

/* What the device said last tells a driver that stands still from a device that lies. */
static json_t *failed_event(void)
{
	uint32_t actual = device_away(&device, false);
	char text[160];

	snprintf(text, sizeof(text),
		 "the balloon did not reach its target in time: from %u to %u pages, it is at %u, "
		 "and the target reads %u",
		 timer.from_pages, timer.to_pages, actual, device_target(&device));
	return json_pack("{s:s, s:s, s:I}", "event", "move-failed", "error", text, "actual_pages",
			 (json_int_t)actual);
}

/* The phase that a request names; "before" where it names none that there is. */
static enum victim_phase phase_of(const struct request *req, const char *key)
{
	const char *name = json_string_value(json_object_get(req->msg, key));
	int phase = name ? victim_phase_find(name) : -1;

	return phase < 0 ? VICTIM_BEFORE : (enum victim_phase)phase;
}

/* The balloon gets nothing more: the memory that touch holds is given up for it. */
static void relieve(void *context __attribute__((unused)))
{
	freed_bytes = memory_free();
}

static void begin_phase(void *context)
{
	victims_enter(&victims, phase_of(context, "phase"));
}

static json_t *do_watch(struct request *req)
{
	json_int_t timeout_ns = json_integer_value(json_object_get(req->msg, "timeout_ns"));
	uint64_t busy_ns = procfs_busy_ns(), then_ns;
	int err;

	if (timeout_ns <= 0) {
		req->error = "watch needs timeout_ns";
		return NULL;
	}
	/* Batches of before, as of a move that failed, are not this move's. */
	json_decref(trace_take_batches(true, 0));
	timer.begun = begin_phase;
	timer.context = req;
	timer.patience_ns = json_integer_value(json_object_get(req->msg, "patience_ns"));
	timer.stalled = relieve;
	resize_timer_start(&device, &timer);
	channel_send(json_pack("{s:I, s:b, s:I, s:I}", "id", req->id, "ok", 1, "num_pages",
			       (json_int_t)timer.from_pages, "actual",
			       (json_int_t)timer.from_actual));
	err = resize_timer_run(&device, timeout_ns, &timer);
	/* Idle time comes in ticks: of a move that is shorter than one less than nothing may be
	 * left. */
	then_ns = procfs_busy_ns();
	victims_enter(&victims, phase_of(req, "then"));
	if (err)
		channel_send(failed_event());
	else
		channel_send(moved_event(then_ns > busy_ns ? then_ns - busy_ns : 0));
	return NULL;
}

/* Of a move that the agent does not see: the host says what phase it is. */
static json_t *do_phase(struct request *req)
{
	uint64_t busy_ns = procfs_busy_ns();

	victims_enter(&victims, phase_of(req, "phase"));
	return json_pack("{s:I}", "busy_ns", (json_int_t)busy_ns);
}

/* Read at once: all that passes before and after makes the host less sure of it. */
static json_t *do_clock(struct request *req __attribute__((unused)))
{
	uint64_t now = clock_ns();

	return json_pack("{s:I}", "clock_ns", (json_int_t)now);
}

static json_t *do_write(struct request *req)
{
	const char *path = json_string_value(json_object_get(req->msg, "path"));
	const char *text = json_string_value(json_object_get(req->msg, "text"));
	int err = path && text ? procfs_write(path, text) : -EINVAL;

	req->error = err ? strerror(-err) : NULL;
	return err ? NULL : json_object();
}

static json_t *do_read(struct request *req)
{
	const char *path = json_string_value(json_object_get(req->msg, "path"));
	char text[READ_MAX + 1];
	int err = path ? procfs_read(path, text, sizeof(text)) : -EINVAL;
	json_t *answer = err ? NULL : json_pack("{s:s}", "text", text);

	req->error = err ? strerror(-err) : answer ? NULL : "no text";
	return answer;
}

static json_t *do_owners(struct request *req)
{
	uint64_t pages;
	int err = owners_count(json_object_get(req->msg, "words"), &pages);

	req->error = err ? strerror(-err) : NULL;
	return err ? NULL : json_pack("{s:I}", "pages", (json_int_t)pages);
}

static json_t *do_victims_start(struct request *req)
{
	int err = victims_start(&victims, json_object_get(req->msg, "victims"), req->text,
				sizeof(req->text));

	req->error = err ? req->text : NULL;
	return err ? NULL : json_object();
}

static json_t *do_victims_freeze(struct request *req)
{
	json_int_t ns = json_integer_value(json_object_get(req->msg, "ns"));

	if (ns <= 0) {
		req->error = "victims-freeze needs ns";
		return NULL;
	}
	return json_pack("{s:I}", "frozen_ns", (json_int_t)victims_freeze(&victims, ns));
}

static json_t *do_victims_stop(struct request *req)
{
	json_t *noted = victims_stop(&victims);

	req->error = noted ? NULL : "a victim died";
	return noted ? json_pack("{s:o}", "victims", noted) : NULL;
}

static json_t *do_trace_start(struct request *req)
{
	json_t *result = trace_start(req->msg, req->text, sizeof(req->text));

	req->error = result ? NULL : req->text;
	return result;
}

static json_t *do_trace(struct request *req)
{
	json_t *result = trace_read(req->text, sizeof(req->text));

	req->error = result ? NULL : req->text;
	return result;
}

static json_t *do_poweroff(struct request *req)
{
	channel_send(json_pack("{s:I, s:b}", "id", req->id, "ok", 1));
	power_off();
}

static const struct {
	const char *name;
	request_handler run;
} handlers[] = {
	{ "watch", do_watch },
	{ "phase", do_phase },
	{ "touch", do_touch },
	{ "write", do_write },
	{ "read", do_read },
	{ "owners", do_owners },
	{ "together", do_concurrent },
	{ "fill", do_fill },
	{ "verify", do_verify },
	{ "free", do_free },
	{ "vmstat", do_vmstat },
	{ "meminfo", do_meminfo },
	{ "buddy", do_buddy },
	{ "compact", do_compact },
	{ "cache", do_cache },
	{ "fragment", do_fragment },
	{ "hold-high", do_hold_high },
	{ "free-high", do_free_high },
	{ "release", do_release },
	{ "trace-start", do_trace_start },
	{ "trace", do_trace },
	{ "clock", do_clock },
	{ "victims-start", do_victims_start },
	{ "victims-freeze", do_victims_freeze },
	{ "victims-stop", do_victims_stop },
	{ "poweroff", do_poweroff },
};

static json_t *handle(struct request *req)
{
	const char *cmd = json_string_value(json_object_get(req->msg, "cmd"));
	size_t i;

	for (i = 0; cmd && i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (!strcmp(cmd, handlers[i].name))
			return handlers[i].run(req);
	req->error = "unknown request";
	return NULL;
}

static void answer(const json_t *msg)
{
	struct request req = { .msg = msg, .id = json_integer_value(json_object_get(msg, "id")) };
	json_t *result = handle(&req);

	if (result) {
		json_object_set_new(result, "id", json_integer(req.id));
		json_object_set_new(result, "ok", json_true());
		channel_send(result);
	} else if (req.error) {
		channel_send(
			json_pack("{s:I, s:b, s:s}", "id", req.id, "ok", 0, "error", req.error));
	}
}

/*
 * Where the agent runs. The driver's work is done where the device's interrupt
 * arrives, which is the first CPU; the agent keeps out of its way on the last
 * one, unless the host says otherwise with GUEST_CPU_VARIABLE (an unknown word
 * on the kernel's command line is in init's environment). Left to the
 * scheduler it would be beside the driver in some boots and not in others.
 */
static void choose_cpu(void)
{
	const char *wish = getenv(GUEST_CPU_VARIABLE);
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(wish ? atoi(wish) : (int)sysconf(_SC_NPROCESSORS_ONLN) - 1, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
		fprintf(stderr, "balloonguest: cannot choose a CPU: %s\n", strerror(errno));
}

/* Be woken when asked to, not when the driver under test leaves the CPU. */
static void become_punctual(void)
{
	const struct sched_param param = { .sched_priority = 1 };

	sched_setscheduler(0, SCHED_FIFO, &param);
	prctl(PR_SET_TIMERSLACK, 1);
}

int main(void)
{
	json_t *request;
	int err;

	/*
	 * Left to itself jansson seeds its hashes from /dev/urandom, and that
	 * takes a second in a guest that has just booted. The host is trusted.
	 */
	json_object_seed(1);
	mount_all();
	choose_cpu();
	become_punctual();
	err = device_open(&device);
	if (err) {
		fprintf(stderr, "balloonguest: no balloon and no virtio-mem device: %s\n",
			strerror(-err));
		power_off();
	}
	err = channel_open();
	if (err) {
		fprintf(stderr, "balloonguest: no port %s: %s\n", GUEST_PORT_NAME, strerror(-err));
		power_off();
	}
	channel_send(make_hello());
	while ((request = channel_receive())) {
		answer(request);
		json_decref(request);
	}
	power_off();
}
