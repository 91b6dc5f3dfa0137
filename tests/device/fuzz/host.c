/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Actions of the host during an input. */
#include <stdio.h>
#include <string.h>

#include "tests/device/fuzz/guest.h"
#include "lib/clock.h"

#define BALLOON "/machine/peripheral/balloon0"
#define MIGRATION_MS 60000

enum host_op {
	HOST_TARGET,
	HOST_QUERY,
	HOST_STOP,
	HOST_CONT,
	HOST_POLL,
	HOST_STATS,
	HOST_MIGRATE,
	HOST_MIGRATE_END,
	HOST_RESET,
	HOST_OPS
};

static void run(struct guest *g, const char *command, json_t *arguments)
{
	json_decref(target_qmp(g->t, command, arguments));
}

static void poll_stats(struct guest *g, json_int_t seconds)
{
	run(g, "qom-set",
	    json_pack("{s:s, s:s, s:I}", "path", BALLOON, "property",
		      "guest-stats-polling-interval", "value", seconds));
}

static void cont(struct guest *g)
{
	guest_observe(g, QUEUE_INFLATE);
	run(g, "cont", NULL);
	target_sync(g->t);
}

/* To /dev/null; a slow migration continues during the next records. */
static void migrate(struct guest *g, bool slow)
{
	run(g, "migrate-set-parameters",
	    json_pack("{s:I}", "max-bandwidth", (json_int_t)(slow ? 4096 : 1 << 30)));
	run(g, "migrate", json_pack("{s:s}", "uri", "file:/dev/null"));
}

static bool is_migrating(struct guest *g)
{
	static const char *const ended[] = { "none", "completed", "failed", "cancelled" };
	json_t *answer = target_qmp(g->t, "query-migrate", NULL);
	const char *status = json_string_value(json_object_get(answer, "status"));
	bool migrating = status;
	size_t i;

	for (i = 0; status && i < sizeof(ended) / sizeof(ended[0]); i++)
		if (!strcmp(status, ended[i]))
			migrating = false;
	json_decref(answer);
	return migrating;
}

static void end_migration(struct guest *g, bool cancel)
{
	uint64_t deadline = deadline_in_ms(MIGRATION_MS);

	if (!is_migrating(g))
		return;
	if (cancel)
		run(g, "migrate_cancel", NULL);
	else
		run(g, "migrate-set-parameters",
		    json_pack("{s:I}", "max-bandwidth", (json_int_t)1 << 30));
	while (is_migrating(g)) {
		if (clock_ns() > deadline) {
			target_fail(g->t, "a migration does not end in %d ms", MIGRATION_MS);
			return;
		}
		sleep_ns(NSEC_PER_MSEC);
	}
}

static void reset(struct guest *g)
{
	guest_observe(g, QUEUE_INFLATE);
	run(g, "system_reset", NULL);
	target_qmp_event(g->t, "RESET");
	guest_setup_pci(g);
	g->status = 0;
	g->model.features = 0;
	target_sync(g->t);
}

void guest_host(struct guest *g, const struct record *r)
{
	json_int_t bytes = r->x | (json_int_t)r->y << (r->flags % 48);

	g->host_used = true;
	switch ((enum host_op)(r->kind % HOST_OPS)) {
	case HOST_TARGET:
		run(g, "balloon", json_pack("{s:I}", "value", bytes));
		break;
	case HOST_QUERY:
		run(g, "query-balloon", NULL);
		break;
	case HOST_STOP:
		run(g, "stop", NULL);
		break;
	case HOST_CONT:
		cont(g);
		break;
	case HOST_POLL:
		poll_stats(g, bytes);
		break;
	case HOST_STATS:
		/* As text: jansson refuses some numbers that a guest may report. */
		run(g, "human-monitor-command",
		    json_pack("{s:s}", "command-line", "qom-get " BALLOON " guest-stats"));
		break;
	case HOST_MIGRATE:
		migrate(g, r->flags & 1);
		break;
	case HOST_MIGRATE_END:
		end_migration(g, r->flags & 1);
		break;
	default:
		reset(g);
		break;
	}
}

void guest_host_settle(struct guest *g)
{
	end_migration(g, true);
	poll_stats(g, 0);
	cont(g);
	/* Target 0: the guest has all memory. */
	run(g, "balloon", json_pack("{s:I}", "value", (json_int_t)RAM_BYTES));
}
