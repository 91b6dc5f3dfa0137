/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/run/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"

#define CLEAR_TO_END "\033[K"

void progress_begin(struct progress *p, unsigned int total, bool quiet)
{
	memset(p, 0, sizeof(*p));
	p->total = total;
	p->started_ns = clock_ns();
	p->quiet = quiet;
	p->live = isatty(STDERR_FILENO);
}

/* "64 s, about 140 s left": the mean boot so far, times what is left. */
static const char *times(const struct progress *p, char *text, size_t size)
{
	uint64_t elapsed = (clock_ns() - p->started_ns) / NSEC_PER_SEC;
	int n;

	n = snprintf(text, size, "%llu s", (unsigned long long)elapsed);
	if (p->done > p->skipped && p->done < p->total)
		snprintf(text + n, size - n, ", about %llu s left",
			 (unsigned long long)(p->spent_ns / (p->done - p->skipped) *
					      (p->total - p->done) / NSEC_PER_SEC));
	return text;
}

void progress_skip(struct progress *p)
{
	p->done++;
	p->skipped++;
}

void progress_item(struct progress *p, const char *item)
{
	snprintf(p->item, sizeof(p->item), "%s", item);
	p->item_started_ns = clock_ns();
}

void progress_what(struct progress *p, const char *what)
{
	char text[64];

	if (p->quiet || !p->live)
		return;
	fprintf(stderr, "\r[%u/%u] %s: %s (%s)" CLEAR_TO_END, p->done + 1, p->total, p->item, what,
		times(p, text, sizeof(text)));
}

void progress_done(struct progress *p, const char *outcome)
{
	char text[64];

	p->done++;
	p->spent_ns += clock_ns() - p->item_started_ns;
	if (p->quiet)
		return;
	fprintf(stderr, "%s[%u/%u] %s: %s (%s)%s\n", p->live ? "\r" : "", p->done, p->total,
		p->item, outcome, times(p, text, sizeof(text)), p->live ? CLEAR_TO_END : "");
}

void progress_end(struct progress *p)
{
	if (p->live && !p->quiet)
		fputs("\r" CLEAR_TO_END, stderr);
}
