/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run --shard: the shards of a plan have all of it, each boot once, in whole blocks; a shard is
 * resumed as any run, also on another host. The fake QEMU boots in a few milliseconds.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/tiny.h"

#define SHARDS 3
#define BOOTS 8
/* With --aa. */
#define VARIANTS 2

static int set_up(void **state)
{
	return tiny_set_up(state, TINY_WITHIN("5 s", "1 s"));
}

static struct outcome run_shard(const char *tree, const char *shard, const char *seed)
{
	return tiny_run(tree, "--trace", "off", "--boots", "8", "--aa", "--seed", seed, "--shard",
			shard);
}

static json_t *load(const char *tree, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", tree, file);
	return load_json(in_test_dir(path));
}

static const char *host_name(void)
{
	static struct utsname uts;

	uname(&uts);
	return uts.nodename;
}

static void each_boot_in_one_shard(void **state)
{
	unsigned int number, boot, variant, found[BOOTS + 1] = { 0 };
	json_t *plan, *first = NULL, *result;
	char tree[32], shard[16], path[96];

	(void)state;
	for (number = 1; number <= SHARDS; number++) {
		snprintf(tree, sizeof(tree), "of-%u", number);
		snprintf(shard, sizeof(shard), "%u/%u", number, SHARDS);
		expect_outcome(run_shard(tree, shard, "7"), 0, " 0 failed, 0 invalid");
		plan = load(tree, "plan.json");
		assert_int_equal(json_integer_value(
					 json_object_get(json_object_get(plan, "shard"), "number")),
				 number);
		json_object_del(plan, "shard");
		if (!first)
			first = json_incref(plan);
		assert_true(json_equal(plan, first));
		json_decref(plan);
		for (boot = 1; boot <= BOOTS; boot++) {
			for (variant = 0; variant < VARIANTS; variant++) {
				snprintf(path, sizeof(path), "%s/tiny/finalize%s/boot-%02u", tree,
					 variant ? "-again" : "", boot);
				found[boot] += !access(in_test_dir(path), F_OK);
			}
			/* All of a block, or nothing of it. */
			assert_int_equal(found[boot] % VARIANTS, 0);
		}
	}
	for (boot = 1; boot <= BOOTS; boot++)
		assert_int_equal(found[boot], VARIANTS);
	assert_int_equal(json_array_size(json_object_get(first, "order")), BOOTS * VARIANTS);
	json_decref(first);
	result = tiny_result("of-1", 1);
	assert_string_equal(json_string_value(json_object_get(result, "host_name")), host_name());
	json_decref(result);
}

static void plain_run_names_no_host(void **state)
{
	json_t *result, *env;

	(void)state;
	expect_outcome(tiny_run("plain", "--trace", "off", "--boots", "1"), 0, "1 boots ok");
	result = tiny_result("plain", 1);
	assert_null(json_object_get(result, "host_name"));
	env = load("plain", "env.json");
	assert_null(json_object_get(env, "fleet"));
	json_decref(env);
	json_decref(result);
}

static void killed_and_resumed(void **state)
{
	pid_t pid = tiny_start("killed", "--trace", "off", "--boots", "40", "--aa", "--seed", "7",
			       "--shard", "2/2");

	(void)state;
	AWAIT(tiny_finished("killed") >= 3);
	kill(pid, SIGKILL);
	wait_program(pid);
	expect_outcome(tiny_resume("killed"), 0, "40 boots ok, 0 failed, 0 invalid");
	assert_int_equal(tiny_finished("killed"), 40);
}

/* The scheduler gave the rest of a shard to another host, with another CPU. */
static void resumed_on_another_host(void **state)
{
	json_t *env, *fleet, *host;
	char path[64];

	(void)state;
	expect_outcome(run_shard("moved", "1/4", "7"), 0, "4 boots ok");
	env = load("moved", "env.json");
	host = json_deep_copy(json_object_get(env, "host"));
	json_object_set_new(host, "cpu_model", json_string("a CPU of 1999"));
	fleet = json_object();
	json_object_set_new(fleet, "elsewhere", host);
	json_object_set_new(env, "fleet", fleet);
	json_object_set(env, "host", host);
	snprintf(path, sizeof(path), "%s", in_test_dir("moved/env.json"));
	assert_int_equal(json_dump_file(env, path, JSON_INDENT(2)), 0);
	json_decref(env);
	remove_tree(in_test_dir("moved/tiny/finalize/boot-02"));
	expect_outcome(tiny_resume("moved"), 0, "4 boots ok");
	env = load("moved", "env.json");
	fleet = json_object_get(env, "fleet");
	assert_int_equal(json_object_size(fleet), 2);
	assert_non_null(json_object_get(fleet, "elsewhere"));
	assert_non_null(json_object_get(fleet, host_name()));
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(env, "host"), "cpu_model")),
		"a CPU of 1999");
	json_decref(env);
}

static void refused(void **state)
{
	static const char *const wrong[] = { "0/2", "3/2",    "1",     "1/",
					     "/2",  "1/1000", "1/2/3", "-1/2" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		expect_outcome(run_shard("wrong", wrong[i], "7"), EXIT_USAGE,
			       "expected K/N with 1 <= K <= N <= 999");
	expect_outcome(tiny_run("wrong", "--boots", "4", "--shard", "1/2"), EXIT_USAGE,
		       "it needs --seed N, the same for all shards");
	expect_outcome(tiny_run("wrong", "--until-ci", "5%", "--seed", "1", "--shard", "1/2"),
		       EXIT_USAGE, "--shard and --until-ci");
	expect_outcome(run_shard("wrong", "9/9", "7"), EXIT_USAGE,
		       "the plan has no block for this shard");
	assert_int_equal(access(in_test_dir("wrong"), F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_boot_in_one_shard),
		cmocka_unit_test(plain_run_names_no_host),
		cmocka_unit_test(killed_and_resumed),
		cmocka_unit_test(resumed_on_another_host),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
