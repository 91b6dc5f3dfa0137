/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <unistd.h>

#include "bench/run/run.h"
#include "lib/clock.h"

#define CLEAR_TO_END "\033[K"

static struct {
	const size_t *total;
	size_t done, skipped; /* of done */
	uint64_t started_ns, boot_started_ns;
	uint64_t spent_ns; /* in boots that were run */
	const struct boot *boot;
	bool live, quiet; /* live: stderr is a terminal */
} p = { .quiet = true };

void progress_begin(const size_t *total, bool quiet)
{
	p.total = total;
	p.started_ns = clock_ns();
	p.quiet = quiet;
	p.live = !quiet && isatty(STDERR_FILENO);
}

/* "[2/9] idle/list boot 3: inflate (64 s, about 140 s left)": the mean duration so far. */
static void show(size_t number, const char *what, const char *end)
{
	char left[64] = "";

	if (p.done > p.skipped && p.done < *p.total)
		snprintf(left, sizeof(left), ", about %llu s left",
			 (unsigned long long)(p.spent_ns / (p.done - p.skipped) *
					      (*p.total - p.done) / NSEC_PER_SEC));
	fprintf(stderr, "%s[%zu/%zu] %s: %s (%llu s%s)%s%s", p.live ? "\r" : "", number, *p.total,
		boot_name(p.boot), what,
		(unsigned long long)((clock_ns() - p.started_ns) / NSEC_PER_SEC), left,
		p.live ? CLEAR_TO_END : "", end);
}

void progress_skip(void)
{
	p.done++;
	p.skipped++;
}

void progress_boot(const struct boot *boot)
{
	p.boot = boot;
	p.boot_started_ns = clock_ns();
}

void progress_step(const char *what, void *context)
{
	(void)context;
	if (p.live)
		show(p.done + 1, what, "");
}

void progress_done(const char *outcome)
{
	p.done++;
	p.spent_ns += clock_ns() - p.boot_started_ns;
	if (!p.quiet)
		show(p.done, outcome, "\n");
}

void progress_end(void)
{
	if (p.live)
		fputs("\r" CLEAR_TO_END, stderr);
}
