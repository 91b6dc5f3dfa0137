/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utf8.h"
#include "analysis/gate/gate.h"
#include "lib/alloc.h"

/* XML 1.0, production 2: other characters are not allowed as references either. */
static bool is_xml(long code)
{
	return code == '\t' || code == '\n' || code == '\r' ||
	       (code >= 0x20 && code != 0xfffe && code != 0xffff);
}

/* U+FFFD replaces what XML does not allow. */
static void print_text(FILE *f, const char *text)
{
	while (*text) {
		const char *at = text;
		long code = utf8_next(&text);

		if (!is_xml(code))
			fputs("\xef\xbf\xbd", f);
		else if (utf8_is_control(code) || (code < 0x80 && strchr("&<>\"'", code)))
			fprintf(f, "&#%ld;", code);
		else
			fwrite(at, 1, text - at, f);
	}
}

/* As fprintf(), with texts for elements and quoted attributes. */
static __attribute__((format(printf, 2, 3))) void print(FILE *f, const char *format, ...)
{
	const char *next;
	va_list ap;

	va_start(ap, format);
	for (; (next = strstr(format, "%s")); format = next + strlen("%s")) {
		fwrite(format, 1, next - format, f);
		print_text(f, va_arg(ap, const char *));
	}
	va_end(ap);
	fputs(format, f);
}

/* "0.409 [0.389, 0.427] x"; "-" where there is no value. To be freed. */
static char *value_of(const struct gate_row *row)
{
	const char *unit = gate_ratio_to(row) ? "x" : row->claim->unit, *blank = *unit ? " " : "";
	const double values[] = { row->value, row->interval.low, row->interval.high };
	char numbers[3][32];
	size_t i;

	for (i = 0; i < 3; i++)
		snprintf(numbers[i], sizeof(numbers[i]), gate_number_format(row),
			 values[i] / row->claim->unit_size);
	if (!isfinite(row->value))
		return xstrdup("-");
	if (!isfinite(row->interval.low))
		return xasprintf("%s%s%s", numbers[0], blank, unit);
	return xasprintf("%s [%s, %s]%s%s", numbers[0], numbers[1], numbers[2], blank, unit);
}

static void print_row(FILE *f, const struct gate_row *row)
{
	char *value = value_of(row), *limit = gate_limit(row);

	print(f, "    <testcase classname=\"%s.%s\" name=\"%s: %s\">\n", row->scenario,
	      row->variant, row->claim->name, row->claim->expression);
	if (row->verdict == GATE_INCONCLUSIVE)
		print(f, "      <skipped message=\"%s\"/>\n", row->reason);
	else if (row->verdict != GATE_PASS)
		print(f, "      <%s message=\"%s\" type=\"%s\"/>\n",
		      row->verdict == GATE_FAIL ? "failure" : "error", row->reason,
		      gate_verdict_names[row->verdict]);
	print(f, "      <system-out>%s, n = ", value);
	fprintf(f, row->reference ? "%zu and %zu" : "%zu", row->n, row->reference_n);
	print(f, " boots; limit %s</system-out>\n    </testcase>\n", limit);
	free(value);
	free(limit);
}

static void print_counts(FILE *f, const struct gate_row *rows, size_t count)
{
	size_t of[GATE_VERDICTS] = { 0 }, i;

	for (i = 0; i < count; i++)
		of[rows[i].verdict]++;
	fprintf(f, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n", count,
		of[GATE_FAIL], of[GATE_INVALID], of[GATE_INCONCLUSIVE]);
}

void gate_print_junit(const struct gate *g, FILE *f)
{
	size_t first, end;

	print(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		 "<testsuites name=\"balloonstat gate\"");
	print_counts(f, g->rows, g->count);
	for (first = 0; first < g->count; first = end) {
		for (end = first; end < g->count && g->rows[end].claim == g->rows[first].claim;)
			end++;
		print(f, "  <testsuite name=\"%s\"", g->rows[first].claim->name);
		print_counts(f, &g->rows[first], end - first);
		for (; first < end; first++)
			print_row(f, &g->rows[first]);
		print(f, "  </testsuite>\n");
	}
	print(f, "</testsuites>\n");
}
