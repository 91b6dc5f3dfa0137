/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/everywhere.h"

#include <string.h>

void write_everywhere(struct writer *w, const char *text)
{
	write_heading(w, 1, "%s", text);
	write_heading(w, 2, "%s", text);
	write_paragraph(w, "%s", text);
	write_strong(w, "%s", text);
	write_item(w, "%s", text);
	write_code(w, "%s", text);
	write_picture(w, "gone", "%s", text);
	write_table(w);
	write_column(w, "%s", text);
	write_columns(w, "n");
	write_row(w);
	write_cell(w, "%s", text);
	write_number(w, "%.3g", strlen(text));
	write_row(w);
	write_verdict(w, text);
	write_count(w, 1);
	write_more(w, "%s", text);
	write_table_end(w);
	write_table(w);
	write_fact(w, "text", "%s", text);
	write_table_end(w);
}
