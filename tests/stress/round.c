/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A round: the orders for the guest are tasks of one request, each a process in the guest;
 * those for the host are executed by QMP meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/vm/interrupt.h"
#include "lib/clock.h"
#include "tests/stress/boot.h"
#include "tests/stress/guest_paths.h"

#define COMMAND_MS 60000
/* Long enough for an emulated debug kernel that is short of memory. */
#define ROUND_TIMEOUT_MS 300000
/* What the guest's own clock may be late. */
#define LATE_MS 60000
/* A guest that gets an NMI says on its console where it is. */
#define NMI_S 10
/* Interval of checks of the console during a round. */
#define POLL_MS 5000

static struct guest_step *add_step(struct guest_task *task)
{
	return record_append(&guest_step_record, &task->steps);
}

static void add_write(struct guest_task *task, const char *path, const char *text)
{
	struct guest_step *step = add_step(task);

	record_set_text(&step->path, path);
	record_set_text(&step->text, text);
}

static void add_sleep(struct guest_task *task, uint64_t ms)
{
	add_step(task)->sleep_ms = ms;
}

static void add_injection(struct guest_task *task, const struct stress_order *order)
{
	char percent[24];

	snprintf(percent, sizeof(percent), "%llu", (unsigned long long)order->value);
	add_write(task, FAIL_PAGE_ALLOC "probability", percent);
	add_sleep(task, order->for_ms);
	add_write(task, FAIL_PAGE_ALLOC "probability", "0");
}

static void add_pair(struct guest_task *task, const char *first, const char *first_text,
		     unsigned int ms, const char *second, const char *second_text)
{
	add_write(task, first, first_text);
	add_sleep(task, ms);
	add_write(task, second, second_text);
}

static void fill_task(const struct stress_boot *boot, const struct stress_order *order,
		      struct guest_task *task)
{
	char path[64];
	uint64_t i;

	add_sleep(task, order->after_ms);
	switch (order->op) {
	case STRESS_COMPACT:
		for (i = 0; i < order->value; i++)
			add_write(task, COMPACT_MEMORY, "1");
		break;
	case STRESS_PRESS:
		add_step(task)->press_bytes = order->value;
		add_sleep(task, order->for_ms);
		break;
	case STRESS_DROP:
		add_write(task, DROP_CACHES, "3");
		break;
	case STRESS_INJECT:
		add_injection(task, order);
		break;
	case STRESS_SUSPEND:
		add_write(task, PM_TEST, stress_levels[order->value]);
		add_write(task, POWER_STATE, "freeze");
		break;
	case STRESS_REBIND:
		add_pair(task, BALLOON_DRIVER "unbind", BALLOON_DEVICE, order->for_ms,
			 BALLOON_DRIVER "bind", BALLOON_DEVICE);
		break;
	case STRESS_REPLUG:
		snprintf(path, sizeof(path), PCI_DEVICES "%s/remove", boot->pci_address);
		add_pair(task, path, "1", order->for_ms, PCI_RESCAN, "1");
		break;
	default:
		break;
	}
}

static void fill_tasks(const struct stress_boot *boot, const struct stress_round *round,
		       struct record_list *tasks)
{
	size_t i;

	for (i = 0; i < round->count; i++)
		if (!stress_op_is_hosts(round->orders[i].op))
			fill_task(boot, &round->orders[i],
				  record_append(&guest_task_record, tasks));
}

/* Log an order and its result. */
static void log_order(struct stress_boot *boot, const struct stress_order *order, json_t *result)
{
	bool failed = !!json_object_get(result, "errors");

	boot->counts->done[order->op]++;
	boot->counts->failed[order->op] += failed;
	stress_log(boot, json_pack("{s:s, s:i, s:i, s:I, s:o}", "op", stress_op_name(order->op),
				   "after_ms", (int)order->after_ms, "for_ms", (int)order->for_ms,
				   "value", (json_int_t)order->value, "result", result));
}

static int set_polling(struct stress_boot *boot, uint64_t seconds)
{
	return qmp_execute(boot->vm.qmp, "qom-set",
			   json_pack("{s:s, s:s, s:I}", "path", "/machine/peripheral/balloon0",
				     "property", "guest-stats-polling-interval", "value",
				     (json_int_t)seconds),
			   NULL, deadline_in_ms(COMMAND_MS));
}

static int run_host_order(struct stress_boot *boot, const struct stress_order *order)
{
	uint64_t start = clock_ns();
	int err;

	if (order->op == STRESS_TARGET)
		err = vm_take(&boot->vm, order->value * 4096, deadline_in_ms(COMMAND_MS));
	else if (order->op == STRESS_RESET)
		err = qmp_vmware_reset(boot->vm.qmp, deadline_in_ms(COMMAND_MS));
	else
		err = set_polling(boot, order->value);
	if (err)
		vm_explain(&boot->vm, stress_op_name(order->op), qmp_error(boot->vm.qmp));
	else
		log_order(boot, order,
			  json_pack("{s:I}", "duration_ns", (json_int_t)(clock_ns() - start)));
	return err;
}

static int sleep_until(uint64_t when_ns)
{
	while (clock_ns() < when_ns && !interrupted())
		sleep_ns(2 * NSEC_PER_MSEC);
	return interrupted() ? -EINTR : 0;
}

static int run_host_orders(struct stress_boot *boot, const struct stress_round *round)
{
	uint64_t start = clock_ns();
	size_t i;
	int err = 0;

	for (i = 0; !err && i < round->count; i++) {
		const struct stress_order *order = &round->orders[i];

		if (!stress_op_is_hosts(order->op))
			continue;
		err = sleep_until(start + order->after_ms * NSEC_PER_MSEC);
		if (!err)
			err = run_host_order(boot, order);
	}
	return err;
}

/* Log the outcome of a task, without empty members. */
static void note_outcome(struct stress_boot *boot, const struct stress_order *order,
			 const struct guest_outcome *outcome)
{
	const struct guest_step_error *e = outcome->errors.items;
	json_t *errors = json_array(), *result;
	size_t i;

	for (i = 0; i < outcome->errors.count; i++)
		json_array_append_new(errors, json_pack("[i, s]", (int)e[i].step, e[i].error));
	result = json_pack("{s:I}", "duration_ns", (json_int_t)outcome->duration_ns);
	if (json_array_size(errors))
		json_object_set(result, "errors", errors);
	json_decref(errors);
	if (outcome->signal)
		json_object_set_new(result, "signal", json_integer(outcome->signal));
	boot->counts->killed += outcome->signal != 0;
	log_order(boot, order, result);
	if (outcome->running)
		stress_found_text(boot, "hang", "%s has not ended after %d s",
				  stress_op_name(order->op), ROUND_TIMEOUT_MS / 1000);
}

static void note_outcomes(struct stress_boot *boot, const struct stress_round *round,
			  const struct event_concurrent *event)
{
	const struct guest_outcome *outcome = event->tasks.items;
	size_t i, task = 0;

	for (i = 0; i < round->count; i++)
		if (!stress_op_is_hosts(round->orders[i].op) && task < event->tasks.count)
			note_outcome(boot, &round->orders[i], &outcome[task++]);
}

static int begin_tasks(struct stress_boot *boot, const struct record_list *tasks)
{
	struct guest_request request = guest_request("concurrent");
	int err;

	request.timeout_ns = ROUND_TIMEOUT_MS * NSEC_PER_MSEC;
	request.tasks = *tasks;
	err = agent_request(boot->vm.agent, &request, NULL, NULL, deadline_in_ms(COMMAND_MS));
	if (err)
		vm_explain(&boot->vm, "beginning a round", agent_error(boot->vm.agent));
	return err;
}

/* Of a guest that does not answer: registers into the log, and by an NMI a trace on the console. */
static void interrogate(struct stress_boot *boot)
{
	json_t *registers = NULL;

	if (!qmp_execute(boot->vm.qmp, "human-monitor-command",
			 json_pack("{s:s}", "command-line", "info registers -a"), &registers,
			 deadline_in_ms(COMMAND_MS)))
		stress_log(boot, json_pack("{s:s, s:o}", "op", "lost", "registers", registers));
	qmp_execute(boot->vm.qmp, "inject-nmi", NULL, NULL, deadline_in_ms(COMMAND_MS));
	sleep_ns(NMI_S * NSEC_PER_SEC);
	stress_check_console(boot);
}

/* A kernel that has oopsed may never answer; the console says why. */
static int await_tasks(struct stress_boot *boot, struct event_concurrent *event)
{
	uint64_t deadline = deadline_in_ms(ROUND_TIMEOUT_MS + LATE_MS);
	int err;

	do {
		err = agent_wait_event(boot->vm.agent, "concurrent", &event_concurrent_record,
				       event, deadline_in_ms(POLL_MS));
		if (err != -ETIMEDOUT)
			break;
		stress_check_console(boot);
		if (boot->finding)
			return 0;
	} while (clock_ns() < deadline);
	if (err == -ETIMEDOUT)
		interrogate(boot);
	if (err)
		vm_explain(&boot->vm, "in a round", agent_error(boot->vm.agent));
	return err;
}

int stress_round_run(struct stress_boot *boot, const struct stress_round *round)
{
	struct event_concurrent event = { { NULL, 0 } };
	struct record_list tasks = { NULL, 0 };
	int err = 0, host_err = 0;
	bool guests;

	fill_tasks(boot, round, &tasks);
	guests = tasks.count;
	if (guests)
		err = begin_tasks(boot, &tasks);
	record_release_list(&guest_task_record, &tasks);
	if (err)
		return err;
	host_err = run_host_orders(boot, round);
	if (guests && host_err != -EINTR)
		err = await_tasks(boot, &event);
	note_outcomes(boot, round, &event);
	record_release(&event_concurrent_record, &event);
	boot->counts->rounds += !err && !host_err;
	return err ? err : host_err;
}
