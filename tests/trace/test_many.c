/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's tracer with many processes: at once, one after the other, and whatever they are
 * called. Each makes a known number of madvise(COLD) calls, which no monitor of this machine does.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/host.skel.h"
#include "bpf/traced_processes.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/host_tracing.h"

#define CALLS 80
#define CPUS 256

static struct traced_processes traced;

/* The processes of a test: others may run this one at the same time. */
static pid_t own[4096];
static size_t own_count;

static void copy(const char *name)
{
	struct outcome outcome =
		run_shell("cp %s %s/%s", build_path("tests/helpers/advise/advise"), test_dir, name);

	assert_int_equal(outcome.status, 0);
	outcome_release(&outcome);
}

static int set_up(void **state)
{
	test_dir_set_up(state);
	/* Not a link: the name of the file counts. */
	copy("qemu-system-x86_64");
	copy("vmm");
	return 0;
}

/* Skipped if this user may not trace. */
static void open_tracer(bool watch)
{
	const struct tracer_options options = { .trace.level = TRACE_PAGES };
	char err[512];

	memset(&traced, 0, sizeof(traced));
	if (host_tracer_open(&traced.tracer, &options, err, sizeof(err)))
		skip_test("%s", err);
	if (watch)
		assert_int_equal(traced_processes_watch(&traced), 0);
}

static void close_tracer(void)
{
	traced_processes_release(&traced);
	host_tracer_close(traced.tracer);
}

/* A process of that program: its calls begin when @go exists ("-": at once). */
static pid_t start(const char *program, const char *go, const char *vm)
{
	char path[512], calls[16];
	pid_t pid = fork();

	if (pid) {
		own[own_count++] = pid;
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(path, sizeof(path), "%s/%s", test_dir, program);
	snprintf(calls, sizeof(calls), "%d", CALLS);
	execl(path, program, "brief", calls, go, "-name", vm, NULL);
	_exit(127);
}

static bool is_own(pid_t pid)
{
	size_t i;

	for (i = 0; i < own_count; i++)
		if (own[i] == pid)
			return true;
	return false;
}

/* Of those that are still kept one by one. */
static uint64_t cold_calls(void)
{
	uint64_t calls = 0;
	size_t i;

	for (i = 0; i < traced.count; i++)
		if (is_own(traced.list[i]->pid))
			calls += traced_process_stats(&traced, traced.list[i])
					 ->advice[ADVICE_COLD]
					 .calls;
	return calls;
}

static uint64_t earlier_cold_calls(void)
{
	return traced.earlier
		       ? traced_process_stats(&traced, traced.earlier)->advice[ADVICE_COLD].calls
		       : 0;
}

static uint64_t lost_pairs(void)
{
	uint64_t counters[COUNTER_COUNT];

	assert_int_equal(host_tracer_counters(traced.tracer, counters), 0);
	return counters[COUNTER_LOST_PAIRS];
}

/* All of them before the tracer looks; they have ended. */
static void run_at_once(int count)
{
	pid_t pids[64];
	int i;

	assert_at_most(count, sizeof(pids) / sizeof(pids[0]));
	for (i = 0; i < count; i++)
		pids[i] = start("qemu-system-x86_64", "-", "web");
	for (i = 0; i < count; i++)
		assert_int_equal(wait_program(pids[i]), 0);
	traced_processes_update(&traced);
}

/* As many as the tracer is prepared for, in a moment in which it does not look. */
static void started_at_once(void **state)
{
	enum { COUNT = 20 };

	(void)state;
	open_tracer(true);
	run_at_once(COUNT);
	assert_int_equal(cold_calls(), COUNT * CALLS);
	assert_int_equal(lost_pairs(), 0);
	close_tracer();
}

/* More than that at once: what is not counted is said, by the process. */
static void too_many_at_once(void **state)
{
	enum { COUNT = 60 };

	(void)state;
	open_tracer(true);
	run_at_once(COUNT);
	assert_at_least(traced.late, COUNT - SPARE_SLOTS);
	/* One that is late and still runs may be counted in part. */
	assert_at_least(cold_calls() + traced.late * CALLS, COUNT * CALLS);
	close_tracer();
}

static void one_after_the_other(void **state)
{
	enum { COUNT = 70 };
	int i;

	(void)state;
	open_tracer(true);
	for (i = 0; i < COUNT; i++) {
		assert_int_equal(wait_program(start("qemu-system-x86_64", "-", "web")), 0);
		traced_processes_update(&traced);
	}
	assert_at_least(cold_calls() + earlier_cold_calls(), COUNT * CALLS);
	close_tracer();
}

static size_t named(const char *vm)
{
	size_t count = 0, i;

	for (i = 0; i < traced.count; i++)
		count += is_own(traced.list[i]->pid) && !strcmp(traced.list[i]->info.vm, vm) &&
			 traced.list[i]->info.monitor &&
			 !strcmp(traced.list[i]->info.monitor, "QEMU");
	return count;
}

/* All of them run before the tracer is started; its memory is what is claimed. */
static void two_hundred_that_run(void **state)
{
	enum { COUNT = 200 };
	const char *go = in_test_dir("go-200");
	pid_t pids[COUNT];
	int i;

	(void)state;
	open_tracer(true);
	for (i = 0; i < COUNT; i++)
		pids[i] = start("qemu-system-x86_64", go, "web");
	for (i = 0; i < COUNT; i++)
		await_program(pids[i], "qemu-system-x86_64");
	traced_processes_update(&traced);
	traced_processes_find(&traced);
	assert_int_equal(named("web"), COUNT);
	assert_at_least(traced.living, COUNT);
	write_file(test_dir, "go-200", "");
	for (i = 0; i < COUNT; i++)
		assert_int_equal(wait_program(pids[i]), 0);
	traced_processes_update(&traced);
	assert_at_least(cold_calls() + earlier_cold_calls(), COUNT * CALLS);
	assert_int_equal(lost_pairs(), 0);
	close_tracer();
}

/* Those that ended long ago are one, so that memory is bounded; nothing is lost. */
static void churn(void **state)
{
	enum { COUNT = 2000 };
	int i;

	(void)state;
	open_tracer(true);
	for (i = 0; i < COUNT; i++) {
		assert_int_equal(wait_program(start("qemu-system-x86_64", "-", "web")), 0);
		if (i % 8 == 7)
			traced_processes_update(&traced);
	}
	assert_at_least(cold_calls() + earlier_cold_calls(), COUNT * CALLS);
	assert_non_null(traced.earlier);
	assert_at_most(traced.count, ENDED_MAX + traced.living);
	assert_at_least(traced.earlier->processes + traced.count, COUNT);
	/* Virtual machines of others may come meanwhile; 2000 would take 41 MiB. */
	assert_below(host_tracer_memory(traced.tracer), 3 << 20);
	close_tracer();
}

/* A script that executes it is the same process; so is the program after its file is gone. */
static void wrapped_and_deleted(void **state)
{
	const char *go = in_test_dir("go-wrapped");
	char script[512];
	pid_t wrapper, deleted;

	(void)state;
	open_tracer(true);
	snprintf(script, sizeof(script), "#!/bin/sh\nexec %s/qemu-system-x86_64 \"$@\"\n",
		 test_dir);
	chmod(write_file(test_dir, "kvm", script), 0755);
	wrapper = start("kvm", go, "wrapped");
	await_program(wrapper, "qemu-system-x86_64");
	traced_processes_update(&traced);
	assert_int_equal(named("wrapped"), 1);
	copy("qemu-kvm");
	deleted = start("qemu-kvm", go, "deleted");
	await_program(deleted, "qemu-kvm");
	unlink(in_test_dir("qemu-kvm"));
	close_tracer();
	open_tracer(true);
	traced_processes_find(&traced);
	assert_int_equal(named("wrapped"), 1);
	assert_int_equal(named("deleted"), 1);
	write_file(test_dir, "go-wrapped", "");
	assert_int_equal(wait_program(wrapper) + wait_program(deleted), 0);
	traced_processes_update(&traced);
	assert_int_equal(cold_calls(), 2 * CALLS);
	close_tracer();
}

/* A monitor of an unknown name has /dev/kvm open. */
static void found_by_its_device(void **state)
{
	int kvm = open("/dev/kvm", O_RDWR), i;
	const char *go = in_test_dir("go-kvm");
	size_t found = 0, n;
	pid_t pids[2];

	(void)state;
	if (kvm < 0)
		skip_test("/dev/kvm: %s", strerror(errno));
	open_tracer(true);
	pids[0] = start("vmm", go, "device");
	await_program(pids[0], "vmm");
	close(kvm);
	pids[1] = start("vmm", go, "no device");
	await_program(pids[1], "vmm");
	traced_processes_find(&traced);
	assert_int_equal(traced.find_error, 0);
	for (n = 0; n < traced.count; n++) {
		assert_int_not_equal(traced.list[n]->pid, pids[1]);
		found += traced.list[n]->pid == pids[0] &&
			 !strcmp(traced.list[n]->info.vm, "device");
	}
	assert_int_equal(found, 1);
	for (i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		wait_program(pids[i]);
	}
	close_tracer();
}

/* Programs that only begin like a monitor are forgotten. */
static void not_a_monitor(void **state)
{
	size_t i;

	(void)state;
	open_tracer(true);
	copy("qemu-img");
	assert_int_equal(wait_program(start("qemu-img", "-", "none")), 0);
	traced_processes_update(&traced);
	for (i = 0; i < traced.count; i++)
		assert_string_not_equal(traced.list[i]->info.name, "qemu-img");
	close_tracer();
}

/* What the maps with a copy for each CPU take on a machine of CPUS CPUs. */
static uint64_t per_cpu_bytes(void)
{
	struct bpf_object *object;
	struct bpf_map *map;
	uint64_t bytes = 0;
	const void *elf;
	size_t size;

	elf = host__elf_bytes(&size);
	object = bpf_object__open_mem(elf, size, NULL);
	assert_non_null(object);
	bpf_object__for_each_map(map, object)
	{
		const enum bpf_map_type type = bpf_map__type(map);

		assert_int_not_equal(type, BPF_MAP_TYPE_PERCPU_HASH);
		assert_int_not_equal(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
		if (type == BPF_MAP_TYPE_PERCPU_ARRAY)
			bytes += (uint64_t)bpf_map__max_entries(map) * bpf_map__value_size(map);
	}
	bpf_object__close(object);
	return bytes * CPUS;
}

/* Less than 1 MiB for one virtual machine, and 3 MiB for a hundred, on any number of CPUs. */
static void memory_by_need(void **state)
{
	enum { COUNT = 100 };
	const char *go = in_test_dir("go-memory");
	pid_t pids[COUNT];
	int i;

	(void)state;
	open_tracer(true);
	for (i = 0; i < COUNT; i++) {
		pids[i] = start("vmm", go, "web");
		await_program(pids[i], "vmm");
		assert_int_equal(traced_processes_add(&traced, pids[i]), 0);
		if (!i)
			assert_below(host_tracer_memory(traced.tracer) + per_cpu_bytes(), 1 << 20);
	}
	assert_below(host_tracer_memory(traced.tracer) + per_cpu_bytes(), 3 << 20);
	for (i = 0; i < COUNT; i++) {
		kill(pids[i], SIGKILL);
		wait_program(pids[i]);
	}
	close_tracer();
}

/* The command, with processes that start meanwhile: each is named, and all calls are counted. */
static void command_traces_all(void **state)
{
	enum { COUNT = 20 };
	json_int_t calls = 0, found = 0;
	char record[512], go[512];
	struct host_tracing tracing;
	const json_t *process;
	pid_t pids[COUNT];
	json_t *json;
	size_t i;

	(void)state;
	skip_without_tracer();
	snprintf(record, sizeof(record), "%s", in_test_dir("all.jsonl"));
	snprintf(go, sizeof(go), "%s", in_test_dir("go-all"));
	host_tracing_start(&tracing, (const char *[]){ "host", "--all-qemu", "--json", "--record",
						       record, NULL });
	for (i = 0; i < COUNT; i++)
		pids[i] = start("qemu-system-x86_64", go, "guest=web,x=on");
	/* Their arguments are read once they are seen. */
	AWAIT(count_in_file(record, "\"web\"") == COUNT);
	write_file(test_dir, "go-all", "");
	for (i = 0; i < COUNT; i++)
		assert_int_equal(wait_program(pids[i]), 0);
	host_tracing_end(&tracing);
	assert_int_equal(tracing.status, 0);
	json = json_loads(tracing.output, 0, NULL);
	json_array_foreach (json_object_get(json, "processes"), i, process) {
		if (strcmp(text_of(process, "vm"), "web"))
			continue;
		found++;
		calls += number_of(process, "calls.cold.calls");
	}
	assert_int_equal(found, COUNT);
	assert_int_equal(calls, COUNT * CALLS);
	json_decref(json);
	host_tracing_release(&tracing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(started_at_once),
		cmocka_unit_test(too_many_at_once),
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(two_hundred_that_run),
		cmocka_unit_test(churn),
		cmocka_unit_test(wrapped_and_deleted),
		cmocka_unit_test(found_by_its_device),
		cmocka_unit_test(not_a_monitor),
		cmocka_unit_test(memory_by_need),
		cmocka_unit_test(command_traces_all),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
