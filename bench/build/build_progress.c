/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/build_progress.h"

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/clock.h"

#define CLEAR_TO_END "\033[K"
#define PERIOD_NS (15 * NSEC_PER_SEC)
#define LIVE_PERIOD_NS NSEC_PER_SEC

/* For estimates: objects of the base configuration, and the part of them that a patch rebuilds. */
#define TYPICAL_OBJECTS 1110
#define PATCH_PART 0.08
#define QEMU_PATCH_PART 0.01 /* ninja says how many objects there are */
#define OBJECTS_MIN 50	     /* fewer say little about the rest */

static struct {
	const char *name, *step;
	size_t total, number, objects;
	size_t expected; /* objects of this kernel; 0: unknown */
	size_t patches;	 /* kernels that were built on top of the one before */
	uint64_t started_ns, kernel_ns, step_ns, shown_ns, patches_ns;
	bool from_scratch, built, live, quiet;
} p = { .quiet = true };

void build_progress_begin(size_t total, bool quiet)
{
	p.total = total;
	p.number = 0;
	p.patches = 0;
	p.patches_ns = 0;
	p.started_ns = p.shown_ns = clock_ns();
	p.quiet = quiet;
	p.live = !quiet && isatty(STDERR_FILENO);
}

/* Seconds until all kernels are built; 0: nobody knows. */
static double estimate(void)
{
	double spent = (double)(clock_ns() - p.kernel_ns) / NSEC_PER_SEC, whole, patch = 0, left;

	if (p.patches)
		patch = (double)p.patches_ns / p.patches / NSEC_PER_SEC;
	if (p.built) {
		left = 0;
	} else if (p.expected) {
		if (p.objects < OBJECTS_MIN && p.objects < p.expected / 10)
			return 0;
		whole = (double)(clock_ns() - p.step_ns) / NSEC_PER_SEC * p.expected /
			(p.objects + 1);
		if (!p.patches && p.from_scratch)
			patch = whole * QEMU_PATCH_PART;
		left = whole * (p.expected - p.objects) / p.expected;
	} else if (p.from_scratch) {
		if (p.objects < OBJECTS_MIN || p.objects >= TYPICAL_OBJECTS)
			return 0;
		whole = spent * TYPICAL_OBJECTS / p.objects;
		if (!p.patches)
			patch = whole * PATCH_PART;
		left = whole - spent;
	} else {
		if (!p.patches)
			return 0;
		left = patch > spent ? patch - spent : 0;
	}
	return left + (double)(p.total - p.number) * patch;
}

static void show(const char *what, const char *end)
{
	double left = estimate();
	char text[64] = "";

	if (left > 0)
		snprintf(text, sizeof(text), ", about %.0f s left", left);
	fprintf(stderr, "%s[%zu/%zu] %s: %s (%.0f s%s)%s%s", p.live ? "\r" : "", p.number, p.total,
		p.name, what, (double)(clock_ns() - p.started_ns) / NSEC_PER_SEC, text,
		p.live ? CLEAR_TO_END : "", end);
	p.shown_ns = clock_ns();
}

void build_progress_kernel(const char *name, bool from_scratch)
{
	p.name = name;
	p.from_scratch = from_scratch;
	p.number++;
	p.objects = p.expected = 0;
	p.built = false;
	p.kernel_ns = p.step_ns = clock_ns();
}

void build_progress_step(const char *step)
{
	p.step = step;
	p.step_ns = clock_ns();
	if (p.live)
		show(step, "");
}

static void show_objects(void)
{
	char what[64];

	if (p.quiet || clock_ns() - p.shown_ns < (p.live ? LIVE_PERIOD_NS : PERIOD_NS))
		return;
	if (p.expected)
		snprintf(what, sizeof(what), "%zu of %zu objects", p.objects, p.expected);
	else
		snprintf(what, sizeof(what), "%zu objects", p.objects);
	show(what, p.live ? "" : "\n");
}

void build_progress_object(void)
{
	p.objects++;
	show_objects();
}

void build_progress_objects(size_t done, size_t total)
{
	p.objects = done;
	p.expected = done < total ? total : done;
	show_objects();
}

void build_progress_done(void)
{
	char what[64];

	if (!p.from_scratch) {
		p.patches++;
		p.patches_ns += clock_ns() - p.kernel_ns;
	}
	if (p.quiet)
		return;
	snprintf(what, sizeof(what), "built, %zu objects in %.0f s", p.objects,
		 (double)(clock_ns() - p.kernel_ns) / NSEC_PER_SEC);
	p.built = true;
	show(what, "\n");
}

void build_progress_end(void)
{
	if (p.live)
		fputs("\r" CLEAR_TO_END, stderr);
}
