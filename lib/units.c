/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/units.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit byte_units[] = {
	{ "TiB", 1ULL << 40 },
	{ "GiB", 1ULL << 30 },
	{ "MiB", 1ULL << 20 },
	{ "KiB", 1ULL << 10 },
	{ "B", 1 },
};

static const struct unit time_units[] = {
	{ "h", 3600000000000ULL },
	{ "min", 60000000000ULL },
	{ "s", 1000000000ULL },
	{ "ms", 1000000 },
	{ "us", 1000 },
	{ "ns", 1 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct unit *find_unit(const char *name, const struct unit *units, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(name, units[i].name))
			return &units[i];
	return NULL;
}

/* 4.11 has no exact form in binary, and 4.11 s are 4110000000 ns all the same. */
static bool is_whole(long double value)
{
	return fabsl(value - roundl(value)) <= value * LDBL_EPSILON;
}

/*
 * long double holds 64 bits of integer, so that a whole number of bytes stays
 * exact up to the largest that fits.
 */
static int parse_quantity(const char *text, const struct unit *units, size_t count,
			  uint64_t *quantity)
{
	const struct unit *unit;
	long double value;
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	/* strtold() takes "inf", "nan" and hexadecimals, people do not write them. */
	if (*text == '-')
		return -ERANGE;
	if (!isdigit((unsigned char)*text) || (text[0] == '0' && tolower(text[1]) == 'x'))
		return -EINVAL;
	value = strtold(text, &end);
	while (isspace((unsigned char)*end))
		end++;
	unit = find_unit(end, units, count);
	if (!unit)
		return -EINVAL;
	value *= unit->factor;
	if (value >= 0x1p64L || !is_whole(value))
		return -ERANGE;
	*quantity = roundl(value);
	return 0;
}

int parse_bytes(const char *text, uint64_t *bytes)
{
	return parse_quantity(text, byte_units, COUNT(byte_units), bytes);
}

int parse_duration(const char *text, uint64_t *ns)
{
	return parse_quantity(text, time_units, COUNT(time_units), ns);
}

int parse_rate(const char *text, uint64_t *bytes_per_s)
{
	const char *slash = strrchr(text, '/');
	char size[64];
	int err;

	if (!slash || strcmp(slash, "/s") || slash - text >= (int)sizeof(size))
		return -EINVAL;
	snprintf(size, sizeof(size), "%.*s", (int)(slash - text), text);
	err = parse_bytes(size, bytes_per_s);
	return !err && !*bytes_per_s ? -ERANGE : err;
}

int parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	unsigned long long n;
	char *end;

	if (*text == '-' && isdigit((unsigned char)text[1]))
		return -ERANGE;
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || n < min || n > max)
		return -ERANGE;
	*value = n;
	return 0;
}

int parse_percent(const char *text, double *fraction)
{
	double value;
	char *end;

	if (*text == '-')
		return -ERANGE;
	if (!isdigit((unsigned char)*text) || (text[0] == '0' && tolower(text[1]) == 'x'))
		return -EINVAL;
	value = strtod(text, &end);
	while (isspace((unsigned char)*end))
		end++;
	if (strcmp(end, "%"))
		return -EINVAL;
	if (!(value > 0 && value <= 100))
		return -ERANGE;
	*fraction = value / 100;
	return 0;
}

int parse_switch(const char *text, int *on)
{
	static const char *const words[2][3] = { { "off", "no", "false" },
						 { "on", "yes", "true" } };
	int i, j;

	for (i = 0; i < 2; i++) {
		for (j = 0; j < 3; j++) {
			if (!strcasecmp(text, words[i][j])) {
				*on = i;
				return 0;
			}
		}
	}
	return -EINVAL;
}

const char *format_bytes(uint64_t bytes, char *text, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < COUNT(byte_units) && bytes < byte_units[i].factor; i++)
		;
	snprintf(text, size, "%.4Lg %s", (long double)bytes / byte_units[i].factor,
		 byte_units[i].name);
	return text;
}

const char *format_duration(uint64_t ns, char *text, size_t size)
{
	double value = ns;
	const char *unit = "ns";

	/* 999.5 and above would be printed as 1000 of the smaller unit. */
	if (value >= 999500000.0) {
		value /= 1e9;
		unit = "s";
	} else if (value >= 999500.0) {
		value /= 1e6;
		unit = "ms";
	} else if (value >= 1000.0) {
		value /= 1e3;
		unit = "us";
	}
	snprintf(text, size,
		 value >= 99.95	  ? "%.0f %s"
		 : value >= 9.995 ? "%.1f %s"
				  : "%.2f %s",
		 value, unit);
	return text;
}
