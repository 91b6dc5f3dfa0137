/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A document in its formats: what becomes of its parts, and that nothing that a result
 * tree says becomes an element of a page, or Markdown.
 */
#include "tests/helpers/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/write/write.h"
#include "lib/exit_status.h"
#include "tests/helpers/everywhere.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/hostile_tree.h"
#include "tests/helpers/program.h"
#include "tests/helpers/report_text.h"

typedef void (*say_fn)(struct writer *w);

static char *written(enum write_format format, const struct write_options *options, say_fn say)
{
	/* gcc 12 takes what strstr() finds in it for a pointer into a local of this function. */
	static char *text;
	struct writer *w = write_open();
	char err[512] = "";
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (write_to(w, format, f, options, err, sizeof(err)))
		fail_msg("%s", err);
	say(w);
	write_close(w);
	fclose(f);
	return text;
}

static char *page_of(say_fn say)
{
	return written(WRITE_HTML, &(struct write_options){ .pictures = test_dir }, say);
}

static char *body_of(char *page)
{
	return strstr(page, "<body>");
}

static void say_headings(struct writer *w)
{
	write_heading(w, 1, "What & why");
	write_heading(w, 2, "Setup");
	write_heading(w, 3, "idle");
	write_heading(w, 2, "Setup");
	write_heading(w, 3, "...!");
	write_heading(w, 4, "deep");
	write_heading(w, 2, "Setup 2");
}

static void headings_have_names_of_their_own(void **state)
{
	char *page = page_of(say_headings);

	(void)state;
	assert_contains(page, "<title>What &amp; why</title>");
	assert_contains(page, "<h1 id=\"what-why\">What &amp; why<");
	assert_contains(page, "<h2 id=\"setup\">");
	assert_contains(page, "<h2 id=\"setup-2\">");
	assert_contains(page, "<h2 id=\"setup-2-2\">");
	assert_contains(page, "<h3 id=\"section\">...!<");
	assert_contains(page, "<li><a href=\"#setup\">Setup</a></li>");
	assert_contains(page, "<li class=\"inner\"><a href=\"#idle\">idle</a></li>");
	assert_contains(page, "<li><a href=\"#setup-2-2\">Setup 2</a></li>");
	assert_lacks(strstr(page, "<nav"), "<li><a href=\"#deep\"");
	assert_lacks(strstr(page, "<nav"), "<li><a href=\"#what-why\"");
	free(page);
}

static void say_columns(struct writer *w)
{
	write_table(w);
	write_columns(w, "variant|n|median [95 %]|p99|change|version|verdict");
	write_row(w);
	write_cell(w, "4k");
	write_count(w, 7);
	write_estimate(w, "%.2f", 1.23, 1.2, 1.25);
	write_number(w, "%.0f", NAN);
	write_number(w, "%+.1f", 87.2);
	write_cell(w, "10.0.13");
	write_verdict(w, "improve");
	write_row(w);
	write_cell(w, "improve");
	write_count(w, 12);
	write_estimate(w, "%.2g", 130, 1, 2);
	write_number(w, "%.1f", 0.5);
	write_more(w, " %%");
	write_number(w, "%.0f", -5);
	write_cell(w, "9");
	write_verdict(w, "inconclusive");
	write_more(w, ": why");
	write_row(w);
	write_cell(w, "2017-array");
	write_count(w, 3);
	write_cell(w, "5e [1]");
	write_cells(w, "", 1);
	write_cells(w, "—", 1);
	write_cell(w, "8");
	write_verdict(w, "base");
	write_table_end(w);
}

static void columns_of_numbers_have_them_to_sort_by(void **state)
{
	char *page = page_of(say_columns);

	(void)state;
	assert_contains(page, "<table class=\"sortable\">");
	assert_contains(page, "<th scope=\"col\">variant</th>");
	assert_contains(page, "<th scope=\"col\" class=\"number\">n</th>");
	assert_contains(page, "<td>4k</td>");
	assert_contains(page, "<td class=\"number\" data-sort=\"12\">12</td>");
	/* What is no number makes it a column of words. */
	assert_contains(page, "<th scope=\"col\">median [95 %]</th>");
	assert_contains(page, "<td>1.23 [1.20, 1.25]</td>");
	assert_contains(page, "<td class=\"number\">-</td>");
	assert_contains(page, "<td class=\"number\" data-sort=\"0.5\">0.5 %</td>");
	assert_contains(page, "<td class=\"number\" data-sort=\"87.2\">+87.2</td>");
	assert_contains(page, "<td class=\"number\">—</td>");
	assert_contains(page, "<td>10.0.13</td>");
	assert_contains(page, "<td class=\"verdict improve\">improve</td>");
	assert_contains(page, "<td class=\"verdict inconclusive\">inconclusive: why</td>");
	assert_contains(page, "<td>base</td>");
	/* A variant of that name is no verdict. */
	assert_contains(page, "<td>improve</td>");
	free(page);
}

static void say_estimates(struct writer *w)
{
	write_table(w);
	write_columns(w, "a");
	write_row(w);
	write_estimate(w, "%.2g", 130, 1, 2);
	write_row(w);
	write_estimate(w, "%.2f", 1.23456789, NAN, NAN);
	write_more_verdict(w, "regress");
	write_table_end(w);
}

/* By the value, however few of its digits are shown. */
static void estimates_sort_by_their_value(void **state)
{
	char *page = page_of(say_estimates);

	(void)state;
	assert_contains(page, "data-sort=\"130\">1.3e+02 [1, 2]<");
	assert_contains(
		page,
		"<td class=\"number verdict regress\" data-sort=\"1.23456789\">1.23 regress<");
	free(page);
}

static void say_facts(struct writer *w)
{
	write_heading(w, 2, "Setup");
	write_table(w);
	write_fact(w, "CPU", "%s", "a *b*");
	write_fact(w, "nothing", "%s", "");
	write_fact(w, "host CPUs", "%d", 2);
	write_table_end(w);
}

static void a_table_without_titles_is_a_list_of_facts(void **state)
{
	char *page = page_of(say_facts);

	(void)state;
	assert_contains(page, "aria-label=\"Table: Setup\"><table class=\"facts\">");
	assert_contains(page, "<th scope=\"row\">CPU</th><td>a *b*</td>");
	assert_contains(page, "<th scope=\"row\">host CPUs</th><td>2</td>");
	assert_lacks(body_of(page), "nothing");
	assert_lacks(body_of(page), "<thead>");
	assert_lacks(body_of(page), "data-sort=");
	free(page);
}

static void say_empty_table(struct writer *w)
{
	write_paragraph(w, "before");
	write_table(w);
	write_columns(w, "a|b");
	write_table_end(w);
	write_paragraph(w, "after");
}

static void a_table_without_rows_is_none(void **state)
{
	char *text = written(WRITE_MARKDOWN, NULL, say_empty_table);

	(void)state;
	assert_contains(text, "before\n\nafter\n");
	free(text);
}

static void say_pictures(struct writer *w)
{
	write_picture(w, "a.b-duration", "idle, \"x\" by variant");
	write_picture(w, "gone", "gone");
	write_paragraph(w, "none");
}

static void a_plot_is_in_the_page(void **state)
{
	char *page, *text;

	(void)state;
	write_file(test_dir, "a.b-duration.svg", "<svg/>");
	page = page_of(say_pictures);
	/* "<svg/>" in base64 */
	assert_contains(
		page,
		"<figure><img alt=\"idle, &quot;x&quot; by variant\" "
		"src=\"data:image/svg+xml;base64,PHN2Zy8+\"><figcaption>idle, &quot;x&quot; by "
		"variant</figcaption></figure>");
	assert_contains(
		page, "<figure class=\"absent\"><figcaption>Not drawn: gone</figcaption></figure>");
	assert_contains(page, "<p>none</p>");
	assert_lacks(body_of(page), ".png");
	free(page);
	text = written(WRITE_MARKDOWN, &(struct write_options){ .pictures = "results/plots" },
		       say_pictures);
	assert_contains(text,
			"![idle, \"x\" by variant](results/plots/a.b-duration.png)\n\n![gone](");
	free(text);
	text = written(WRITE_MARKDOWN, NULL, say_pictures);
	assert_lacks(text, "![");
	free(text);
}

static void say_what_is_no_picture(struct writer *w)
{
	write_picture(w, "link", "l");
	write_picture(w, "pipe", "p");
	write_picture(w, "../secret", "s");
}

/* Not even if a tree has a link, or something that never ends, where a plot would be. */
static void nothing_but_a_plot_is_in_the_page(void **state)
{
	char path[512], target[512], *page;

	(void)state;
	snprintf(target, sizeof(target), "%s", write_file(test_dir, "secret", "secret"));
	snprintf(path, sizeof(path), "%s/link.svg", test_dir);
	assert_int_equal(symlink(target, path), 0);
	snprintf(path, sizeof(path), "%s/pipe.svg", test_dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	page = page_of(say_what_is_no_picture);
	assert_lacks(body_of(page), "<img");
	assert_contains(page, "Not drawn: l<");
	assert_contains(page, "Not drawn: p<");
	assert_contains(page, "Not drawn: s<");
	free(page);
}

static void the_policy_allows_nothing_else(void **state)
{
	char *page = page_of(say_headings), *policy = strstr(page, "Content-Security-Policy");

	(void)state;
	assert_non_null(policy);
	assert_contains(policy, "default-src 'none'; img-src data:; style-src 'sha256-");
	assert_contains(policy, "; script-src 'sha256-");
	assert_lacks(page, "unsafe");
	assert_lacks(page, "http:");
	assert_lacks(page, "https:");
	free(page);
}

/* Every "<" of the body must open or close an element that we write. */
static void expect_own_elements(const char *page)
{
	static const char *const own[] = {
		"a",	  "body",  "code", "details", "div",   "em",	 "figcaption",
		"figure", "h1",	   "h2",   "h3",      "html",  "img",	 "li",
		"main",	  "nav",   "ol",   "p",	      "pre",   "strong", "summary",
		"table",  "tbody", "td",   "th",      "thead", "tr",	 "ul",
	};
	const char *at, *end = strstr(page, "</main>");
	size_t i;

	for (at = strstr(page, "<body>"); (at = strchr(at, '<')) && at < end; at++) {
		const char *name = at + 1 + (at[1] == '/');
		size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz123456");

		for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
			if (strlen(own[i]) == n && !strncmp(own[i], name, n))
				break;
		if (i == sizeof(own) / sizeof(own[0]))
			fail_msg("a foreign element: %.100s", at);
	}
}

#define HOSTILE                                                                                    \
	"# <script>alert(1)</script> <b onclick=\"alert(1)\">y</b> "                               \
	"![i](http://192.0.2.1/i.png) [l](javascript:alert(1)) `c` *e* \\ &lt; a|b\n\nc\r\x1b[2J " \
	"\xc2\x9b \xff"

static void say_hostile(struct writer *w)
{
	write_everywhere(w, HOSTILE);
}

static void a_page_takes_no_tags_and_loads_nothing(void **state)
{
	char *page = page_of(say_hostile), *body = body_of(page);

	(void)state;
	expect_own_elements(page);
	assert_contains(body,
			"<p># &lt;script&gt;alert(1)&lt;/script&gt; &lt;b onclick=&quot;alert(1)"
			"&quot;&gt;y&lt;/b&gt; ![i](http://192.0.2.1/i.png) "
			"[l](javascript:alert(1)) `c` *e* \\ &amp;lt; a|b  c  [2J   \xef\xbf\xbd");
	assert_lacks(body, "href=\"javascript");
	assert_lacks(body, "src=\"http");
	assert_lacks(body, "alert(1)\"");
	assert_null(strstr(page, "<title><"));
	free(page);
}

static void markdown_has_the_text_as_it_is(void **state)
{
	char *text = written(WRITE_MARKDOWN, &(struct write_options){ .pictures = "p" },
			     say_hostile),
	     *line, *save, *link;

	(void)state;
	/* No heading, tag, link, code, emphasis or end of a cell comes out of it. */
	assert_contains(text,
			"\n\\# &lt;script>alert(1)&lt;/script> &lt;b onclick=\"alert(1)\">y&lt;/b> "
			"![i\\](http://192.0.2.1/i.png) [l\\](javascript:alert(1)) \\`c\\` \\*e\\* "
			"\\\\ &amp;lt; a\\|b  c  [2J   \xef\xbf\xbd**");
	assert_contains(text, "\n    # <script>");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "    ", 4) && strncmp(line, "<!-- SPDX", 9)) {
			assert_lacks(line, "<");
			for (link = line; (link = strstr(link, "](")); link++)
				assert_true(link[-1] == '\\' || !strcmp(link, "](p/gone.png)"));
		}
	free(text);
}

static void a_terminal_gets_no_commands(void **state)
{
	char *text = written(WRITE_TEXT, NULL, say_hostile), *c;

	(void)state;
	for (c = text; *c; c++)
		assert_true(*c == '\n' || (unsigned char)*c >= ' ');
	assert_lacks(text, "\x9b");
	assert_lacks(text, "\xff");
	assert_contains(text, "a|b");
	free(text);
}

static void say_text(struct writer *w)
{
	write_heading(w, 1, "Title");
	write_paragraph(w, "one two three four five six");
	write_text(w, " seven");
	write_strong(w, " eight");
	write_item(w, "first");
	write_item(w, "second");
	write_table(w);
	write_columns(w, "µs|name|note");
	write_row(w);
	write_number(w, "%.1f", 12.5);
	write_cell(w, "ä");
	write_cells(w, "", 1);
	write_row(w);
	write_number(w, "%.1f", 1.5);
	write_cell(w, "longer");
	write_cell(w, "x");
	write_table_end(w);
}

static void text_is_wrapped_and_aligned(void **state)
{
	char *text = written(WRITE_TEXT, &(struct write_options){ .columns = 20, .indent = 1 },
			     say_text);

	(void)state;
	assert_string_equal(text,
			    " Title\n one two three four\n five six seven\n eight\n\n - first\n"
			    " - second\n\n     µs  name    note\n   12.5  ä\n    1.5  longer  x\n");
	free(text);
	text = written(WRITE_TEXT, &(struct write_options){ .ascii = true }, say_text);
	assert_contains(text, "  12.5  ?\n");
	free(text);
}

static void say_csv(struct writer *w)
{
	write_heading(w, 1, "nothing of it");
	write_table(w);
	write_columns(w, "a|b");
	write_row(w);
	write_cell(w, "%s", "x,\"y\"\nz\r");
	write_number(w, "%.15g", 0.1);
	write_row(w);
	write_cells(w, "", 1);
	write_count(w, 12345678901LL);
	write_table_end(w);
}

static void csv_is_quoted_as_rfc_4180_has_it(void **state)
{
	char *text = written(WRITE_CSV, NULL, say_csv);

	(void)state;
	assert_string_equal(text, "a,b\n\"x,\"\"y\"\"\nz?\",0.1\n,12345678901\n");
	free(text);
}

static void hostile_text_stays_text(void **state)
{
	char path[600], *page;

	(void)state;
	hostile_tree_make(in_test_dir("hostile"));
	expect_outcome(
		run_program("balloonstat", (const char *const[]){ "report", in_test_dir("hostile"),
								  "--no-plots", NULL }),
		EXIT_FINE, "report.html is written");
	snprintf(path, sizeof(path), "%s/hostile/report.html", test_dir);
	page = read_file(path);
	assert_non_null(page);
	expect_own_elements(page);
	assert_contains(page,
			"<td>&lt;script&gt;document.title = 'owned'; alert(1)&lt;/script&gt;</td>");
	assert_contains(page, "&lt;iframe src=");
	assert_lacks(body_of(page), "<!--");
	assert_lacks(body_of(page), "javascript:alert(1)\"");
	assert_lacks(body_of(page), "src=\"http");
	assert_lacks(body_of(page), "onerror=\"");
	free(page);
}

static void without_html_there_is_none(void **state)
{
	char output[512], path[600];

	(void)state;
	snprintf(output, sizeof(output), "%s/out", test_dir);
	hostile_tree_make(in_test_dir("hostile"));
	expect_outcome(
		run_program("balloonstat",
			    (const char *const[]){ "report", in_test_dir("hostile"), "--no-plots",
						   "--no-html", "-o", output, NULL }),
		EXIT_FINE, "REPORT.md is written");
	snprintf(path, sizeof(path), "%s/REPORT.md", output);
	assert_int_equal(access(path, F_OK), 0);
	snprintf(path, sizeof(path), "%s/report.html", output);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void an_installation_without_the_style_says_so(void **state)
{
	struct outcome outcome;
	char path[600];

	(void)state;
	hostile_tree_make(in_test_dir("styleless"));
	setenv("BALLOONBENCH_DATA", test_dir, 1);
	outcome = run_program(
		"balloonstat",
		(const char *const[]){ "report", in_test_dir("styleless"), "--no-plots", NULL });
	unsetenv("BALLOONBENCH_DATA");
	assert_int_equal(outcome.status, EXIT_ENVIRONMENT);
	assert_contains(outcome.output, "write/report.css");
	assert_contains(outcome.output, "--no-html");
	outcome_release(&outcome);
	snprintf(path, sizeof(path), "%s/styleless/report.html", test_dir);
	assert_int_not_equal(access(path, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headings_have_names_of_their_own),
		cmocka_unit_test(columns_of_numbers_have_them_to_sort_by),
		cmocka_unit_test(estimates_sort_by_their_value),
		cmocka_unit_test(a_table_without_titles_is_a_list_of_facts),
		cmocka_unit_test(a_table_without_rows_is_none),
		cmocka_unit_test(a_plot_is_in_the_page),
		cmocka_unit_test(nothing_but_a_plot_is_in_the_page),
		cmocka_unit_test(the_policy_allows_nothing_else),
		cmocka_unit_test(a_page_takes_no_tags_and_loads_nothing),
		cmocka_unit_test(markdown_has_the_text_as_it_is),
		cmocka_unit_test(a_terminal_gets_no_commands),
		cmocka_unit_test(text_is_wrapped_and_aligned),
		cmocka_unit_test(csv_is_quoted_as_rfc_4180_has_it),
		cmocka_unit_test(hostile_text_stays_text),
		cmocka_unit_test(without_html_there_is_none),
		cmocka_unit_test(an_installation_without_the_style_says_so),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
