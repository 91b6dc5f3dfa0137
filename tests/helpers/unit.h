/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_UNIT_H
#define TESTS_HELPERS_UNIT_H

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Skip the test; tests/run lists the reason, a printf() format. */
#define skip_test(...)                                                                             \
	do {                                                                                       \
		print_message("# " __VA_ARGS__);                                                   \
		print_message("\n");                                                               \
		skip();                                                                            \
		abort();                                                                           \
	} while (0)

/* Assertions that print both values. */
#define assert_above(value, limit) ASSERT_ORDER(value, >, limit)
#define assert_at_least(value, limit) ASSERT_ORDER(value, >=, limit)
#define assert_below(value, limit) ASSERT_ORDER(value, <, limit)
#define assert_at_most(value, limit) ASSERT_ORDER(value, <=, limit)
#define assert_number(value, wanted) ASSERT_ORDER(value, ==, wanted)
#define ASSERT_ORDER(value, order, limit)                                                          \
	do {                                                                                       \
		const double value_ = (value), limit_ = (limit);                                   \
                                                                                                   \
		if (!(value_ order limit_))                                                        \
			fail_msg("%s is %.15g; expected " #order " %s, which is %.15g", #value,    \
				 value_, #limit, limit_);                                          \
	} while (0)

#define assert_contains(text, part)                                                                \
	do {                                                                                       \
		const char *text_ = (text), *part_ = (part);                                       \
                                                                                                   \
		if (!text_ || !strstr(text_, part_))                                               \
			fail_msg("expected '%s' in: %s", part_, text_ ? text_ : "(null)");         \
	} while (0)

#define assert_lacks(text, part)                                                                   \
	do {                                                                                       \
		const char *text_ = (text), *part_ = (part);                                       \
		const char *at_ = text_ ? strstr(text_, part_) : "(null)";                         \
                                                                                                   \
		if (at_)                                                                           \
			fail_msg("expected no '%s' in: ...%.300s", part_, at_);                    \
	} while (0)

/* Poll until @condition holds; the test fails after a minute. */
#define AWAIT(condition) AWAIT_WITHIN(60, condition)
#define AWAIT_WITHIN(seconds, condition)                                                           \
	do {                                                                                       \
		int polls_ = 0;                                                                    \
                                                                                                   \
		while (!(condition)) {                                                             \
			if (polls_++ == (seconds)*1000)                                            \
				fail_msg("not reached in %d s: %s", seconds, #condition);          \
			usleep(1000);                                                              \
		}                                                                                  \
	} while (0)

#endif
