/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/plots/sheet.h"

#include <errno.h>
#include <stdlib.h>

int sheet_draw(struct sheet *sheet, const char *(*make)(void *context), void *context,
	       const char *output, char *err, size_t err_size)
{
	const char *script;
	int status = plot_begin(&sheet->plot);

	sheet->words = open_memstream(&sheet->names, &sheet->names_size);
	if (!status && !sheet->words)
		status = -ENOMEM;
	if (status)
		goto out;
	script = make(context);
	fflush(sheet->words);
	status = plot_draw(&sheet->plot, script, output, sheet->title, sheet->unit, sheet->count,
			   sheet->names, err, err_size);
out:
	if (sheet->words)
		fclose(sheet->words);
	free(sheet->names);
	plot_end(&sheet->plot);
	return status;
}

void sheet_add_word(struct sheet *sheet, const char *word)
{
	fputs(ftell(sheet->words) ? " " : "", sheet->words);
	plot_word(sheet->words, word);
}
