/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/result_builder.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/alloc.h"
#include "tests/helpers/files.h"

#define GIB (1LL << 30)

struct replay_result *boot_replay(struct boot_result *boot, double gib_minutes, double work_ms)
{
	struct cycle_result *cycle = boot_cycle(boot);
	struct replay_result *r = &cycle->replay;

	record_release(&resize_record, &cycle->inflate);
	record_release(&resize_record, &cycle->deflate);
	record_set_text(&r->workload, "job");
	r->policy = POLICY_NONE;
	r->planned_ns = 10000 * MS;
	r->duration_ns = 10100 * MS;
	r->slowdown = 1.01;
	r->work_ns = work_ms * MS;
	r->footprint_gib_minutes = gib_minutes;
	r->mean_bytes = r->peak_bytes = r->begin_bytes = r->end_bytes = 1LL << 30;
	r->elapsed_ns = 10200 * MS;
	r->targets = 3;
	r->swapped_bytes = r->alloc_stalls = r->oom_kills = r->missed = 0;
	return r;
}

struct resize_result build_resize(int64_t bytes, double ms)
{
	struct resize_result resize;

	record_init(&resize_record, &resize);
	resize.bytes = bytes;
	resize.duration_ns = ms * MS;
	resize.gib_per_s = (double)bytes / GIB / (resize.duration_ns / 1e9);
	resize.resolution_ns = 1000;
	resize.wall_ns = resize.duration_ns;
	resize.steps = 1;
	record_append_pair(&resize.progress, 0, 0);
	record_append_pair(&resize.progress, resize.duration_ns, bytes);
	return resize;
}

struct boot_result build_boot(const char *scenario, const char *variant, int number, double ms)
{
	struct cycle_result *cycle;
	struct boot_result boot;

	record_init(&boot_record, &boot);
	boot.schema_version = RESULT_SCHEMA_VERSION;
	record_set_text(&boot.scenario, scenario);
	record_set_text(&boot.variant, variant);
	record_set_text(&boot.cut, "list");
	boot.method = RESULT_BALLOON;
	boot.accel = RESULT_TCG;
	boot.boot = number;
	boot.seed = number;
	boot.status = BOOT_OK;
	boot.memory_bytes = 2 * GIB;
	boot.vcpus = 2;
	boot.ready_ns = 700 * MS;
	cycle = record_append(&cycle_record, &boot.cycles);
	cycle->inflate = build_resize(GIB, ms);
	cycle->deflate = build_resize(GIB, ms);
	return boot;
}

struct cycle_result *boot_cycle(const struct boot_result *boot)
{
	return result_cycle(boot, 0);
}

struct histogram *build_histogram(uint64_t value, size_t count)
{
	struct histogram *h = xcalloc(1, sizeof(*h));
	size_t i;

	for (i = 0; i < count; i++)
		histogram_add(h, value);
	return h;
}

struct histogram *build_spread(double center, size_t count)
{
	struct histogram *h = build_histogram(0, 0);
	size_t i;

	for (i = 0; i < count; i++)
		histogram_add(h, center * (0.5 + 1.0 * i / count));
	return h;
}

uint64_t count_values_from(const struct histogram *h, uint64_t value)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = histogram_bucket(value); i < HISTOGRAM_BUCKETS; i++)
		n += h->buckets[i];
	return n;
}

void *add_item(const struct record *record, struct record_list *map, const char *name)
{
	void *item = record_append(record, map);

	record_set_text(item, name);
	return item;
}

struct op_result *add_op(struct boot_result *boot, const char *name, struct histogram *ns)
{
	struct op_result *op = add_item(&op_record, &boot->ops, name);

	op->per = OP_PER_PAGE;
	op->count = ns->count;
	op->lost = 0;
	op->histogram = ns;
	return op;
}

struct call_result *add_call(struct boot_result *boot, const char *advice, struct histogram *ns,
			     struct histogram *bytes)
{
	struct call_result *call = add_item(&call_record, &boot->trace.host.calls, advice);

	boot->trace.level = RESULT_PAGES;
	call->calls = ns->count;
	call->bytes = bytes->sum;
	call->errors = 0;
	call->latency_ns = ns;
	call->length_bytes = bytes;
	return call;
}

struct victim_result *add_victim(struct record_list *side, const char *name,
				 struct histogram *before, struct histogram *inflate)
{
	struct victim_result *victim = add_item(&victim_record, side, name);

	victim->phases[PHASE_BEFORE] = before;
	victim->phases[PHASE_INFLATE] = inflate;
	return victim;
}

void put_boot(const char *tree, struct boot_result *boot)
{
	static int directory;
	json_t *json = record_encode(&boot_record, boot);
	char *text = json_dumps(json, 0), name[256];

	snprintf(name, sizeof(name), "%s/s/v/boot-%05d/result.json", tree, ++directory);
	write_file(test_dir, name, text);
	free(text);
	json_decref(json);
	record_release(&boot_record, boot);
}

void put_boots(const char *tree, const char *scenario, const char *variant, int count, double ms)
{
	int i;

	for (i = 1; i <= count; i++) {
		struct boot_result boot =
			build_boot(scenario, variant, i, ms * (1 + 0.002 * (i - 4)));

		put_boot(tree, &boot);
	}
}

void put_failed(const char *tree, const char *scenario, const char *variant, int number,
		enum boot_status status, const char *reason)
{
	struct boot_result boot = build_boot(scenario, variant, number, 1);

	boot.status = status;
	record_set_text(&boot.reason, reason);
	put_boot(tree, &boot);
}
