/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/victims.h"

#include <errno.h>
#include <time.h>

#include "bench/vm/interrupt.h"
#include "lib/clock.h"

#define COMMAND_MS 20000
/* How often a calm looks whether the user wants to end it. */
#define LOOK_NS 50000000ULL

static bool has_any(const struct scenario *s)
{
	return s && (json_array_size(s->guest_victims) || json_array_size(s->host_victims));
}

static int tell_guest(struct vm *vm, json_t *request, json_t **answer)
{
	int err = agent_request(vm->agent, request, answer, deadline_in_ms(COMMAND_MS));

	if (err)
		vm_explain(vm, "with the victims", agent_error(vm->agent));
	return err;
}

int boot_victims_start(struct boot_victims *v, struct vm *vm, const struct scenario *scenario)
{
	char error[256];
	int err = 0;

	v->scenario = scenario;
	if (!has_any(scenario))
		return 0;
	if (json_array_size(scenario->guest_victims))
		err = tell_guest(vm,
				 json_pack("{s:s, s:O}", "cmd", "victims-start", "victims",
					   scenario->guest_victims),
				 NULL);
	if (!err && victims_start(&v->host, scenario->host_victims, error, sizeof(error))) {
		vm_explain(vm, "with the host's victims", error);
		err = -EPROTO;
	}
	return err ? err : boot_victims_calm(v);
}

int boot_victims_calm(const struct boot_victims *v)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	uint64_t end = clock_ns();

	if (!has_any(v->scenario))
		return 0;
	for (end += v->scenario->calm_ns; clock_ns() < end && !interrupted();)
		nanosleep(&look, NULL);
	return interrupted() ? -EINTR : 0;
}

json_t *boot_victims_stop(struct boot_victims *v, struct vm *vm, int *err)
{
	json_t *all, *host, *answer = NULL;

	*err = 0;
	if (!has_any(v->scenario))
		return NULL;
	all = json_object();
	if (json_array_size(v->scenario->guest_victims))
		*err = tell_guest(vm, json_pack("{s:s}", "cmd", "victims-stop"), &answer);
	if (answer)
		json_object_set(all, "guest", json_object_get(answer, "victims"));
	json_decref(answer);
	host = v->host.count ? victims_stop(&v->host) : json_object();
	if (!*err && !host) {
		vm_explain(vm, "with the host's victims", "one of them died");
		*err = -EPROTO;
	}
	if (json_object_size(host))
		json_object_set(all, "host", host);
	json_decref(host);
	return all;
}

void boot_victims_kill(struct boot_victims *v)
{
	json_decref(victims_stop(&v->host));
}
