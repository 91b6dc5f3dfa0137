/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/policy.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/vm/interrupt.h"
#include "lib/clock.h"
#include "lib/record_table.h"

#define RESIZING "while the policy resizes the guest"
#define COMMAND_MS 10000
/* A program has so long to answer, its first answer included. */
#define ANSWER_NS (5 * NSEC_PER_SEC)
#define POLL_NS (5 * NSEC_PER_MSEC)

#define S struct policy_input
static RECORD(policy_input_record, "input", NULL,
	FIELD(COUNT, time_ms), FIELD(COUNT, memory_bytes), FIELD(COUNT, most_bytes),
	FIELD(COUNT, taken_bytes), FIELD(COUNT, target_bytes), FIELD(COUNT, total_bytes),
	FIELD(COUNT, free_bytes), FIELD(COUNT, available_bytes), FIELD(COUNT, resident_bytes));
#undef S

struct policy_output {
	int64_t target_bytes;
};
#define S struct policy_output
static RECORD(policy_output_record, "output", NULL, FIELD(COUNT, target_bytes, .required = true));
#undef S

uint64_t policy_control(const struct policy_input *in, uint64_t headroom, uint64_t step)
{
	/* What the guest could miss, beyond what it has already given up. */
	const int64_t spare = in->available_bytes - (int64_t)headroom;
	int64_t wanted = in->taken_bytes + spare;

	if (wanted > in->most_bytes)
		wanted = in->most_bytes;
	wanted = wanted < 0 ? 0 : wanted - wanted % (int64_t)step;
	/* Giving back is always right; taking a little more is not worth the work. */
	if (wanted > in->target_bytes && wanted < in->target_bytes + (int64_t)step)
		return in->target_bytes;
	return wanted;
}

static int explain(struct policy *p, int err, const char *why)
{
	vm_explain(&p->run->vm, RESIZING, why);
	return err;
}

static int explain_qmp(struct policy *p, int err)
{
	return err ? explain(p, err, qmp_error(p->run->vm.qmp)) : 0;
}

static __attribute__((noreturn)) void become(const char *program, int fd, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
		_exit(127);
	interrupt_restore_mask();
	/* A group of its own: what it starts ends with it. */
	setpgid(0, 0);
	execl("/bin/sh", "sh", "-c", program, NULL);
	_exit(127);
}

int policy_open(struct policy *p)
{
	const struct variant *variant = p->run->boot->variant;
	const pid_t parent = getpid();
	char path[PATH_MAX];
	int ends[2];

	if (variant->policy != POLICY_PROGRAM)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return explain(p, -errno, strerror(errno));
	p->pid = fork();
	if (!p->pid)
		become(variant->program, ends[1], parent);
	close(ends[1]);
	p->talks = true;
	if (p->pid < 0) {
		p->pid = 0;
		jsonl_open(&p->stream, ends[0], "policy", NULL);
		return explain(p, -EAGAIN, "cannot start the program of the policy");
	}
	/* Also by its parent, whichever is first. */
	setpgid(p->pid, p->pid);
	if (jsonl_open(&p->stream, ends[0], "policy", vm_file(&p->run->vm, "policy.log", path)))
		return explain(p, -EIO, p->stream.error);
	return 0;
}

/* How the program has ended, which it may be about to do; else what was wrong with its stream. */
static int explain_program(struct policy *p, int err)
{
	const uint64_t deadline = deadline_in_ms(1000);
	char why[640];
	int status;

	if (err != -ECONNRESET)
		return explain(p, err, p->stream.error);
	while (waitpid(p->pid, &status, WNOHANG) != p->pid)
		if (clock_ns() < deadline)
			sleep_ns(POLL_NS);
		else
			return explain(p, -EPROTO, "the program of the policy closed its output");
	kill(-p->pid, SIGKILL);
	p->pid = 0;
	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "the program of the policy was killed by signal %d",
			 WTERMSIG(status));
	else
		snprintf(why, sizeof(why), "the program of the policy ended with exit status %d",
			 WEXITSTATUS(status));
	return explain(p, -EPROTO, why);
}

/* What the program answers: a size that can be set. */
static int check_answer(struct policy *p, const struct policy_input *in, const json_t *msg,
			uint64_t *target)
{
	struct policy_output out;
	char why[256];
	int err = record_decode(&policy_output_record, msg, &out, "the answer of the policy", why,
				sizeof(why));

	if (err)
		return explain(p, -EPROTO, why);
	if (out.target_bytes >= 0 && out.target_bytes <= in->most_bytes) {
		*target = out.target_bytes;
		return 0;
	}
	snprintf(why, sizeof(why),
		 "the answer of the policy: target_bytes: %" PRId64 ", expected 0 to %" PRId64,
		 out.target_bytes, in->most_bytes);
	return explain(p, -EPROTO, why);
}

static int ask_program(struct policy *p, const struct policy_input *in, uint64_t *target)
{
	const uint64_t deadline = clock_ns() + ANSWER_NS;
	json_t *msg = record_encode(&policy_input_record, in);
	int err = jsonl_send(&p->stream, msg, deadline);

	json_decref(msg);
	msg = NULL;
	if (!err)
		err = jsonl_receive(&p->stream, &msg, deadline);
	if (err)
		return err == -EINTR ? err : explain_program(p, err);
	err = check_answer(p, in, msg, target);
	json_decref(msg);
	return err;
}

static int read_input(struct policy *p, struct policy_input *in)
{
	struct vm *vm = &p->run->vm;
	struct record_list meminfo = { NULL, 0 };
	uint64_t taken = 0;
	int err = explain_qmp(p, vm_taken(vm, &taken, deadline_in_ms(COMMAND_MS)));

	if (!err)
		err = vm_counters(vm, &answer_meminfo, &meminfo);
	in->memory_bytes = vm->memory_bytes;
	in->most_bytes = p->run->boot->scenario->inflate_bytes;
	in->taken_bytes = taken;
	in->target_bytes = p->target_bytes;
	in->total_bytes = record_counter(&meminfo, "MemTotal_bytes");
	in->free_bytes = record_counter(&meminfo, "MemFree_bytes");
	in->available_bytes = record_counter(&meminfo, "MemAvailable_bytes");
	record_release_counters(&meminfo);
	return err;
}

static int set_target(struct policy *p, uint64_t bytes, uint64_t time_ns)
{
	struct vm *vm = &p->run->vm;

	/* virtio-mem has blocks, the balloon has pages. */
	bytes -= bytes % (vm->plugged_bytes ? METHOD_BLOCK_BYTES : PAGE_BYTES);
	if (bytes == p->target_bytes)
		return 0;
	p->target_bytes = bytes;
	p->result->targets++;
	record_append_pair(&p->result->target, time_ns, bytes);
	return explain_qmp(p, vm_take(vm, bytes, deadline_in_ms(COMMAND_MS)));
}

int policy_decide(struct policy *p, uint64_t resident_bytes, uint64_t time_ns)
{
	const struct replay_plan *plan = &p->run->boot->scenario->replay;
	struct policy_input in = { .time_ms = time_ns / NSEC_PER_MSEC,
				   .resident_bytes = resident_bytes };
	uint64_t target = 0;
	int err;

	if (p->run->boot->variant->policy == POLICY_NONE)
		return 0;
	err = read_input(p, &in);
	if (err)
		return err;
	if (p->run->boot->variant->policy == POLICY_PROGRAM)
		err = ask_program(p, &in, &target);
	else
		target = policy_control(&in, plan->headroom_bytes, plan->step_bytes);
	return err ? err : set_target(p, target, time_ns);
}

/* Wait until the guest has given up no memory any more. */
static int await_all(struct policy *p)
{
	struct vm *vm = &p->run->vm;
	const uint64_t deadline = clock_ns() + p->run->boot->scenario->resize_timeout_ns;
	uint64_t taken = 1;
	int err = 0;

	while (!err && taken) {
		err = explain_qmp(p, vm_taken(vm, &taken, deadline_in_ms(COMMAND_MS)));
		if (err || !taken)
			break;
		if (clock_ns() > deadline)
			return explain(p, -ETIMEDOUT,
				       "the guest did not get all of its memory back in time");
		if (interruptible_poll(-1, 0, clock_ns() + POLL_NS) == -EINTR)
			return -EINTR;
	}
	return err;
}

int policy_give_back(struct policy *p)
{
	static const char *const keys[] = { "balloon_inflate", "balloon_deflate", NULL };
	const struct boot *boot = p->run->boot;
	struct record_list changes = { NULL, 0 };
	int err;

	if (boot->variant->policy == POLICY_NONE)
		return 0;
	err = explain_qmp(p, vm_take(&p->run->vm, 0, deadline_in_ms(COMMAND_MS)));
	if (!err)
		err = await_all(p);
	if (!err && boot->variant->method == RESULT_BALLOON)
		err = vmstat_changes(p->run, keys, &changes);
	if (!err && boot->variant->method == RESULT_BALLOON)
		checks_count(p->run->result, p->run->number, CHECK_BOOT,
			     "vmstat balloon_deflate with the balloon empty again",
			     record_counter(&changes, keys[0]), record_counter(&changes, keys[1]));
	record_release_counters(&changes);
	return err;
}

void policy_close(struct policy *p)
{
	if (p->talks)
		jsonl_close(&p->stream);
	if (p->pid > 0) {
		kill(-p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	p->talks = false;
	p->pid = 0;
}
