/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the QEMUs of a run can do, as far as that can be told without a boot. */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/run/run.h"
#include "bench/vm/qemu.h"
#include "bpf/host_tracer.h"
#include "lib/run_program.h"

#define VERSION_PREFIX "QEMU emulator version "
/* Every balloon device has it: its absence means that the help could not be read. */
#define ALWAYS_THERE "deflate-on-oom"
/* The same of VMware's. */
#define ALWAYS_THERE_VMWARE "batches"
/* A property of every device, which its help does not list. */
#define OF_ANY_DEVICE "bus"

const char *qemu_version_line(const char *binary, char *line, size_t size)
{
	const char *argv[] = { binary, "--version", NULL };
	const size_t n = strlen(VERSION_PREFIX);

	if (program_first_line(argv, line, size))
		line[0] = '\0';
	if (!strncmp(line, VERSION_PREFIX, n))
		memmove(line, line + n, strlen(line + n) + 1);
	return line;
}

/* A variant, and how many properties its QEMU does not have. */
struct needs {
	const struct variant *variant;
	const struct image_qemu *qemu;
	const char *device;
	int lacking;
};

static int check_property(const char *name, const char *value, void *context)
{
	struct needs *needs = context;

	(void)value;
	if (qemu_device_has(needs->qemu->path, needs->device, name) || !strcmp(name, OF_ANY_DEVICE))
		return 0;
	needs->lacking++;
	log_error("variant %s needs the property %s of %s, which QEMU %s (%s) does not have",
		  needs->variant->name, name,
		  strcmp(needs->device, QEMU_BALLOON) ? needs->device : "the balloon device",
		  needs->qemu->name, needs->qemu->path);
	return 0;
}

static int check_variant(const struct session *s, const struct variant *v)
{
	struct needs needs = { .variant = v,
			       .qemu = session_qemu(s, v),
			       .device = v->method == RESULT_VMWARE ? QEMU_VMWARE_BALLOON
								    : QEMU_BALLOON };

	if (v->method == RESULT_VIRTIO_MEM || v->method == RESULT_CMM ||
	    !qemu_balloon_has(needs.qemu->path, ALWAYS_THERE))
		return 0;
	if (v->method == RESULT_VMWARE &&
	    !qemu_device_has(needs.qemu->path, QEMU_VMWARE_BALLOON, ALWAYS_THERE_VMWARE)) {
		log_error("variant %s needs the device " QEMU_VMWARE_BALLOON
			  ", which QEMU %s (%s) does not have; the QEMU of `make all` has it",
			  v->name, needs.qemu->name, needs.qemu->path);
		return 1;
	}
	device_each(v->device, check_property, &needs);
	if (v->method == RESULT_REPORTING)
		check_property("free-page-reporting", "on", &needs);
	if (v->method == RESULT_FLOOR)
		check_property(FLOOR_PROPERTY, "", &needs);
	return needs.lacking > 0;
}

/* What is to be said of the probes of a QEMU's batches, or NULL: a note has both names. */
static const char *say_of_probes(const char *binary)
{
	static const char names[] = PROBE_PROVIDER "\0" PROBE_NAME;
	int fd = open(binary, O_RDONLY | O_CLOEXEC);
	const char *said = NULL;
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < SELFMAG)
		goto out;
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		goto out;
	if (memcmp(data, ELFMAG, SELFMAG) != 0)
		said = "is a script: whether the QEMU that it starts has probes of its balloon's "
		       "batches is not known before the boot";
	else if (!memmem(data, st.st_size, names, sizeof(names)))
		said = "has no probes of its balloon's batches: translation on the host is not "
		       "observed; the QEMU of `make all` has them";
	munmap(data, st.st_size);
out:
	if (fd >= 0)
		close(fd);
	return said;
}

static bool is_traced(const struct session *s, const struct variant *v)
{
	struct trace_setting trace = s->options.trace;

	if (v->trace)
		trace_setting_parse(v->trace, &trace);
	return v->method == RESULT_BALLOON && trace.level != TRACE_OFF;
}

/* Whether a variant before the one at @i has the same QEMU, and this holds for it. */
static bool was_said(const struct session *s, size_t i,
		     bool (*holds)(const struct session *s, const struct variant *v))
{
	const struct image_qemu *qemu = session_qemu(s, s->chosen[i]);
	size_t j;

	for (j = 0; j < i; j++)
		if (session_qemu(s, s->chosen[j]) == qemu && holds(s, s->chosen[j]))
			return true;
	return false;
}

static bool is_any(const struct session *s, const struct variant *v)
{
	(void)s;
	(void)v;
	return true;
}

static int is_batch_discard(const char *name, const char *value, void *context)
{
	(void)context;
	return !strcmp(name, "x-batch-discard") && !strcmp(value, "on");
}

static bool discards_in_batches(const struct session *s, const struct variant *v)
{
	(void)s;
	return v->method == RESULT_BALLOON && device_each(v->device, is_batch_discard, NULL);
}

/* Linux before 6.13 refuses this advice, even for no memory at all. */
static bool can_discard_in_batches(void)
{
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	bool can = !syscall(SYS_process_madvise, pidfd, NULL, 0, MADV_DONTNEED, 0);

	if (pidfd >= 0)
		close(pidfd);
	return can;
}

/* Say once of each QEMU what it will not do. */
static void say_limits(const struct session *s, size_t i)
{
	const struct variant *v = s->chosen[i];
	const struct image_qemu *qemu = session_qemu(s, v);
	const char *said = NULL;

	if (is_traced(s, v) && !was_said(s, i, is_traced))
		said = say_of_probes(qemu->path);
	if (said)
		log_info("QEMU %s (%s) %s", qemu->name, qemu->path, said);
	if (!geteuid() && !was_said(s, i, is_any) && !qemu_changes_user(qemu->path))
		log_info("QEMU %s (%s) has no -run-with user=, which came with 9.1: it keeps the "
			 "privileges of root",
			 qemu->name, qemu->path);
	if (discards_in_batches(s, v) && !can_discard_in_batches())
		log_info("variant %s discards as without x-batch-discard: this host's kernel lets "
			 "no "
			 "process discard its own memory by process_madvise(), which came with "
			 "Linux 6.13",
			 v->name);
}

int check_qemus(const struct session *s)
{
	const size_t count = s->options.suite.variant_count;
	size_t i, lacking = 0;

	for (i = 0; i < count; i++) {
		lacking += check_variant(s, s->chosen[i]);
		say_limits(s, i);
	}
	if (!lacking)
		return 0;
	return fails(EXIT_UNSUPPORTED,
		     "%zu of %zu variants cannot run with their QEMU; name the others with "
		     "--variant, or a QEMU that has these properties, as in %s@NAME: `make all` "
		     "builds one, `balloonbench list` shows what there is",
		     lacking, count, s->chosen[0]->cut);
}
