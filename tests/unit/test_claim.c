/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims as they are written: what is understood, and what is said of the rest.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/gate/gate.h"
#include "lib/utf8.h"
#include "tests/helpers/files.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void good_claims(void **state)
{
	static const struct {
		const char *text;
		const char *column;
		enum statistic statistic;
		double share;
		const char *operator;
		double limit;
		const char *unit;
		enum claim_reference reference;
		const char *variant;
	} good[] = {
		{ "inflate.duration_ns <= 5 ms", "inflate.duration_ns", STATISTIC_VALUE, 0,
		  "<=", 5e6, "ms", REFERENCE_NONE, NULL },
		{ "inflate.duration_ns<=5ms", "inflate.duration_ns", STATISTIC_VALUE, 0, "<=", 5e6,
		  "ms", REFERENCE_NONE, NULL },
		{ "  ready_ns\t<   1.5 s ", "ready_ns", STATISTIC_VALUE, 0, "<", 1.5e9, "s",
		  REFERENCE_NONE, NULL },
		{ "inflate.bytes >= 1.5 GiB", "inflate.bytes", STATISTIC_VALUE, 0,
		  ">=", 1.5 * (1 << 30), "GiB", REFERENCE_NONE, NULL },
		{ "inflate.host.discard_bytes > 64 KiB", "inflate.host.discard_bytes",
		  STATISTIC_VALUE, 0, ">", 65536, "KiB", REFERENCE_NONE, NULL },
		{ "deflate.gib_per_s >= 2 GiB/s", "deflate.gib_per_s", STATISTIC_VALUE, 0, ">=", 2,
		  "GiB/s", REFERENCE_NONE, NULL },
		{ "vmstat.pgfault <= 100", "vmstat.pgfault", STATISTIC_VALUE, 0, "<=", 100, "",
		  REFERENCE_NONE, NULL },
		{ "inflate.host.discard_calls <= 0.5 x list", "inflate.host.discard_calls",
		  STATISTIC_VALUE, 0, "<=", 0.5, "", REFERENCE_VARIANT, "list" },
		{ "inflate.duration_ns <= 1.05x base", "inflate.duration_ns", STATISTIC_VALUE, 0,
		  "<=", 1.05, "", REFERENCE_BASE, NULL },
		{ "ops.enqueue.p99.9 <= 1.1 x list+pages", "ops.enqueue.histogram",
		  STATISTIC_QUANTILE, 0.999, "<=", 1.1, "", REFERENCE_VARIANT, "list+pages" },
		{ "ops.tell_inflate.max < 20 us", "ops.tell_inflate.histogram", STATISTIC_MAX, 0,
		  "<", 20000, "us", REFERENCE_NONE, NULL },
		{ "host.dontneed.p50 <= 900 ns", "trace.host.calls.dontneed.latency_ns",
		  STATISTIC_QUANTILE, 0.5, "<=", 900, "ns", REFERENCE_NONE, NULL },
		{ "trace.host.calls.dontneed.length_bytes.mean >= 1 MiB",
		  "trace.host.calls.dontneed.length_bytes", STATISTIC_MEAN, 0, ">=", 1 << 20, "MiB",
		  REFERENCE_NONE, NULL },
		{ "guest.fault_ns.p99 during inflate <= 1.2 x idle",
		  "victims.guest.fault_ns.inflate", STATISTIC_QUANTILE, 0.99, "<=", 1.2, "",
		  REFERENCE_IDLE, NULL },
		{ "host.read_bytes.mean during after > 4 KiB", "victims.host.read_bytes.after",
		  STATISTIC_MEAN, 0, ">", 4096, "KiB", REFERENCE_NONE, NULL },
	};
	char err[512];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		struct claim c = { .file = NULL };

		if (claim_parse(&c, good[i].text, err, sizeof(err)))
			fail_msg("%s: %s", good[i].text, err);
		assert_string_equal(c.measure.column, good[i].column);
		assert_int_equal(c.measure.statistic, good[i].statistic);
		/* Exactly: 0.9990000000000001 would be another rank. */
		assert_true(c.measure.quantile == good[i].share);
		assert_string_equal(claim_operators[c.operator], good[i].operator);
		assert_true(fabs(c.limit - good[i].limit) < 1e-9 * good[i].limit);
		assert_string_equal(c.unit, good[i].unit);
		assert_int_equal(c.reference, good[i].reference);
		if (good[i].variant)
			assert_string_equal(c.reference_variant, good[i].variant);
		claim_release(&c);
	}
}

static void idle_is_the_phase_before(void **state)
{
	struct claim c = { .file = NULL };
	char err[512];

	(void)state;
	assert_int_equal(
		claim_parse(&c, "host.fault_ns.p50 during deflate < 2 x idle", err, sizeof(err)),
		0);
	assert_true(claim_measure(&c).over_before);
	assert_string_equal(c.measure.victim, "victims.host.fault_ns");
	claim_release(&c);
}

static void bad_claims(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} bad[] = {
		{ "", "'' is no metric" },
		{ "inflate.duration_ns", "'the end': expected one of <= < >= >" },
		{ "inflate.duration_ns about 5 ms", "'about': expected one of <= < >= >" },
		{ "inflate.duration_ns == 5 ms", "'==': expected one of" },
		{ "inflate.duration_ns =< 5 ms", "'=<': expected one of" },
		{ "inflate.duration_ns <=", "'the end': expected a number" },
		{ "inflate.duration_ns <= fast", "'fast': expected a number" },
		{ "inflate.duration_ns <= -5 ms", "'-5': expected a number" },
		{ "inflate.duration_ns <= nan ms", "'nan': expected a number" },
		{ "inflate.duration_ns <= .5 ms", "'.5': expected a number" },
		{ "inflate.duration_ns <= 5. ms", "'5.': expected a number" },
		{ "inflate.duration_ns <= 0x10 ms",
		  "'x10': expected for inflate.duration_ns a time" },
		{ "inflate.duration_ns <= 1e3 ms",
		  "'e3': expected for inflate.duration_ns a time" },
		{ "inflate.duration_ns <= 5",
		  "'the end': expected for inflate.duration_ns a time in ns" },
		{ "inflate.duration_ns <= 5 MiB",
		  "'MiB': expected for inflate.duration_ns a time" },
		{ "inflate.duration_ns <= 5 min",
		  "'min': expected for inflate.duration_ns a time" },
		{ "inflate.bytes <= 5 ms", "'ms': expected for inflate.bytes bytes in B, KiB" },
		{ "inflate.gib_per_s <= 5", "expected for inflate.gib_per_s a rate in GiB/s" },
		{ "inflate.kicks <= 5 ms",
		  "'ms': expected for inflate.kicks a count without a unit" },
		{ "inflate.kicks <= 5 x",
		  "expected a variant's name, 'base', 'idle' or 'its METRIC' after 'x'" },
		{ "inflate.kicks <= 5 x its", "'' is no metric" },
		{ "inflate.kicks <= 5 x its ops.enqueue.p99",
		  "expected a plain field after 'its'" },
		{ "inflate.kicks <= 5 x base or so", "unexpected 'or' after the claim" },
		{ "inflate.kicks <= 5 and more", "'and': expected for inflate.kicks" },
		{ "inflate.kicks <= 5 x idle", "'idle': inflate.kicks has no phases" },
		{ "inflate.kicks during inflate <= 5", "expected a statistic with 'during'" },
		{ "ops.enqueue.p99 during inflate <= 5 us", "'ops.enqueue.p99' has no phases" },
		{ "guest.fault_ns.p99 <= 5 us",
		  "expected a phase, as in 'guest.fault_ns.p99 during" },
		{ "guest.fault_ns.p99 during <= 5 us",
		  "'<=': expected one of before, inflate, plateau, deflate, after after 'during'" },
		{ "guest.fault_ns.p99 during tea <= 5 us", "'tea': expected one of before," },
		{ "guest.fault_ns.p99 during before <= 2 x idle",
		  "that is what 'during before' is" },
		{ "ops.enqueue.p0 <= 5 us", "'.p0': expected a percentile between 0 and 100" },
		{ "ops.enqueue.p100 <= 5 us", "'.p100': expected a percentile between 0 and 100" },
		{ "ops.enqueue.p9.9.9 <= 5 us", "'.p9.9.9': expected a percentile" },
		{ "ops/enqueue.p99 <= 5 us", "'ops/enqueue.p99' is no metric" },
		{ "ops..p99 <= 5 us", "'ops..p99' is no metric" },
		{ ".p99 <= 5 us", "'.p99' is no metric" },
		{ "inflate. <= 5 us", "'inflate.' is no metric" },
	};
	char err[512];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		struct claim c = { .file = NULL };

		if (claim_parse(&c, bad[i].text, err, sizeof(err)) != -EINVAL)
			fail_msg("'%s' is taken", bad[i].text);
		if (!strstr(err, bad[i].says))
			fail_msg("'%s': it says: %s", bad[i].text, err);
		claim_release(&c);
	}
}

static void names_that_are_too_long(void **state)
{
	char text[512], err[512];
	struct claim c = { .file = NULL };

	(void)state;
	memset(text, 'a', sizeof(text));
	strcpy(text + 400, " <= 5");
	assert_int_equal(claim_parse(&c, text, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "is no metric"));
	claim_release(&c);
}

static void operators_at_the_limit(void **state)
{
	static const struct {
		const char *text;
		bool below, at, above;
	} table[] = {
		{ "inflate.kicks <= 5", true, true, false },
		{ "inflate.kicks < 5", true, false, false },
		{ "inflate.kicks >= 5", false, true, true },
		{ "inflate.kicks > 5", false, false, true },
	};
	char err[512];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(table); i++) {
		struct claim c = { .file = NULL };

		assert_int_equal(claim_parse(&c, table[i].text, err, sizeof(err)), 0);
		assert_int_equal(claim_holds(&c, 4.99), table[i].below);
		assert_int_equal(claim_holds(&c, 5), table[i].at);
		assert_int_equal(claim_holds(&c, 5.01), table[i].above);
		/* What is not known holds nothing. */
		assert_false(claim_holds(&c, NAN));
		claim_release(&c);
	}
}

static void regressions_have_a_direction(void **state)
{
	struct claims claims = { 0 };
	char err[512];

	(void)state;
	assert_int_equal(claims_add_regress(&claims, "inflate.duration_ns=5%", err, sizeof(err)),
			 0);
	assert_int_equal(claims_add_regress(&claims, "inflate.gib_per_s=2.5%", err, sizeof(err)),
			 0);
	assert_int_equal(claims_add_regress(&claims, "guest.fault_ns.p99 during inflate=20%", err,
					    sizeof(err)),
			 0);
	assert_int_equal(claims.count, 3);
	assert_string_equal(claims.list[0].expression, "inflate.duration_ns <= 1.05 x base");
	assert_int_equal(claims.list[0].operator, CLAIM_AT_MOST);
	assert_true(claims.list[0].limit == 1.05);
	assert_string_equal(claims.list[1].expression, "inflate.gib_per_s >= 0.975 x base");
	assert_int_equal(claims.list[1].operator, CLAIM_AT_LEAST);
	assert_true(claims.list[1].limit == 0.975);
	assert_string_equal(claims.list[2].measure.column, "victims.guest.fault_ns.inflate");
	claims_release(&claims);
}

static void bad_regressions(void **state)
{
	static const char *const bad[][2] = {
		{ "inflate.duration_ns", "expected METRIC=PERCENT%" },
		{ "inflate.duration_ns=5", "expected METRIC=PERCENT%" },
		{ "inflate.duration_ns=%", "expected METRIC=PERCENT%" },
		{ "inflate.duration_ns=-5%", "expected METRIC=PERCENT%" },
		{ "inflate.duration_ns=0x5%", "expected METRIC=PERCENT%" },
		{ "inflate.duration_ns=1.2.3%", "expected METRIC=PERCENT%" },
		{ "inflate.duration_ns=5000%", "expected METRIC=PERCENT%" },
		{ "=5%", "expected METRIC=PERCENT%" },
		{ "inflate.gib_per_s=100%", "expected less than 100 % where more is better" },
		{ "inflate duration=5%", "no metric 'inflate'" },
	};
	struct claims claims = { 0 };
	char err[512];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		assert_int_equal(claims_add_regress(&claims, bad[i][0], err, sizeof(err)), -EINVAL);
		if (!strstr(err, bad[i][1]))
			fail_msg("'%s': it says: %s", bad[i][0], err);
	}
	claims_release(&claims);
}

static void a_file_of_claims(void **state)
{
	struct claims claims = { 0 };
	char err[512], path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s",
		 write_file(test_dir, "good.ini",
			    "; what must hold\n"
			    "[calls]\n"
			    "scenario = idle  touched\n"
			    "claim = inflate.host.discard_calls <= 0.5 x base ; half\n"
			    "variant = chunks\n"
			    "description = gr\xc3\xb6\xc3\x9f"
			    "er\n"
			    "\n"
			    "[faults]\n"
			    "claim = guest.fault_ns.p99 during inflate <= 1.2 x idle\n"));
	if (claims_load(&claims, path, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(claims.count, 2);
	assert_string_equal(claims.list[0].name, "calls");
	assert_string_equal(claims.list[0].expression, "inflate.host.discard_calls <= 0.5 x base");
	assert_int_equal(claims.list[0].line, 4);
	assert_string_equal(claims.list[0].file, path);
	assert_string_equal(claims.list[0].scenarios[1], "touched");
	assert_null(claims.list[0].scenarios[2]);
	assert_string_equal(claims.list[0].variants[0], "chunks");
	assert_null(claims.list[1].variants);
	assert_int_equal(claims.list[1].line, 9);
	claims_release(&claims);
}

static void bad_files(void **state)
{
	static const char *const bad[][2] = {
		{ "", "q.ini: there is no claim in it" },
		{ "claim = inflate.kicks <= 5\n", "q.ini:1: [] claim: is before the first" },
		{ "[a]\nclaim = inflate.kicks <= many\n",
		  "q.ini:2: [a] claim: 'many': expected a number" },
		{ "[a]\nclaim = inflate.kicks <= 5\nvariants = b\n",
		  "q.ini:3: [a] variants: unknown key; there are: claim, scenario, variant, "
		  "description" },
		{ "[a]\ndescription = nothing yet\n", "q.ini:2: [a] has no claim" },
		{ "[a]\nclaim = inflate.kicks <= 5\n[b]\nvariant = x\n",
		  "q.ini:4: [b] has no claim" },
		{ "[a]\nclaim = inflate.kicks <= 5\nclaim = inflate.kicks <= 6\n",
		  "q.ini:3: [a] claim: duplicate key" },
		{ "[a]\nclaim = inflate.kicks <= 5\n  and no more\n", "q.ini:3: [a] claim:" },
		{ "[a]\nclaim = inflate.kicks <= 5\nscenario =\n",
		  "q.ini:3: [a] scenario: expected names" },
		{ "[a]\nclaim\n", "q.ini:2: expected a [section] or key = value" },
		{ "[a]\nclaim = inflate.kicks <= 5\n[b\n", "q.ini:3: expected a [section]" },
		{ "[a\xff]\nclaim = inflate.kicks <= 5\n", "is not UTF-8" },
		{ "[a]\ndescription = \xed\xa0\x80\n", "q.ini:2: [a] description: the line or" },
		{ "[a-name-that-goes-on-and-on-until-nobody-reads-it-all]\n"
		  "claim = inflate.kicks <= 5\n",
		  "a claim's name has up to 48 characters" },
	};
	struct claims claims = { 0 };
	char err[512], path[256];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		snprintf(path, sizeof(path), "%s", write_file(test_dir, "q.ini", bad[i][0]));
		if (claims_load(&claims, path, err, sizeof(err)) != -EINVAL)
			fail_msg("taken: %s", bad[i][0]);
		if (!strstr(err, bad[i][1]))
			fail_msg("of %s it says: %s", bad[i][0], err);
		claims_release(&claims);
	}
	assert_int_equal(claims_load(&claims, "/nowhere/q.ini", err, sizeof(err)), -ENOENT);
	assert_string_equal(err, "/nowhere/q.ini: No such file or directory");
	claims_release(&claims);
}

static void lines_that_are_too_long(void **state)
{
	struct claims claims = { 0 };
	char err[512], text[600];

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "[a]\nclaim =", 11);
	strcpy(text + 500, "inflate.kicks <= 5\n");
	assert_int_equal(
		claims_load(&claims, write_file(test_dir, "long.ini", text), err, sizeof(err)),
		-EINVAL);
	assert_non_null(strstr(err, "long.ini:2: line longer than"));
	claims_release(&claims);
}

static void what_is_utf8(void **state)
{
	static const char *const good[] = {
		"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8e\x88", "\xf4\x8f\xbf\xbf"
	};
	/* Overlong, cut off, a surrogate, beyond the last, a follower alone, no first byte. */
	static const char *const bad[] = { "\xc0\xaf",	   "\xe0\x80\x80",     "a\xe2\x82",
					   "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80",
					   "\xff" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++)
		assert_true(utf8_is_valid(good[i]));
	for (i = 0; i < COUNT(bad); i++)
		assert_false(utf8_is_valid(bad[i]));
	/* RIGHT-TO-LEFT OVERRIDE and an isolate. */
	assert_string_equal(printable("a\xe2\x80\xae"
				      "b\xe2\x81\xa6"),
			    "a?b?");
	assert_string_equal(printable("a\x1b[31m\tb\x7f"), "a?[31m?b?");
	/* CSI as one character, and what is no character at all. */
	assert_string_equal(printable("\xc2\x9b"
				      "31m\xff\xc3\xa9"),
			    "?31m?\xc3\xa9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_claims),
		cmocka_unit_test(idle_is_the_phase_before),
		cmocka_unit_test(bad_claims),
		cmocka_unit_test(names_that_are_too_long),
		cmocka_unit_test(operators_at_the_limit),
		cmocka_unit_test(regressions_have_a_direction),
		cmocka_unit_test(bad_regressions),
		cmocka_unit_test(a_file_of_claims),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(lines_that_are_too_long),
		cmocka_unit_test(what_is_utf8),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
