/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records and the tables of result.json: values come back as they went, what is
 * wrong is named by its path, and each field says what it is.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/result.h"
#include "bpf/host_output.h"
#include "tests/helpers/record_schema.h"
#include "tests/helpers/unit.h"

static void make_boot(struct boot_result *boot)
{
	struct cycle_result *cycle;
	struct op_result *op;
	struct check *check;

	record_init(&boot_record, boot);
	boot->schema_version = RESULT_SCHEMA_VERSION;
	record_set_text(&boot->scenario, "idle");
	record_set_text(&boot->variant, "list");
	record_set_text(&boot->cut, "list");
	boot->method = RESULT_BALLOON;
	boot->accel = RESULT_TCG;
	boot->status = BOOT_OK;
	boot->boot = boot->seed = boot->vcpus = 1;
	boot->memory_bytes = boot->ready_ns = 1000;
	boot->checks.ok = true;
	cycle = record_append(&cycle_record, &boot->cycles);
	cycle->inflate.bytes = cycle->deflate.bytes = 1 << 30;
	cycle->inflate.duration_ns = cycle->deflate.duration_ns = 1000000000;
	cycle->inflate.gib_per_s = cycle->deflate.gib_per_s = 1;
	cycle->inflate.resolution_ns = cycle->deflate.resolution_ns = 10;
	cycle->inflate.wall_ns = cycle->deflate.wall_ns = 20;
	cycle->inflate.steps = cycle->deflate.steps = 1;
	cycle->inflate.phases.alloc_ns = 0;
	record_append_pair(&cycle->inflate.progress, 0, 0);
	record_append_pair(&cycle->inflate.progress, 5, 4096);
	op = record_append(&op_record, &boot->ops);
	record_set_text(&op->name, "enqueue");
	op->per = OP_PER_PAGE;
	op->count = 1;
	op->lost = 0;
	op->histogram = calloc(1, sizeof(*op->histogram));
	histogram_add(op->histogram, 777);
	record_append_counter(&boot->vmstat, "nr_free_pages", -7);
	check = record_append(&check_record, &boot->checks.each);
	check->cycle = 1;
	check->resize = INFLATE;
	record_set_text(&check->what, "MemTotal");
	check->unit = CHECK_PAGES;
	check->least = 1;
	check->most = 3;
	check->observed = 2;
}

static json_t *make_json(void)
{
	struct boot_result boot;
	json_t *json;

	make_boot(&boot);
	json = record_encode(&boot_record, &boot);
	record_release(&boot_record, &boot);
	return json;
}

static void test_round_trip(void **state)
{
	json_t *json = make_json(), *again;
	struct boot_result boot;
	char err[256] = "";

	(void)state;
	assert_int_equal(result_decode(&boot, json, "r", err, sizeof(err)), 0);
	assert_string_equal(err, "");
	again = record_encode(&boot_record, &boot);
	assert_true(json_equal(json, again));
	assert_int_equal(result_cycle(&boot, 0)->inflate.phases.alloc_ns, 0);
	assert_int_equal(record_counter(&boot.vmstat, "nr_free_pages"), -7);
	json_decref(again);
	json_decref(json);
	record_release(&boot_record, &boot);
}

static void test_what_is_absent_has_no_key(void **state)
{
	json_t *json = make_json();
	const json_t *inflate =
		json_object_get(json_array_get(json_object_get(json, "cycles"), 0), "inflate");

	(void)state;
	assert_null(json_object_get(json, "reason"));
	assert_null(json_object_get(json, "trace"));
	assert_null(json_object_get(inflate, "stall"));
	assert_int_equal(json_object_size(json_object_get(inflate, "phases")), 1);
	json_decref(json);
}

/* The object at a path of keys and indices, "cycles.0.inflate". */
static json_t *find(json_t *json, const char *path)
{
	char *copy = strdup(path), *key, *rest = copy;

	while ((key = strsep(&rest, ".")) && *key)
		json = json_is_array(json) ? json_array_get(json, strtoul(key, NULL, 10))
					   : json_object_get(json, key);
	free(copy);
	return json;
}

static void test_what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *object, *key, *value, *message;
	} cases[] = {
		{ "", "scenario", "5", "r: scenario: expected a string" },
		{ "", "scenario", "null", "r: scenario: expected a value; it is missing" },
		{ "", "accel", "\"vax\"", "r: accel: expected kvm, tcg or icount" },
		{ "", "cycles", "{}", "r: cycles: expected an array" },
		{ "", "ops", "[]", "r: ops: expected an object" },
		{ "cycles.0", "deflate", "null", "r: cycles[0].deflate: expected a value" },
		{ "cycles.0.inflate", "bytes", "\"x\"",
		  "r: cycles[0].inflate.bytes: expected an integer" },
		{ "cycles.0.inflate", "bytes", "1",
		  "r: cycles[0].inflate.gib_per_s is 1, expected " },
		{ "cycles.0.inflate", "steps", "-1", "r: cycles[0].inflate.steps is negative: -1" },
		{ "cycles.0.inflate", "progress", "[[1]]",
		  "r: cycles[0].inflate.progress[0]: expected a pair of integers" },
		{ "ops.enqueue", "histogram", "{}",
		  "r: ops.enqueue.histogram: expected a histogram" },
		{ "vmstat", "nr_free_pages", "true",
		  "r: vmstat.nr_free_pages: expected an integer" },
		{ "", "schema_version", "1", "r: schema_version 1, this program reads 2" },
		{ "", "schema_version", "3", "r: schema_version 3, this program reads 2" },
	};
	struct boot_result boot;
	char err[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *json = make_json();

		json_object_set_new(find(json, cases[i].object), cases[i].key,
				    json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
		assert_int_equal(result_decode(&boot, json, "r", err, sizeof(err)), -EINVAL);
		if (strncmp(err, cases[i].message, strlen(cases[i].message)))
			assert_string_equal(err, cases[i].message);
		record_release(&boot_record, &boot);
		json_decref(json);
	}
}

static void test_text_that_is_no_utf8(void **state)
{
	struct boot_result boot;
	json_t *json;

	(void)state;
	make_boot(&boot);
	record_set_text(&boot.reason, "cut \xc3");
	json = record_encode(&boot_record, &boot);
	assert_string_equal(json_string_value(json_object_get(json, "reason")), "cut ?");
	json_decref(json);
	record_release(&boot_record, &boot);
}

static int check_field(const char *path, const struct field *f, const void *value, void *context)
{
	const char *end = strrchr(path, '_');
	size_t *numbers = context;

	(void)value;
	if (end && !strcmp(end, "_ns") && f->type != FIELD_PAIRS)
		assert_int_equal(f->unit == UNIT_NS || f->type == FIELD_INTEGER, 1);
	if (f->unit == UNIT_NS)
		assert_int_not_equal(f->clock, CLOCK_NONE);
	if (f->type <= FIELD_REAL) {
		assert_non_null(f->doc);
		(*numbers)++;
	}
	if (f->type == FIELD_CHOICE)
		assert_non_null(f->choices);
	return 0;
}

static void test_each_field_says_what_it_is(void **state)
{
	size_t numbers = 0;

	(void)state;
	record_walk(&cycle_record, NULL, check_field, &numbers);
	record_walk(&boot_record, NULL, check_field, &numbers);
	assert_true(numbers > 90);
}

static void test_a_number_is_found_by_its_path(void **state)
{
	struct boot_result boot;
	struct op_result *op;
	double number = 0;

	(void)state;
	record_init(&boot_record, &boot);
	record_append_counter(&boot.vmstat, "pgfault", 7);
	op = record_append(&op_record, &boot.ops);
	record_set_text(&op->name, "enqueue");
	op->count = 3;
	boot.clock.begin.offset_ns = -5;
	assert_true(record_number(&boot_record, &boot, "vmstat.pgfault", &number));
	assert_true(number == 7);
	assert_true(record_number(&boot_record, &boot, "ops.enqueue.count", &number));
	assert_true(number == 3);
	assert_true(record_number(&boot_record, &boot, "clock.begin.offset_ns", &number));
	assert_true(number == -5);
	assert_false(record_number(&boot_record, &boot, "vmstat.pgfau", &number));
	assert_false(record_number(&boot_record, &boot, "ops.enqueue.histogram.max", &number));
	assert_false(record_number(&boot_record, &boot, "ops.enqueue", &number));
	assert_false(record_number(&boot_record, &boot, "ready_ns", &number));
	assert_false(record_number(&boot_record, &boot, "scenario", &number));
	record_release(&boot_record, &boot);
}

/* `make schema` writes them. */
static void test_the_schemas_are_the_shipped_ones(void **state)
{
	static const struct {
		const char *path;
		const struct record *record;
	} schemas[] = {
		{ TEST_SOURCE "/lib/result.schema.json", &boot_record },
		{ TEST_SOURCE "/bpf/host.schema.json", &host_summary_record },
		{ TEST_SOURCE "/bpf/guest.schema.json", &guest_summary_record },
	};
	json_t *shipped, *schema;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
		shipped = json_load_file(schemas[i].path, 0, NULL);
		schema = record_schema(schemas[i].record);
		if (!shipped || !json_equal(schema, shipped))
			fail_msg("%s is not what make schema writes", schemas[i].path);
		json_decref(schema);
		json_decref(shipped);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_what_is_absent_has_no_key),
		cmocka_unit_test(test_what_is_wrong_is_named),
		cmocka_unit_test(test_text_that_is_no_utf8),
		cmocka_unit_test(test_each_field_says_what_it_is),
		cmocka_unit_test(test_a_number_is_found_by_its_path),
		cmocka_unit_test(test_the_schemas_are_the_shipped_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
