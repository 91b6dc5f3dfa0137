/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/gate/junit.h"

#include <stdbool.h>

#include "analysis/gate/gate_print.h"
#include "analysis/data/utf8.h"

/* XML 1.0, production 2; as a reference a character is not allowed either where it is not there. */
static bool is_xml(long code)
{
	return code == '\t' || code == '\n' || code == '\r' ||
	       (code >= 0x20 && code != 0xfffe && code != 0xffff);
}

void junit_text(const char *text, FILE *f)
{
	while (*text) {
		const char *at = text;
		long code = utf8_next(&text);

		if (!is_xml(code))
			fputs("\xef\xbf\xbd", f);
		else if (code < 0x20 || code == '&' || code == '<' || code == '>' || code == '"' ||
			 code == '\'' || (code >= 0x7f && code <= 0x9f))
			fprintf(f, "&#%ld;", code);
		else
			fwrite(at, 1, text - at, f);
	}
}

static void write_attribute(const char *name, const char *value, FILE *f)
{
	fprintf(f, " %s=\"", name);
	junit_text(value, f);
	fputc('"', f);
}

/* <failure>, <error> or <skipped>; nothing where the claim holds. */
static void write_verdict(const struct gate_row *row, FILE *f)
{
	static const char *const elements[] = {
		[GATE_FAIL] = "failure",
		[GATE_INCONCLUSIVE] = "skipped",
		[GATE_INVALID] = "error",
	};

	if (row->verdict == GATE_PASS)
		return;
	fprintf(f, "      <%s", elements[row->verdict]);
	write_attribute("message", row->reason, f);
	if (row->verdict != GATE_INCONCLUSIVE)
		write_attribute("type", gate_verdict_name(row->verdict), f);
	fputs("/>\n", f);
}

static void write_row(const struct gate_row *row, FILE *f)
{
	char value[256], limit[192];

	gate_format_value(row, value, sizeof(value));
	gate_format_limit(row, limit, sizeof(limit));
	fputs("    <testcase classname=\"", f);
	junit_text(row->scenario, f);
	fputc('.', f);
	junit_text(row->variant, f);
	fputs("\" name=\"", f);
	junit_text(row->claim->name, f);
	fputs(": ", f);
	junit_text(row->claim->expression, f);
	fputs("\">\n", f);
	write_verdict(row, f);
	fputs("      <system-out>", f);
	junit_text(value, f);
	fprintf(f, ", n = %zu", row->n);
	if (row->reference)
		fprintf(f, " and %zu", row->reference_n);
	fputs(" boots; limit ", f);
	junit_text(limit, f);
	fputs("</system-out>\n    </testcase>\n", f);
}

static void write_counts(const struct gate_row *rows, size_t count, FILE *f)
{
	size_t of[GATE_VERDICTS] = { 0 }, i;

	for (i = 0; i < count; i++)
		of[rows[i].verdict]++;
	fprintf(f, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", count, of[GATE_FAIL],
		of[GATE_INVALID]);
	fprintf(f, " skipped=\"%zu\"", of[GATE_INCONCLUSIVE]);
}

static void write_suite(const struct gate_row *rows, size_t count, FILE *f)
{
	size_t i;

	fputs("  <testsuite", f);
	write_attribute("name", rows[0].claim->name, f);
	write_counts(rows, count, f);
	fputs(">\n", f);
	for (i = 0; i < count; i++)
		write_row(&rows[i], f);
	fputs("  </testsuite>\n", f);
}

void junit_write(const struct gate *g, FILE *f)
{
	size_t first, end;

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"balloonstat gate\"",
	      f);
	write_counts(g->rows, g->count, f);
	fputs(">\n", f);
	for (first = 0; first < g->count; first = end) {
		for (end = first; end < g->count && g->rows[end].claim == g->rows[first].claim;)
			end++;
		write_suite(&g->rows[first], end - first, f);
	}
	fputs("</testsuites>\n", f);
}
