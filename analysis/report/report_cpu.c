/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report_cpu.h"

#include <stdlib.h>

#include "analysis/data/estimate.h"
#include "analysis/report/markdown.h"
#include "lib/stats.h"

#define GIB (1ULL << 30)
#define NS_PER_S 1e9

static const char *const moves[] = { "inflate", "deflate" };

/* The median over the boot's cycles, seconds per GiB really moved. */
static bool cost_of_boot(const json_t *boot, const char *move, const char *key, double *value)
{
	const json_t *cycles = json_object_get(boot, "cycles"), *cycle;
	double *values = stats_array(json_array_size(cycles));
	size_t i, n = 0;

	json_array_foreach (cycles, i, cycle) {
		const json_t *m = json_object_get(cycle, move);
		const json_t *ns = json_object_get(json_object_get(m, "cpu"), key);
		double bytes = json_number_value(json_object_get(m, "bytes"));

		if (json_is_number(ns) && bytes > 0)
			values[n++] = json_number_value(ns) / NS_PER_S / (bytes / GIB);
	}
	if (n)
		*value = stats_median(values, n);
	free(values);
	return n > 0;
}

static struct estimate cost_of(const struct tree *tree, const char *scenario, const char *variant,
			       const char *move, const char *key)
{
	double *values = stats_array(json_array_size(tree->boots));
	const json_t *boot;
	size_t i, n = 0;

	json_array_foreach (tree->boots, i, boot)
		if (tree_is_ok(boot, scenario, variant))
			n += cost_of_boot(boot, move, key, &values[n]);
	return estimate_of(values, n);
}

static bool is_known(const struct report *r)
{
	size_t i, m;

	for (i = 0; i < r->scenario_count; i++)
		for (m = 0; m < 2; m++)
			if (cost_of(r->tree, r->scenarios[i].name, NULL, moves[m], "qemu_ns").n ||
			    cost_of(r->tree, r->scenarios[i].name, NULL, moves[m], "guest_ns").n)
				return true;
	return false;
}

static void write_row(FILE *f, const struct report *r, const char *scenario, const char *move,
		      const char *variant)
{
	struct estimate qemu = cost_of(r->tree, scenario, variant, move, "qemu_ns");
	struct estimate guest = cost_of(r->tree, scenario, variant, move, "guest_ns");

	if (!qemu.n && !guest.n)
		return;
	fputs("| ", f);
	markdown_text(f, scenario);
	fprintf(f, " | %s | ", move);
	markdown_text(f, variant);
	fprintf(f, " | %zu | ", qemu.n > guest.n ? qemu.n : guest.n);
	estimate_write(f, &qemu, "%.3f");
	fputs(" | ", f);
	estimate_write(f, &guest, "%.3f");
	fputs(" |\n", f);
}

void report_cpu(FILE *f, const struct report *r)
{
	size_t i, m, v;

	if (!is_known(r))
		return;
	fprintf(f,
		"## CPU time of a move\n\n"
		"CPU seconds per GiB moved, median over boots [95 %%]. *QEMU*: all of its threads "
		"on the host, those that run the guest's CPUs among them. *guest*: what the "
		"guest's kernel counts as busy on all of its CPUs%s. Victims in the guest are in "
		"both.\n\n"
		"| scenario | move | variant | n | QEMU, s per GiB [95 %%] | guest, %s per GiB [95 "
		"%%] |\n|---|---|---|---:|---|---|\n",
		tree_is_icount(r->tree) ? ", in instructions" : "",
		tree_is_icount(r->tree) ? "G instr." : "s");
	for (i = 0; i < r->scenario_count; i++)
		for (m = 0; m < 2; m++)
			for (v = 0; v < r->scenarios[i].variant_count; v++)
				write_row(f, r, r->scenarios[i].name, moves[m],
					  r->scenarios[i].variants[v]);
	fputs("\n", f);
}
