/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_UNITS_H
#define LIB_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/record.h"

/* The number that a macro stands for, as a text. */
#define STRING_OF(number) #number
#define STRING(number) STRING_OF(number)

/* Quantities as users write them. Sizes, durations and rates need a unit. */

/*
 * "512 MiB", "1.75GiB": units B, KiB, MiB, GiB, TiB. 0, -EINVAL (no number, or an unknown or
 * missing unit), -ERANGE (negative, too large, or not a whole number of bytes).
 */
int parse_bytes(const char *text, uint64_t *bytes);

/* "1.5 s", "20 ms", "3 min": ns; errors as parse_bytes(). Units ns us ms s min h. */
int parse_duration(const char *text, uint64_t *ns);

/* "1 GiB/s", "64MiB/s": bytes per second in [1, INT64_MAX]; errors as parse_bytes(). */
int parse_rate(const char *text, uint64_t *bytes_per_s);

/* Whole decimal number within [min, max]: 0, -EINVAL, -ERANGE. */
int parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* "0.5 %": 0.005. 0, -EINVAL (no number or percent sign), -ERANGE (not in (0 %, 100 %]). */
int parse_percent(const char *text, double *fraction);

/* "yes/no", "on/off", "true/false": 0 or -EINVAL. */
int parse_switch(const char *text, int *on);

/* "1.75 GiB": four significant digits, largest unit that is at most the value. Returns @text. */
const char *format_bytes(uint64_t bytes, char *text, size_t size);

/* "5.21 s", "170 ms", "12.3 us": three significant digits. Returns @text. */
const char *format_duration(uint64_t ns, char *text, size_t size);

/* How numbers of a unit are shown: a stored value times @scale is in @name. */
struct unit_shown {
	const char *name;
	double scale;
};

/* "ms", "MiB", "GiB/s"; "M instructions" where a ns is an instruction. */
struct unit_shown unit_shown(enum field_unit unit, bool instructions);

/* As stored: "ns", "bytes", "GiB/s", "". */
const char *unit_name(enum field_unit unit);

#endif
