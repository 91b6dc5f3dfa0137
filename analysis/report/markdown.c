/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/markdown.h"

#include <ctype.h>

void markdown_text(FILE *f, const char *text)
{
	for (; *text; text++) {
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
