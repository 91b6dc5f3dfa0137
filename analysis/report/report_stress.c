/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report_stress.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "analysis/report/markdown.h"
#include "lib/log.h"
#include "lib/units.h"

#define SUMMARY "stress/summary.json"

static long long count(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static double seconds(const json_t *object)
{
	return json_number_value(json_object_get(object, "duration_s"));
}

static void print_row(FILE *f, const char *what, const char *text)
{
	if (!*text)
		return;
	fprintf(f, "| %s | ", what);
	markdown_text(f, text);
	fputs(" |\n", f);
}

static void print_number_row(FILE *f, const char *what, const json_t *object, const char *key)
{
	char text[32];

	if (!json_is_integer(json_object_get(object, key)))
		return;
	snprintf(text, sizeof(text), "%lld", count(object, key));
	print_row(f, what, text);
}

static void print_setup(FILE *f, const json_t *summary)
{
	const json_t *kernel = json_object_get(summary, "kernel");
	char text[64];

	fputs("| | |\n|---|---|\n", f);
	snprintf(text, sizeof(text), "%.1f min", seconds(summary) / 60);
	print_row(f, "ran for", text);
	print_row(f, "started", json_text(summary, "started_utc"));
	print_number_row(f, "seed", summary, "seed");
	print_row(f, "accelerator", json_text(summary, "accel"));
	print_row(f, "guest memory",
		  format_bytes(count(summary, "memory_bytes"), text, sizeof(text)));
	print_number_row(f, "vCPUs", summary, "vcpus");
	print_row(f, "QEMU", json_text(summary, "qemu_version"));
	print_row(f, "kernel source", json_text(kernel, "source"));
	print_row(f, "compiler", json_text(kernel, "compiler"));
	print_row(f, "kernel configuration, SHA-256", json_text(kernel, "config_sha256"));
	fputs("\n", f);
}

static void print_cuts(FILE *f, const json_t *cuts)
{
	const json_t *cut;
	size_t i;

	fputs("| cut | device | min | boots | rounds | operations | audits | leak scans | "
	      "allocations failed | processes killed | pages inflated | pages deflated | pages "
	      "migrated | findings |\n"
	      "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
	      f);
	json_array_foreach (cuts, i, cut) {
		fputs("| ", f);
		markdown_text(f, json_text(cut, "cut"));
		fputs(" | ", f);
		markdown_text(f, json_text(cut, "device"));
		fprintf(f,
			" | %.1f | %lld | %lld | %lld | %lld | %lld | %lld | %lld | %lld | %lld | "
			"%lld | %zu |\n",
			seconds(cut) / 60, count(cut, "boots"), count(cut, "rounds"),
			count(cut, "operation_count"), count(cut, "audits"),
			count(cut, "leak_scans"), count(cut, "faults_injected"),
			count(cut, "processes_killed"), count(cut, "inflated_pages"),
			count(cut, "deflated_pages"), count(cut, "migrated_pages"),
			json_array_size(json_object_get(cut, "findings")));
	}
	fputs("\n", f);
}

/* The kinds of the first cut; all have the same. */
static void print_operations(FILE *f, const json_t *cuts)
{
	json_t *first = json_object_get(json_array_get(cuts, 0), "operations"), *unused;
	const char *name;
	const json_t *cut;
	size_t i;

	if (!json_object_size(first))
		return;
	fputs("Operations carried out, by kind; in brackets, those of which a step was refused or "
	      "failed, as it may while allocations fail and devices go.\n\n| operation |",
	      f);
	json_array_foreach (cuts, i, cut) {
		fputs(" ", f);
		markdown_text(f, json_text(cut, "cut"));
		fputs(" |", f);
	}
	fputs("\n|---|", f);
	for (i = 0; i < json_array_size(cuts); i++)
		fputs("---:|", f);
	fputs("\n", f);
	json_object_foreach (first, name, unused) {
		fputs("| ", f);
		markdown_text(f, name);
		fputs(" |", f);
		json_array_foreach (cuts, i, cut) {
			const json_t *op =
				json_object_get(json_object_get(cut, "operations"), name);

			fprintf(f, " %lld (%lld) |", count(op, "done"), count(op, "failed"));
		}
		fputs("\n", f);
	}
	fputs("\n", f);
}

static void print_finding(FILE *f, const json_t *cut, const json_t *finding)
{
	fputs("- ", f);
	markdown_text(f, json_text(cut, "cut"));
	fprintf(f, ", boot %lld, round %lld, ", count(finding, "boot"), count(finding, "round"));
	markdown_text(f, json_text(finding, "kind"));
	fputs(": ", f);
	markdown_text(f, json_text(finding, "line"));
	fputs(". Again with: ", f);
	markdown_text(f, json_text(finding, "replay"));
	fputs("\n", f);
}

static void print_findings(FILE *f, const json_t *summary)
{
	const json_t *cuts = json_object_get(summary, "cuts"), *cut, *finding;
	long long audits = 0;
	size_t i, k, findings = 0;

	json_array_foreach (cuts, i, cut) {
		audits += count(cut, "audits");
		json_array_foreach (json_object_get(cut, "findings"), k, finding) {
			print_finding(f, cut, finding);
			findings++;
		}
	}
	if (findings)
		fputs("\n", f);
	else if (!audits)
		fputs("No audit was made: whether anything is wrong is not known.\n\n", f);
	else
		fputs("Nothing was found: no kernel complained, and at every audit all managed "
		      "pages were there and no page belonged to an empty balloon.\n\n",
		      f);
}

void stress_summary_print(FILE *f, const json_t *summary)
{
	const json_t *cuts = json_object_get(summary, "cuts");

	fputs("## Stress\n\n"
	      "Debug kernels (KASAN, PROVE_LOCKING, DEBUG_LIST, DEBUG_VM, page_owner, "
	      "DEBUG_ATOMIC_SLEEP, kmemleak; poisoned pages in boots without free page reporting) "
	      "whose balloon moves while memory is compacted, taken and short, allocations fail or "
	      "devices are suspended, and the driver is unbound or its device taken away, as a "
	      "seed says. At an audit the balloon is emptied and what the guest has is compared "
	      "with what it had before the first round. How, and what is left out: "
	      "tests/stress/README.md.\n\n",
	      f);
	if (json_is_true(json_object_get(summary, "interrupted")))
		fputs("**The run was stopped before its end.**\n\n", f);
	print_setup(f, summary);
	print_cuts(f, cuts);
	print_operations(f, cuts);
	print_findings(f, summary);
}

void report_stress(FILE *f, const struct report *report)
{
	char path[PATH_MAX];
	json_error_t error;
	json_t *summary;

	snprintf(path, sizeof(path), "%s/" SUMMARY, report->tree->dir);
	if (access(path, F_OK))
		return;
	summary = json_load_file(path, 0, &error);
	if (json_is_object(summary))
		stress_summary_print(f, summary);
	else
		log_warn("%s: %s; the report has no part on the stress", path,
			 summary ? "no JSON object" : error.text);
	json_decref(summary);
}
