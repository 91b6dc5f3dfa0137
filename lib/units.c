/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/units.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SPACES " \t\n\v\f\r"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit byte_units[] = { { "TiB", 1ULL << 40 },
					  { "GiB", 1ULL << 30 },
					  { "MiB", 1ULL << 20 },
					  { "KiB", 1ULL << 10 },
					  { "B", 1 },
					  { NULL, 0 } };

static const struct unit time_units[] = { { "h", 3600000000000ULL },
					  { "min", 60000000000ULL },
					  { "s", 1000000000 },
					  { "ms", 1000000 },
					  { "us", 1000 },
					  { "ns", 1 },
					  { NULL, 0 } };

/* A number of 0 and above with a unit, and @per behind it. A long double keeps bytes exact. */
static int parse_quantity(const char *text, const struct unit *unit, const char *per,
			  long double *value)
{
	size_t length;
	char *end;

	text += strspn(text, SPACES);
	/* strtold() also accepts "inf", "nan" and hexadecimal numbers. */
	if (*text == '-')
		return -ERANGE;
	if (!isdigit((unsigned char)*text) || (text[0] == '0' && tolower(text[1]) == 'x'))
		return -EINVAL;
	*value = strtold(text, &end);
	end += strspn(end, SPACES);
	for (; unit->name; unit++) {
		length = strlen(unit->name);
		if (!strncmp(end, unit->name, length) && !strcmp(end + length, per))
			break;
	}
	*value *= unit->factor;
	return unit->name ? 0 : -EINVAL;
}

static int parse_whole(const char *text, const struct unit *units, const char *per,
		       uint64_t *quantity)
{
	long double value;
	int err = parse_quantity(text, units, per, &value);

	if (err)
		return err;
	/* 4.11 s are 4110000000 ns, though 4.11 has no exact binary form. */
	if (value >= 0x1p64L || fabsl(value - roundl(value)) > value * LDBL_EPSILON)
		return -ERANGE;
	*quantity = roundl(value);
	return 0;
}

int parse_bytes(const char *text, uint64_t *bytes)
{
	return parse_whole(text, byte_units, "", bytes);
}

int parse_duration(const char *text, uint64_t *ns)
{
	return parse_whole(text, time_units, "", ns);
}

int parse_rate(const char *text, uint64_t *bytes_per_s)
{
	int err = parse_whole(text, byte_units, "/s", bytes_per_s);

	return !err && (!*bytes_per_s || *bytes_per_s > INT64_MAX) ? -ERANGE : err;
}

int parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	unsigned long long n;
	char *end;

	if (*text == '-' && isdigit((unsigned char)text[1]))
		return -ERANGE;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end)
		return -EINVAL;
	if (errno || n < min || n > max)
		return -ERANGE;
	*value = n;
	return 0;
}

int parse_percent(const char *text, double *fraction)
{
	static const struct unit percent[] = { { "%", 1 }, { NULL, 0 } };
	long double value;
	int err = parse_quantity(text, percent, "", &value);

	if (err)
		return err;
	*fraction = (double)value / 100;
	/* What is above 0 only as a long double is 0 here. */
	return *fraction > 0 && *fraction <= 1 ? 0 : -ERANGE;
}

int parse_switch(const char *text, int *on)
{
	static const char *const words[] = { "off", "on", "no", "yes", "false", "true" };
	int i;

	for (i = 0; i < 6 && strcasecmp(text, words[i]); i++)
		;
	if (i == 6)
		return -EINVAL;
	*on = i % 2;
	return 0;
}

const char *format_bytes(uint64_t bytes, char *text, size_t size)
{
	const struct unit *unit = byte_units;

	while (unit[1].name && bytes < unit->factor)
		unit++;
	snprintf(text, size, "%.4Lg %s", (long double)bytes / unit->factor, unit->name);
	return text;
}

const char *format_duration(uint64_t ns, char *text, size_t size)
{
	const struct unit *unit = time_units + 2; /* seconds */
	double value;

	/* 999.5 and above would be printed as 1000 of the smaller unit. */
	while (unit[1].name && ns < unit->factor - unit->factor / 2000)
		unit++;
	value = (double)ns / unit->factor;
	snprintf(text, size, "%.*f %s", (value < 99.95) + (value < 9.995), value, unit->name);
	return text;
}

struct unit_shown unit_shown(enum field_unit unit, bool instructions)
{
	switch (unit) {
	case UNIT_NS:
		return (struct unit_shown){ instructions ? "M instructions" : "ms", 1e-6 };
	case UNIT_BYTES:
		return (struct unit_shown){ "MiB", 1.0 / (1 << 20) };
	case UNIT_GIB_PER_S:
		return (struct unit_shown){ instructions ? "GiB/G instructions" : "GiB/s", 1 };
	default:
		return (struct unit_shown){ unit_name(unit), 1 };
	}
}

const char *unit_name(enum field_unit unit)
{
	static const char *const names[] = { "",	"ns",	 "bytes",  "pages",
					     "bytes/s", "GiB/s", "GiB min" };

	return names[unit];
}
