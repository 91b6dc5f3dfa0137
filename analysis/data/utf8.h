/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_UTF8_H
#define ANALYSIS_UTF8_H

#include <stdbool.h>

/*
 * utf8_next() - the character that a text begins with
 * @text: moved past it; not at its end yet
 *
 * RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 *
 * Return: the code point; -1 for a byte that begins no character, and then
 * @text is moved by this byte alone.
 */
long utf8_next(const char **text);

/* Whether all of a text is UTF-8, as JSON and XML want it. */
bool utf8_is_valid(const char *text);

/* C0, DEL and C1, which a terminal takes for commands; and what is no character (-1). */
bool utf8_is_control(long code);

/*
 * A name from outside for a terminal: what moves its cursor, colours it or is
 * no UTF-8 is a '?', and what is longer than 255 bytes is cut off. Valid until the fourth
 * call after.
 */
const char *printable(const char *name);

#endif
