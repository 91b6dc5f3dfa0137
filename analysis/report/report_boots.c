/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report_boots.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/report/markdown.h"
#include "lib/result.h"

static void write_unused(FILE *f, const struct report *r)
{
	const json_t *boot;
	size_t i, unused = json_array_size(r->tree->boots) -
			   tree_count(r->tree, NULL, NULL, RESULT_OK);
	size_t missing = tree_count_missing(r->tree, NULL, NULL);

	if (missing)
		fprintf(f,
			"%zu boots of its plan have no result: the run was stopped before its end, "
			"or what is there cannot be used.\n\n",
			missing);
	fprintf(f, "%zu boots were run, %zu of them are not used", json_array_size(r->tree->boots),
		unused);
	fputs(unused ? ":\n\n" : ".\n\n", f);
	json_array_foreach (r->tree->boots, i, boot) {
		if (!strcmp(json_text(boot, "status"), RESULT_OK))
			continue;
		fputs("- ", f);
		markdown_text(f, json_text(boot, "scenario"));
		fputs("/", f);
		markdown_text(f, json_text(boot, "variant"));
		fprintf(f, " boot %lld, %s: ",
			(long long)json_integer_value(json_object_get(boot, "boot")),
			json_text(boot, "status"));
		markdown_text(f, json_text(boot, "reason"));
		fputs("\n", f);
	}
	fputs(unused ? "\n" : "", f);
}

/* The boots of a comparison's variant that lie far from the others; how many there are. */
static size_t write_outliers(FILE *f, const struct report *r, const struct comparison *c,
			     const char *move)
{
	int *boots = calloc(c->n + 1, sizeof(*boots));
	size_t i, n = boots ? compare_outliers(c, r->tree, boots) : 0;

	if (n) {
		fputs("- ", f);
		markdown_text(f, c->scenario);
		fputs("/", f);
		markdown_text(f, c->variant);
		fprintf(f, ", %s: boot", move);
	}
	for (i = 0; i < n; i++)
		fprintf(f, " %d", boots[i]);
	fputs(n ? "\n" : "", f);
	free(boots);
	return n;
}

static void write_flagged(FILE *f, const struct report *r)
{
	char *text = NULL;
	size_t size, s, v, found = 0;
	FILE *list = open_memstream(&text, &size);

	if (!list)
		return;
	for (s = 0; s < r->scenario_count; s++) {
		for (v = 0; v < r->scenarios[s].variant_count; v++) {
			found += write_outliers(list, r, &r->scenarios[s].inflate[v], "inflate");
			found += write_outliers(list, r, &r->scenarios[s].deflate[v], "deflate");
		}
	}
	fclose(list);
	fprintf(f,
		"Durations that lie far from the others of their variant (modified z-score above "
		"3.5): %zu. They are flagged and in every figure%s\n\n",
		found, found ? ":" : ".");
	if (found)
		fprintf(f, "%s\n", text);
	free(text);
}

void report_boots(FILE *f, const struct report *r)
{
	fputs("## Boots\n\n", f);
	write_unused(f, r);
	write_flagged(f, r);
}
