/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A round: the guest's orders are tasks of one request, each a process of its
 * own in the guest; the host's go by QMP while those run.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/vm/interrupt.h"
#include "lib/clock.h"
#include "tests/stress/boot.h"
#include "tests/stress/guest_paths.h"

#define COMMAND_MS 60000
/* An emulated debug kernel that is short of memory takes its time. */
#define ROUND_TIMEOUT_MS 600000
/* How often the console is looked at while a round lasts. */
#define LOOK_MS 5000

static json_t *write_step(const char *path, const char *text)
{
	return json_pack("[s, s, s]", "write", path, text);
}

static json_t *number_step(const char *what, uint64_t value)
{
	return json_pack("[s, I]", what, (json_int_t)value);
}

static void add_compaction(json_t *steps, uint64_t times)
{
	while (times--)
		json_array_append_new(steps, write_step(COMPACT_MEMORY, "1"));
}

static void add_injection(json_t *steps, const struct stress_order *order)
{
	char percent[24];

	snprintf(percent, sizeof(percent), "%llu", (unsigned long long)order->value);
	json_array_append_new(steps, write_step(FAIL_PAGE_ALLOC "probability", percent));
	json_array_append_new(steps, number_step("sleep", order->for_ms));
	json_array_append_new(steps, write_step(FAIL_PAGE_ALLOC "probability", "0"));
}

static void add_pair(json_t *steps, const char *first, const char *first_text, unsigned int ms,
		     const char *second, const char *second_text)
{
	json_array_append_new(steps, write_step(first, first_text));
	json_array_append_new(steps, number_step("sleep", ms));
	json_array_append_new(steps, write_step(second, second_text));
}

static json_t *task_of(const struct stress_boot *boot, const struct stress_order *order)
{
	json_t *steps = json_array();
	char path[64];

	json_array_append_new(steps, number_step("sleep", order->after_ms));
	switch (order->op) {
	case STRESS_COMPACT:
		add_compaction(steps, order->value);
		break;
	case STRESS_PRESS:
		json_array_append_new(steps, number_step("press", order->value));
		json_array_append_new(steps, number_step("sleep", order->for_ms));
		break;
	case STRESS_DROP:
		json_array_append_new(steps, write_step(DROP_CACHES, "3"));
		break;
	case STRESS_INJECT:
		add_injection(steps, order);
		break;
	case STRESS_SUSPEND:
		json_array_append_new(steps, write_step(PM_TEST, stress_levels[order->value]));
		json_array_append_new(steps, write_step(POWER_STATE, "freeze"));
		break;
	case STRESS_REBIND:
		add_pair(steps, BALLOON_DRIVER "unbind", BALLOON_DEVICE, order->for_ms,
			 BALLOON_DRIVER "bind", BALLOON_DEVICE);
		break;
	case STRESS_REPLUG:
		snprintf(path, sizeof(path), PCI_DEVICES "%s/remove", boot->pci_address);
		add_pair(steps, path, "1", order->for_ms, PCI_RESCAN, "1");
		break;
	default:
		break;
	}
	return steps;
}

static json_t *tasks_of(const struct stress_boot *boot, const struct stress_round *round)
{
	json_t *tasks = json_array();
	size_t i;

	for (i = 0; i < round->count; i++)
		if (!stress_op_is_hosts(round->orders[i].op))
			json_array_append_new(tasks, task_of(boot, &round->orders[i]));
	return tasks;
}

/* A line of the log: what was ordered, and what came of it. */
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
		err = qmp_balloon_target(boot->vm.qmp, STRESS_MEMORY_BYTES - order->value * 4096,
					 deadline_in_ms(COMMAND_MS));
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
	const struct timespec nap = { .tv_nsec = 2 * NSEC_PER_MSEC };

	while (clock_ns() < when_ns && !interrupted())
		nanosleep(&nap, NULL);
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

/* What the guest says of a task, made shorter: nothing where nothing is to be said. */
static void note_outcome(struct stress_boot *boot, const struct stress_order *order,
			 const json_t *outcome)
{
	json_int_t signal = json_integer_value(json_object_get(outcome, "signal"));
	json_t *errors = json_object_get(outcome, "errors");
	json_t *result = json_pack("{s:O}", "duration_ns", json_object_get(outcome, "duration_ns"));

	if (json_array_size(errors))
		json_object_set(result, "errors", errors);
	if (signal)
		json_object_set_new(result, "signal", json_integer(signal));
	boot->counts->killed += signal != 0;
	log_order(boot, order, result);
	if (json_is_true(json_object_get(outcome, "running")))
		stress_found_text(boot, "hang", "%s has not ended after %d s",
				  stress_op_name(order->op), ROUND_TIMEOUT_MS / 1000);
}

static void note_outcomes(struct stress_boot *boot, const struct stress_round *round,
			  const json_t *event)
{
	const json_t *tasks = json_object_get(event, "tasks");
	size_t i, task = 0;

	for (i = 0; i < round->count; i++)
		if (!stress_op_is_hosts(round->orders[i].op))
			note_outcome(boot, &round->orders[i], json_array_get(tasks, task++));
}

static int begin_tasks(struct stress_boot *boot, json_t *tasks)
{
	json_t *request = json_pack("{s:s, s:I, s:o}", "cmd", "together", "timeout_ns",
				    (json_int_t)(ROUND_TIMEOUT_MS * NSEC_PER_MSEC), "tasks", tasks);
	int err = agent_request(boot->vm.agent, request, NULL, deadline_in_ms(COMMAND_MS));

	if (err)
		vm_explain(&boot->vm, "beginning a round", agent_error(boot->vm.agent));
	return err;
}

/* A kernel that has oopsed may never answer, but it has said why. */
static int await_tasks(struct stress_boot *boot, json_t **event)
{
	uint64_t deadline = deadline_in_ms(2 * ROUND_TIMEOUT_MS);
	int err;

	do {
		err = agent_wait_event(boot->vm.agent, "together", event, deadline_in_ms(LOOK_MS));
		if (err != -ETIMEDOUT)
			break;
		stress_look_at_console(boot);
		if (boot->finding)
			return 0;
	} while (clock_ns() < deadline);
	if (err)
		vm_explain(&boot->vm, "in a round", agent_error(boot->vm.agent));
	return err;
}

int stress_round_run(struct stress_boot *boot, const struct stress_round *round)
{
	json_t *tasks = tasks_of(boot, round), *event = NULL;
	bool guests = json_array_size(tasks) != 0;
	int err = 0, host_err;

	if (guests)
		err = begin_tasks(boot, tasks);
	else
		json_decref(tasks);
	if (err)
		return err;
	host_err = run_host_orders(boot, round);
	if (guests && host_err != -EINTR)
		err = await_tasks(boot, &event);
	if (event)
		note_outcomes(boot, round, event);
	json_decref(event);
	boot->counts->rounds += !err && !host_err;
	return err ? err : host_err;
}
