/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/vm.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/vm/qemu_argv.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/units.h"

#define COMMAND_MS 10000
#define POWEROFF_MS 10000
#define ENDING_MS 2000

static const char *file_in(const struct vm *vm, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", vm->directory, name);
	return path;
}

/* Last line of a log that holds @needle, or the last line at all; "" if none. */
static void last_line(const struct vm *vm, const char *name, const char *needle, char *line,
		      size_t size)
{
	char path[PATH_MAX], buf[512];
	FILE *f;

	line[0] = '\0';
	f = fopen(file_in(vm, name, path), "re");
	if (!f)
		return;
	while (fgets(buf, sizeof(buf), f)) {
		buf[strcspn(buf, "\r\n")] = '\0';
		if (buf[0] && (!needle || strstr(buf, needle)))
			snprintf(line, size, "%s", buf);
	}
	fclose(f);
}

void vm_explain(struct vm *vm, const char *stage, const char *symptom)
{
	char line[512], ending[64];

	/* A closed channel is seen before the process has gone. */
	if (vm->qemu.pid)
		qemu_wait(&vm->qemu, deadline_in_ms(ENDING_MS));
	last_line(vm, "console.log", "Kernel panic", line, sizeof(line));
	if (line[0]) {
		snprintf(vm->reason, sizeof(vm->reason), "guest panicked %s: %s", stage, line);
		return;
	}
	if (!vm->qemu.pid) {
		last_line(vm, "qemu.log", NULL, line, sizeof(line));
		snprintf(vm->reason, sizeof(vm->reason), "QEMU ended %s (%s)%s%s", stage,
			 qemu_ending(&vm->qemu, ending, sizeof(ending)), line[0] ? ": " : "", line);
		return;
	}
	snprintf(vm->reason, sizeof(vm->reason), "%s: %s%s", stage, symptom,
		 qemu_is_stopped(&vm->qemu) ? "; somebody stopped QEMU (SIGSTOP)" : "");
}

static int connect_channels(struct vm *vm, uint64_t deadline)
{
	char path[PATH_MAX];
	int err, fd;

	fd = vm->qemu.qmp_fd;
	vm->qemu.qmp_fd = -1;
	err = qmp_open(&vm->qmp, fd, file_in(vm, "qmp.log", path), deadline);
	if (err) {
		vm_explain(vm, "before QMP was up", vm->qmp ? qmp_error(vm->qmp) : "");
		return err;
	}
	fd = vm->qemu.guest_fd;
	vm->qemu.guest_fd = -1;
	return agent_open(&vm->agent, fd, file_in(vm, "guest.log", path));
}

static int wait_ready(struct vm *vm, const char *cut, uint64_t started_ns, uint64_t deadline)
{
	const char *booted;
	int err;

	err = agent_hello(vm->agent, &vm->hello, deadline);
	if (err) {
		vm_explain(vm, "before the agent said hello", agent_error(vm->agent));
		return err;
	}
	vm->ready_ns = clock_ns() - started_ns;
	booted = json_string_value(json_object_get(vm->hello, "cut"));
	if (!booted || strcmp(booted, cut)) {
		snprintf(vm->reason, sizeof(vm->reason),
			 "the guest runs the kernel of cut '%s', not '%s': make all builds it anew",
			 booted ? booted : "?", cut);
		return -EPROTO;
	}
	return 0;
}

int vm_start(struct vm *vm, const struct qemu_config *config, const char *cut, uint64_t timeout_ns)
{
	uint64_t started_ns, deadline;
	char path[PATH_MAX], ready[32];
	int err;

	memset(vm, 0, sizeof(*vm));
	vm->qemu = (struct qemu){ .pidfd = -1, .qmp_fd = -1, .guest_fd = -1, .life_fd = -1 };
	vm->directory = config->directory;
	vm->memory_bytes = config->memory_bytes;
	vm->plugged_bytes = config->plugged_bytes;
	err = qemu_write_script(config, file_in(vm, "cmd.sh", path));
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
		log_debug("QEMU %d, logs in %s: agent ready after %s", vm->qemu.pid, vm->directory,
			  format_duration(vm->ready_ns, ready, sizeof(ready)));
	return err;
}

uint64_t vm_cpu_ns(const struct vm *vm)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(vm->qemu.pid, &clock) || clock_gettime(clock, &used))
		return 0;
	return used.tv_sec * NSEC_PER_SEC + used.tv_nsec;
}

void vm_power_off(struct vm *vm)
{
	uint64_t deadline = deadline_in_ms(POWEROFF_MS);

	if (!agent_request(vm->agent, json_pack("{s:s}", "cmd", "poweroff"), NULL,
			   deadline_in_ms(COMMAND_MS)))
		/* Awaited for the transcript: who ended the VM, and how. */
		qmp_wait_event(vm->qmp, "SHUTDOWN", NULL, deadline);
	qemu_wait(&vm->qemu, deadline);
}

void vm_release(struct vm *vm)
{
	qemu_kill(&vm->qemu);
	qmp_close(vm->qmp);
	agent_close(vm->agent);
	json_decref(vm->hello);
	vm->qmp = NULL;
	vm->agent = NULL;
	vm->hello = NULL;
}

json_t *vm_ask(struct vm *vm, const char *cmd, const char *name)
{
	json_t *answer = NULL, *value;
	char stage[64];

	snprintf(stage, sizeof(stage), "when asked for %s", name);
	if (agent_request(vm->agent, json_pack("{s:s}", "cmd", cmd), &answer,
			  deadline_in_ms(COMMAND_MS))) {
		vm_explain(vm, stage, agent_error(vm->agent));
		return NULL;
	}
	value = json_incref(json_object_get(answer, name));
	json_decref(answer);
	if (!value)
		snprintf(vm->reason, sizeof(vm->reason), "%s: no %s in the guest's answer", cmd,
			 name);
	return value;
}

int vm_check_console(struct vm *vm)
{
	static const char *const signs[] = { "WARNING:", "BUG:", "Oops:", "INFO: task",
					     "Kernel panic" };
	char line[512];
	size_t i;

	for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		last_line(vm, "console.log", signs[i], line, sizeof(line));
		if (!line[0])
			continue;
		snprintf(vm->reason, sizeof(vm->reason), "the guest's kernel complained: %s", line);
		return -EPROTO;
	}
	return 0;
}
