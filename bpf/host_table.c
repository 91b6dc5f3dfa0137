/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/host_output.h"

#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"

/* Lines between two headers where there is no terminal. */
#define HEADER_LINES 20

static void fill_row(struct live_row *row, struct traced_processes *traced,
		     struct traced_process *p)
{
	*row = (struct live_row){ .pid = p->pid,
				  .name = xstrdup(traced_process_name(p)),
				  .inflates = p->recent[0].batches,
				  .inflate_bytes = p->recent[0].bytes,
				  .deflates = p->recent[1].batches,
				  .deflate_bytes = p->recent[1].bytes,
				  .rss_bytes = p->last.rss_bytes };
	traced_process_interval(traced, p, &row->calls);
	memset(p->recent, 0, sizeof(p->recent));
}

void host_show_table(struct traced_processes *traced, uint64_t elapsed_ns, enum live_sort sort)
{
	struct live_row *rows = xcalloc(traced->living + 1, sizeof(*rows));
	const struct live_size size = live_size();
	static size_t lines;
	size_t count = 0, i;

	for (i = 0; i < traced->count; i++)
		if (!traced->list[i]->gone)
			fill_row(&rows[count++], traced, traced->list[i]);
	live_sort_rows(rows, count, sort);
	/* On a terminal each interval replaces the one before. */
	if (size.lines)
		fputs("\033[H\033[J", stdout);
	live_print(stdout, rows, count, elapsed_ns, size.lines || !lines || lines > HEADER_LINES,
		   size);
	lines = lines > HEADER_LINES ? 1 : lines + count + 1;
	fflush(stdout);
	for (i = 0; i < count; i++)
		free((char *)rows[i].name);
	free(rows);
}
