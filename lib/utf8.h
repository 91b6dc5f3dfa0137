/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_UTF8_H
#define LIB_UTF8_H

#include <stdbool.h>

/* Return the first character of a text and advance @text behind it; -1, and by one byte, if it is
 * not valid UTF-8 (RFC 3629). */
long utf8_next(const char **text);

/* Whether all of a text is UTF-8, as JSON and XML require. */
bool utf8_is_valid(const char *text);

/*
 * C0, DEL and C1, which a terminal interprets as commands; those that change the direction of text,
 * which show a name as another (CVE-2021-42574); and -1.
 */
bool utf8_is_control(long code);

/* Replace control characters and bytes that are not UTF-8 by '?', in place. */
void utf8_disarm(char *text);

/* For a terminal: control characters and invalid UTF-8 become '?', and the text is cut to 255
 * bytes. Valid until the fourth call after. */
const char *printable(const char *name);

#endif
