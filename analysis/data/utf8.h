/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_UTF8_H
#define ANALYSIS_UTF8_H

#include <stdbool.h>

/* The character that a text begins with, and @text behind it. -1 and one byte further where it is
 * none (RFC 3629). */
long utf8_next(const char **text);

/* Whether all of a text is UTF-8, as JSON and XML want it. */
bool utf8_is_valid(const char *text);

/* C0, DEL and C1, which a terminal takes for commands; and what is no character (-1). */
bool utf8_is_control(long code);

/* For a terminal: controls and what is no UTF-8 are '?', and 255 bytes are left. Valid until the
 * fourth call after. */
const char *printable(const char *name);

#endif
