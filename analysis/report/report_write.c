/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report_write.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/plots/gnuplot.h"
#include "analysis/report/markdown.h"
#include "analysis/report/report_answer.h"
#include "analysis/report/report_boots.h"
#include "analysis/report/report_claims.h"
#include "analysis/report/report_cpu.h"
#include "analysis/report/report_noise.h"
#include "analysis/report/report_qos.h"
#include "analysis/report/report_questions.h"
#include "analysis/report/report_steps.h"
#include "analysis/report/report_stress.h"
#include "analysis/report/report_trace.h"
#include "lib/result.h"
#include "lib/units.h"
#include "lib/stats.h"

static void write_setup_row(FILE *f, const char *what, const char *text)
{
	if (!*text)
		return;
	fprintf(f, "| %s | ", what);
	markdown_text(f, text);
	fputs(" |\n", f);
}

/* What went into each kernel: a changed patch is another one. */
static void write_kernels(FILE *f, const struct report *r)
{
	const char *config = json_text(json_object_get(r->tree->env, "kernel"), "config_sha256");
	json_t *cuts = json_object_get(r->tree->env, "cuts"), *cut;
	const char *name, *before = "";

	if (*config) {
		fputs("| kernel configuration | SHA-256 ", f);
		markdown_text(f, config);
		fputs(" |\n", f);
	}
	if (!json_object_size(cuts))
		return;
	fputs("| patches up to each cut | SHA-256, begins with: ", f);
	json_object_foreach (cuts, name, cut) {
		char start[13];

		snprintf(start, sizeof(start), "%s", json_text(cut, "patches_sha256"));
		fputs(before, f);
		markdown_text(f, name);
		fputs(" ", f);
		markdown_text(f, start);
		before = ", ";
	}
	fputs(" |\n", f);
}

static void write_setup(FILE *f, const struct report *r)
{
	const json_t *env = r->tree->env, *host = json_object_get(env, "host");
	const json_t *boot = json_array_get(r->tree->boots, 0);
	char text[64];

	fputs("## Setup\n\n| | |\n|---|---|\n", f);
	write_setup_row(f, "accelerator", tree_accel(r->tree));
	write_setup_row(f, "why", json_text(env, "accel_reason"));
	write_setup_row(f, "CPU", json_text(host, "cpu_model"));
	if (json_object_get(host, "cpus")) {
		snprintf(text, sizeof(text), "%lld",
			 (long long)json_integer_value(json_object_get(host, "cpus")));
		write_setup_row(f, "host CPUs", text);
		write_setup_row(
			f, "host memory",
			format_bytes(json_integer_value(json_object_get(host, "memory_bytes")),
				     text, sizeof(text)));
	}
	write_setup_row(f, "host kernel", json_text(host, "kernel_release"));
	write_setup_row(f, "distribution", json_text(host, "distribution"));
	write_setup_row(f, "QEMU", json_text(boot, "qemu_version"));
	write_setup_row(f, "kernel source", json_text(json_object_get(env, "kernel"), "source"));
	write_setup_row(f, "compiler", json_text(json_object_get(env, "kernel"), "compiler"));
	write_kernels(f, r);
	write_setup_row(f, "started", json_text(env, "started_utc"));
	fputs("\n", f);
	if (!strcmp(tree_accel(r->tree), "tcg"))
		fputs("Under TCG every guest instruction is emulated: the figures say how the "
		      "variants compare on this path, not how long a move takes under KVM.\n\n",
		      f);
	else if (tree_is_icount(r->tree))
		fputs("Under icount the guest's clock counts instructions: the figures are work, "
		      "not time.\n\n",
		      f);
}

static void write_scenario_intro(FILE *f, const struct report *r, const char *name)
{
	const json_t *s = tree_planned(r->tree, "scenarios", name);
	char memory[32], inflate[32];

	fputs("### ", f);
	markdown_text(f, name);
	fputs("\n\n", f);
	if (!s)
		return;
	format_bytes(json_integer_value(json_object_get(s, "memory_bytes")), memory,
		     sizeof(memory));
	format_bytes(json_integer_value(json_object_get(s, "inflate_bytes")), inflate,
		     sizeof(inflate));
	markdown_text(f, json_text(s, "description"));
	fprintf(f, ". Guest: %s, %lld vCPUs, memory ", memory,
		(long long)json_integer_value(json_object_get(s, "vcpus")));
	markdown_text(f, json_text(s, "backing"));
	fprintf(f, ", THP %s; balloon: %s; %lld cycles a boot.",
		json_is_true(json_object_get(s, "thp")) ? "on" : "off", inflate,
		(long long)json_integer_value(json_object_get(s, "cycles")));
	if (json_number_value(json_object_get(s, "scale")) < 1)
		fprintf(f, " **Scaled by %.2f to fit the machine.**",
			json_number_value(json_object_get(s, "scale")));
	fputs("\n\n", f);
}

static void write_row(FILE *f, const struct report *r, const struct comparison *c, const char *move)
{
	fprintf(f, "| %s | ", move);
	markdown_text(f, c->variant);
	if (c->absent) {
		fputs(" | — | — | — | — | | — |\n", f);
		return;
	}
	if (!c->n) {
		fputs(" | 0 | | | | | invalid |\n", f);
		return;
	}
	fprintf(f, " | %zu | %.4g", c->n, c->median);
	if (isfinite(c->median_interval.low))
		fprintf(f, " [%.4g, %.4g]", c->median_interval.low, c->median_interval.high);
	fprintf(f, " | %.3g | ", report_rate(r, c, move));
	if (!strcmp(c->variant, c->base)) {
		fputs("1 | | base |\n", f);
		return;
	}
	if (isfinite(c->ratio))
		fprintf(f, "%.3f", c->ratio);
	if (isfinite(c->ratio_interval.low))
		fprintf(f, " [%.3f, %.3f]", c->ratio_interval.low, c->ratio_interval.high);
	if (c->base_n)
		fprintf(f, " | %.4f | %s |\n", c->p_holm, verdict_name(c->verdict));
	else
		fprintf(f, " | | %s |\n", verdict_name(c->verdict));
}

static void write_table(FILE *f, const struct report *r, const struct report_scenario *s)
{
	const char *unit = r->inflate.unit;
	size_t v;

	fprintf(f,
		"| move | variant | n | median [95 %%], %s | %s | ratio [95 %%] | p | verdict |\n"
		"|---|---|---:|---|---:|---|---:|---|\n",
		unit, tree_is_icount(r->tree) ? "GiB/G instr." : "GiB/s");
	for (v = 0; v < s->variant_count; v++)
		write_row(f, r, &s->inflate[v], "inflate");
	for (v = 0; v < s->variant_count; v++)
		write_row(f, r, &s->deflate[v], "deflate");
	fprintf(f,
		"\nn: boots. p: permutation test, corrected for the number of comparisons; "
		"uncorrected, these numbers of boots allow none below %.2g, and with the %zu "
		"comparisons that this report makes of the base %zu boots of each are the least "
		"that find anything.\n\n",
		s->inflate[0].n && s->variant_count > 1 && s->inflate[1].n
			? stats_smallest_p(s->inflate[1].n, s->inflate[0].n)
			: 1,
		r->compared, stats_boots_needed(ALPHA, r->compared));
}

static void write_plots(FILE *f, const struct report *r, const char *scenario)
{
	static const char *const kinds[][2] = {
		{ "duration", "duration of a move by variant" },
		{ "progress", "progress of an inflate over time" },
	};
	size_t i;

	if (!tree_count(r->tree, scenario, NULL, RESULT_OK))
		return;
	for (i = 0; i < 2; i++)
		report_plot(f, r, scenario, kinds[i][0], kinds[i][1]);
}

/* How well the moves of the ok boots could be timed, in % of them. */
static void write_resolution(FILE *f, const struct report *r)
{
	static const char *const moves[] = { "inflate", "deflate" };
	const json_t *boot, *cycle, *move;
	size_t i, j, k, count = 0, within = 0;
	double worst = 0;

	json_array_foreach (r->tree->boots, i, boot) {
		if (strcmp(json_text(boot, "status"), RESULT_OK))
			continue;
		json_array_foreach (json_object_get(boot, "cycles"), j, cycle) {
			for (k = 0; k < 2; k++) {
				double percent;

				move = json_object_get(cycle, moves[k]);
				if (!move)
					continue;
				percent =
					100 *
					json_number_value(json_object_get(move, "resolution_ns")) /
					json_number_value(json_object_get(move, "duration_ns"));
				within += percent <= 0.5;
				worst = percent > worst ? percent : worst;
				count++;
			}
		}
	}
	fprintf(f,
		"Of %zu timed moves, %zu have a resolution within 0.5 %% of their duration; the "
		"worst has %.2g %%.\n\n",
		count, within, worst);
}

static void write_method(FILE *f, const struct report *r)
{
	fputs("## How it was measured\n\n"
	      "The unit is a boot: the median over its cycles is one value, and n counts boots. "
	      "Boots of all variants alternate in blocks, in an order drawn from the seed in "
	      "plan.json, each second block being the reverse of the one before. A move is timed "
	      "by the guest's clock, from when the new target can be read in the device's "
	      "configuration space until the driver has written there that it is reached; the "
	      "interval between the last two looks is its resolution. Rates divide the bytes "
	      "really moved. Intervals are 95 % bootstrap intervals over boots (BCa, of the exact "
	      "bootstrap distribution), of the median and of the ratio of medians; the p-values "
	      "are those of a two-sided "
	      "permutation test, corrected after Holm for all comparisons of this report. In every "
	      "move the pages counted by the device, by the guest's vmstat, by MemTotal and by "
	      "everybody who traced must agree, or the boot is invalid and gives no figure.\n\n",
	      f);
	fputs("Phases: *alloc*, the pages of a batch are allocated; *enqueue* and *dequeue*, they "
	      "are put on the balloon's list and into the array for the host, or taken off it; "
	      "*notify*, from the kick until the guest goes on, less the time in the device; "
	      "*host: translate*, the device finds the pages' memory; *host: discard* and *host: "
	      "willneed*, it advises the host's kernel, estimated from one call of 17 that QEMU "
	      "times, and all of them where it deals with ranges; *release*, the pages are freed; "
	      "*other*, between one batch and the next, "
	      "before the first and after the last.\n\n",
	      f);
	write_resolution(f, r);
}

static void write_reproduce(FILE *f, const struct report *r)
{
	const char *command = json_text(r->tree->env, "command"), *at;
	const json_t *seed = json_object_get(r->tree->plan, "seed");

	fputs("## To reproduce\n\n", f);
	if (*command) {
		fputs("    ", f);
		for (at = command; *at; at++)
			fputc(iscntrl((unsigned char)*at) ? ' ' : *at, f);
		if (seed)
			fprintf(f, " --seed %lld", (long long)json_integer_value(seed));
		fputc('\n', f);
	}
	fputs("    balloonstat report DIR\n", f);
}

void report_write(const struct report *report, FILE *f)
{
	size_t i;

	fputs("<!-- SPDX-License-Identifier: GPL-2.0-or-later -->\n"
	      "# What the balloon's patches do\n\n",
	      f);
	report_answer(f, report);
	report_questions(f, report);
	write_setup(f, report);
	fputs("## Results\n\n", f);
	for (i = 0; i < report->scenario_count; i++) {
		write_scenario_intro(f, report, report->scenarios[i].name);
		write_table(f, report, &report->scenarios[i]);
		write_plots(f, report, report->scenarios[i].name);
		report_phases(f, report, &report->scenarios[i]);
	}
	report_steps(f, report);
	report_qos(f, report);
	report_claims(f, report);
	report_cpu(f, report);
	report_noise(f, report);
	report_tracing(f, report);
	report_stress(f, report);
	write_method(f, report);
	report_boots(f, report);
	write_reproduce(f, report);
}
