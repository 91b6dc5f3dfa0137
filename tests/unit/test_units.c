/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/units.h"

static void bytes_are_parsed(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0 B", 0 },
		{ "1B", 1 },
		{ "4096 B", 4096 },
		{ "64KiB", 65536 },
		{ "512 MiB", 512ULL << 20 },
		{ "1.75 GiB", 1792ULL << 20 },
		{ "  7   GiB ", 7ULL << 30 },
		{ "0.5 KiB", 512 },
		{ "16 TiB", 1ULL << 44 },
		{ "18446744073709551615 B", UINT64_MAX },
	};
	uint64_t bytes;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		/* A blank at the end is the INI parser's to strip. */
		char text[64];

		strcpy(text, good[i].text);
		while (text[strlen(text) - 1] == ' ')
			text[strlen(text) - 1] = '\0';
		assert_int_equal(parse_bytes(text, &bytes), 0);
		assert_true(bytes == good[i].bytes);
	}
}

static void bad_bytes_are_refused(void **state)
{
	static const struct {
		const char *text;
		int err;
	} bad[] = {
		{ "", -EINVAL },
		{ "512", -EINVAL },
		{ "GiB", -EINVAL },
		{ "8 GB", -EINVAL },
		{ "8 gib", -EINVAL },
		{ "8 GiB x", -EINVAL },
		{ "inf GiB", -EINVAL },
		{ "nan B", -EINVAL },
		{ "0x10 B", -EINVAL },
		{ "-1 GiB", -ERANGE },
		{ "0.3 B", -ERANGE },
		{ "1.0001 KiB", -ERANGE },
		{ "16777216 TiB", -ERANGE },
	};
	uint64_t bytes;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_bytes(bad[i].text, &bytes), bad[i].err);
}

static void formatted_bytes_parse_back(void **state)
{
	static const uint64_t values[] = {
		0, 1, 1023, 1024, 512ULL << 20, 1792ULL << 20, 7ULL << 30, 1ULL << 40
	};
	char text[32];
	uint64_t bytes;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		assert_int_equal(parse_bytes(format_bytes(values[i], text, sizeof(text)), &bytes),
				 0);
		assert_true(bytes == values[i]);
	}
}

static void durations(void **state)
{
	uint64_t ns;

	(void)state;
	assert_int_equal(parse_duration("30 s", &ns), 0);
	assert_true(ns == 30000000000ULL);
	assert_int_equal(parse_duration("1.5ms", &ns), 0);
	assert_true(ns == 1500000);
	assert_int_equal(parse_duration("4.11 s", &ns), 0);
	assert_true(ns == 4110000000ULL);
	assert_int_equal(parse_duration("2 min", &ns), 0);
	assert_true(ns == 120000000000ULL);
	assert_int_equal(parse_duration("30", &ns), -EINVAL);
	assert_int_equal(parse_duration("30 sec", &ns), -EINVAL);
	assert_int_equal(parse_duration("0.5 ns", &ns), -ERANGE);
}

static void durations_have_three_digits(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(format_duration(5210000000ULL, text, sizeof(text)), "5.21 s");
	assert_string_equal(format_duration(170200000, text, sizeof(text)), "170 ms");
	assert_string_equal(format_duration(12340, text, sizeof(text)), "12.3 us");
	assert_string_equal(format_duration(999600, text, sizeof(text)), "1.00 ms");
	assert_string_equal(format_duration(999999999, text, sizeof(text)), "1.00 s");
	assert_string_equal(format_duration(7, text, sizeof(text)), "7.00 ns");
}

static void counts_and_switches(void **state)
{
	uint64_t value;
	int on;

	(void)state;
	assert_int_equal(parse_count("12", 1, 12, &value), 0);
	assert_true(value == 12);
	assert_int_equal(parse_count("13", 1, 12, &value), -ERANGE);
	assert_int_equal(parse_count("-1", 0, 12, &value), -ERANGE);
	assert_int_equal(parse_count("99999999999999999999", 0, UINT64_MAX, &value), -ERANGE);
	assert_int_equal(parse_count("3x", 1, 12, &value), -EINVAL);
	assert_int_equal(parse_count("", 1, 12, &value), -EINVAL);
	assert_int_equal(parse_switch("On", &on), 0);
	assert_int_equal(on, 1);
	assert_int_equal(parse_switch("no", &on), 0);
	assert_int_equal(on, 0);
	assert_int_equal(parse_switch("maybe", &on), -EINVAL);
}

static void percents(void **state)
{
	double fraction = 0;

	(void)state;
	assert_int_equal(parse_percent("2%", &fraction), 0);
	assert_true(fraction == 0.02);
	assert_int_equal(parse_percent("0.5 %", &fraction), 0);
	assert_true(fraction == 0.005);
	assert_int_equal(parse_percent("100%", &fraction), 0);
	/* 2 of what? */
	assert_int_equal(parse_percent("2", &fraction), -EINVAL);
	assert_int_equal(parse_percent("%", &fraction), -EINVAL);
	assert_int_equal(parse_percent("", &fraction), -EINVAL);
	assert_int_equal(parse_percent("2%%", &fraction), -EINVAL);
	assert_int_equal(parse_percent("nan%", &fraction), -EINVAL);
	assert_int_equal(parse_percent("0x2%", &fraction), -EINVAL);
	assert_int_equal(parse_percent("0%", &fraction), -ERANGE);
	assert_int_equal(parse_percent("21e-1081%", &fraction), -ERANGE);
	assert_int_equal(parse_percent("100.1%", &fraction), -ERANGE);
	assert_int_equal(parse_percent("-1%", &fraction), -ERANGE);
	assert_int_equal(parse_percent("101%", &fraction), -ERANGE);
}

static void rates(void **state)
{
	uint64_t rate = 0;

	(void)state;
	assert_int_equal(parse_rate("1 GiB/s", &rate), 0);
	assert_true(rate == 1ULL << 30);
	assert_int_equal(parse_rate("1.5MiB/s", &rate), 0);
	assert_true(rate == 3ULL << 19);
	assert_int_equal(parse_rate("1 GiB", &rate), -EINVAL);
	assert_int_equal(parse_rate("1 GiB/min", &rate), -EINVAL);
	assert_int_equal(parse_rate("1 GB/s", &rate), -EINVAL);
	assert_int_equal(parse_rate("/s", &rate), -EINVAL);
	assert_int_equal(parse_rate("0 B/s", &rate), -ERANGE);
	assert_int_equal(parse_rate("-1 B/s", &rate), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_parsed),
		cmocka_unit_test(bad_bytes_are_refused),
		cmocka_unit_test(formatted_bytes_parse_back),
		cmocka_unit_test(durations),
		cmocka_unit_test(durations_have_three_digits),
		cmocka_unit_test(counts_and_switches),
		cmocka_unit_test(percents),
		cmocka_unit_test(rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
