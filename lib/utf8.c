/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/utf8.h"

#include <stdio.h>
#include <string.h>

#define SHOWN 256
#define SHOWN_AT_ONCE 4

long utf8_next(const char **text)
{
	static const long lowest[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *at = (const unsigned char *)*text;
	int i, followers = *at < 0x80 ? 0 : 1 + (*at >= 0xe0) + (*at >= 0xf0);
	long code = followers ? *at & (0x3f >> followers) : *at;
	bool bad = *at >= 0x80 && (*at < 0xc2 || *at > 0xf4);

	for (i = 1; !bad && i <= followers; i++) {
		bad = (at[i] & 0xc0) != 0x80;
		code = code << 6 | (at[i] & 0x3f);
	}
	bad |= code < lowest[followers] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff);
	*text += bad ? 1 : 1 + followers;
	return bad ? -1 : code;
}

bool utf8_is_valid(const char *text)
{
	while (*text)
		if (utf8_next(&text) < 0)
			return false;
	return true;
}

bool utf8_is_control(long code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x61c || code == 0x200e ||
	       code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

void utf8_disarm(char *text)
{
	const char *next = text;

	while (*text) {
		if (utf8_is_control(utf8_next(&next)))
			memset(text, '?', next - text);
		text += next - text;
	}
}

const char *printable(const char *name)
{
	static char texts[SHOWN_AT_ONCE][SHOWN];
	static unsigned int turn;
	char *text = texts[turn++ % SHOWN_AT_ONCE];
	size_t n = 0;

	while (*name) {
		const char *at = name;
		bool bad = utf8_is_control(utf8_next(&name));
		size_t length = bad ? 1 : name - at;

		if (n + length >= SHOWN)
			break;
		memcpy(text + n, bad ? "?" : at, length);
		n += length;
	}
	text[n] = '\0';
	return text;
}
