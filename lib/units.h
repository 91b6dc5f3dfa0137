/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_UNITS_H
#define LIB_UNITS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Quantities as people write them. A number without a unit is refused where a
 * unit makes a difference: "512" of what?
 */

/**
 * parse_bytes() - "512 MiB", "1.75GiB", "4096 B", "64KiB"
 *
 * Binary units only (B, KiB, MiB, GiB, TiB), as memory is counted in them; a
 * fraction is fine where it makes whole bytes.
 *
 * Return: 0, -EINVAL (no number, or an unknown or missing unit), -ERANGE
 * (negative, too large, or no whole number of bytes).
 */
int parse_bytes(const char *text, uint64_t *bytes);

/* "1.5 s", "20 ms", "3 min": ns; errors as parse_bytes(). Units ns us ms s min h. */
int parse_duration(const char *text, uint64_t *ns);

/* "1 GiB/s", "64MiB/s": bytes per second, more than 0; errors as parse_bytes(). */
int parse_rate(const char *text, uint64_t *bytes_per_s);

/* Whole decimal number within [min, max]: 0, -EINVAL, -ERANGE. */
int parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/**
 * parse_percent() - "2%", "0.5 %": 0.02, 0.005
 *
 * Return: 0, -EINVAL (no number, or no percent sign), -ERANGE (negative, 0 or
 * above 100 %).
 */
int parse_percent(const char *text, double *fraction);

/* "yes/no", "on/off", "true/false": 0 or -EINVAL. */
int parse_switch(const char *text, int *on);

/* "7 GiB", "1.75 GiB", "513 MiB": four significant digits, in the largest unit that is not too
 * large. Returns @text. */
const char *format_bytes(uint64_t bytes, char *text, size_t size);

/* "5.21 s", "170 ms", "12.3 us": three significant digits. Returns @text. */
const char *format_duration(uint64_t ns, char *text, size_t size);

#endif
