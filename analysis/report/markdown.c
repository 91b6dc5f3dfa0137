/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/markdown.h"

#include <ctype.h>

/* In UTF-8 the controls of 8 bits, which some terminals obey, are two bytes. */
static int is_c1(const char *text)
{
	return (unsigned char)text[0] == 0xc2 && (text[1] & 0xe0) == 0x80;
}

void markdown_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (is_c1(text)) {
			fputc(' ', f);
			text++;
			continue;
		}
		switch (*text) {
		case '|':
		case '`':
		case '*':
		case '[':
		case ']':
		case '\\':
			fprintf(f, "\\%c", *text);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '&':
			fputs("&amp;", f);
			break;
		default:
			fputc(iscntrl((unsigned char)*text) ? ' ' : *text, f);
		}
	}
}
