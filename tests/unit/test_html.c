/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.html, as text: what becomes of the parts of a report, and that nothing
 * that a result tree says becomes an element.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/html/html_page.h"
#include "lib/exit_status.h"
#include "tests/helpers/files.h"
#include "tests/helpers/hostile_tree.h"
#include "tests/helpers/program.h"

static char *page_of(const char *markdown)
{
	char err[512] = "", *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (html_page(f, markdown, strlen(markdown), test_dir, err, sizeof(err)))
		fail_msg("%s", err);
	fclose(f);
	return text;
}

static void expect(const char *page, const char *text)
{
	if (!strstr(page, text))
		fail_msg("no %s in %s", text, strstr(page, "<body>"));
}

static void expect_none(const char *page, const char *text)
{
	const char *at = strstr(strstr(page, "<body>"), text);

	if (at)
		fail_msg("%.200s", at);
}

static void headings_have_names_of_their_own(void **state)
{
	char *page = page_of("# What & why\n\n## Setup\n\n### idle\n\n## Setup\n\n### ...!\n\n"
			     "#### deep\n\n## Setup 2\n");

	(void)state;
	expect(page, "<title>What &amp; why</title>");
	expect(page, "<h1 id=\"what-why\">What &amp; why<");
	expect(page, "<h2 id=\"setup\">");
	expect(page, "<h2 id=\"setup-2\">");
	expect(page, "<h2 id=\"setup-2-2\">");
	expect(page, "<h3 id=\"section\">...!<");
	expect(page, "<li><a href=\"#setup\">Setup</a></li>");
	expect(page, "<li class=\"inner\"><a href=\"#idle\">idle</a></li>");
	expect(page, "<li><a href=\"#setup-2-2\">Setup 2</a></li>");
	expect_none(page, "<a href=\"#deep\"");
	expect_none(page, "<a href=\"#what-why\"");
	free(page);
}

static void columns_of_numbers_have_them_to_sort_by(void **state)
{
	char *page = page_of("| variant | n | median [95 %] | p99 | change | version | verdict |\n"
			     "|---|---|---|---:|---|---|---|\n"
			     "| 4k | 7 | 1.23 [1.20, 1.25] | - | +87.2 | 10.0.13 | improve |\n"
			     "| improve | 12 | 1.3e+02 [1, 2] | 0.5 % | -5 | 9 | inconclusive: why "
			     "|\n"
			     "| 2017-array | 3 | 5e [1] | | not observed | 8 | base |\n");

	(void)state;
	expect(page, "<table class=\"sortable\">");
	expect(page, "<th scope=\"col\">variant</th>");
	expect(page, "<th scope=\"col\" class=\"number\">n</th>");
	expect(page, "<td>4k</td>");
	expect(page, "<td class=\"number\" data-sort=\"12\">12</td>");
	/* What is no number makes it a column of words. */
	expect(page, "<th scope=\"col\">median [95 %]</th>");
	expect(page, "<td>1.23 [1.20, 1.25]</td>");
	expect(page, "<td class=\"number\">-</td>");
	expect(page, "<td class=\"number\" data-sort=\"0.5\">0.5 %</td>");
	expect(page, "<td class=\"number\" data-sort=\"+87.2\">+87.2</td>");
	expect(page, "<td class=\"number\">not observed</td>");
	expect(page, "<td>10.0.13</td>");
	expect(page, "<td class=\"verdict improve\">improve</td>");
	expect(page, "<td class=\"verdict inconclusive\">inconclusive: why</td>");
	expect(page, "<td>base</td>");
	/* A variant of that name is no verdict. */
	expect(page, "<td>improve</td>");
	free(page);
	page = page_of("| a |\n|---|\n| 1.3e+02 [1, 2] |\n| 1.23 |\n");
	expect(page, "data-sort=\"1.3e+02\"");
	expect(page, "data-sort=\"1.23\"");
	free(page);
}

static void a_table_without_titles_is_a_list_of_facts(void **state)
{
	char *page = page_of("## Setup\n\n| | |\n|---|---|\n| CPU | a *b* |\n| host CPUs | 2 |\n");

	(void)state;
	expect(page, "aria-label=\"Table: Setup\"><table class=\"facts\">");
	expect(page, "<th scope=\"row\">CPU</th><td>a <em>b</em></td>");
	expect_none(page, "<thead>");
	expect_none(page, "data-sort");
	free(page);
}

static void a_plot_is_in_the_page(void **state)
{
	char *page;

	(void)state;
	write_file(test_dir, "a.b-duration.svg", "<svg/>");
	page = page_of("![idle, \"x\" by variant](results/plots/a.b-duration.png)\n\n"
		       "![gone](plots/gone.png)\n\nin ![a text](plots/a.b-duration.png) none\n");
	/* "<svg/>" in base64 */
	expect(page,
	       "<figure><img alt=\"idle, &quot;x&quot; by variant\" "
	       "src=\"data:image/svg+xml;base64,PHN2Zy8+\"><figcaption>idle, &quot;x&quot; by "
	       "variant</figcaption></figure>");
	expect(page, "<figure class=\"absent\"><figcaption>Not drawn: gone</figcaption></figure>");
	expect(page, "<p>in a text none</p>");
	expect_none(page, ".png");
	free(page);
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
	page = page_of(
		"![l](link.png)\n\n![p](pipe.png)\n\n![s](../secret)\n\n![d](..)\n\n![n]()\n");
	expect_none(page, "<img");
	expect(page, "Not drawn: l<");
	expect(page, "Not drawn: p<");
	expect(page, "Not drawn: s<");
	free(page);
}

static void the_policy_allows_nothing_else(void **state)
{
	char *page = page_of("# x\n"), *policy = strstr(page, "Content-Security-Policy");

	(void)state;
	assert_non_null(policy);
	expect(policy, "default-src 'none'; img-src data:; style-src 'sha256-");
	expect(policy, "; script-src 'sha256-");
	assert_null(strstr(page, "unsafe"));
	assert_null(strstr(page, "http:"));
	assert_null(strstr(page, "https:"));
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
			fail_msg("an element of somebody else: %.100s", at);
	}
}

/* What a text could do that reached Markdown without being escaped. */
static void markdown_takes_no_tags_and_loads_nothing(void **state)
{
	char *page =
		page_of("# <script>alert(1)</script> a\n\n"
			"<script>alert(1)</script>\n\n"
			"x <b onclick=\"alert(1)\">y</b> ![i](http://192.0.2.1/i.png)\n"
			"[l](javascript:alert(1)) [d](data:text/html,x) &lt;i&gt;\n\n"
			"- item\n\n  <iframe src=\"x\"></iframe>\n\n  ![j](http://192.0.2.1/)\n\n"
			"| <i>h</i> | ![k](http://192.0.2.1/) |\n|---|---|\n| <u>1</u> | \"2 |\n");

	(void)state;
	expect_own_elements(page);
	expect(page, "x y i\n");
	expect(page, "<a href=\"\">l</a> <a href=\"\">d</a> &lt;i&gt;");
	expect(page, "<p>j</p>");
	expect(page, "<th scope=\"col\" class=\"number\">h</th>");
	expect(page, "<td class=\"number\" data-sort=\"1\">1</td>");
	expect(page, "<td>&quot;2</td>");
	expect_none(page, "192.0.2.1");
	expect_none(page, "alert(1)\"");
	assert_null(strstr(page, "<title><"));
	free(page);
}

static void hostile_text_stays_text(void **state)
{
	const char *args[] = { "report", NULL, "--no-plots", NULL };
	char tree[512], path[600], *page;
	struct outcome outcome;

	(void)state;
	snprintf(tree, sizeof(tree), "%s/hostile", test_dir);
	hostile_tree_make(tree);
	args[1] = tree;
	outcome = run_program("balloonstat", args);
	if (outcome.status)
		fail_msg("%s", outcome.output);
	outcome_release(&outcome);
	snprintf(path, sizeof(path), "%s/report.html", tree);
	page = read_file(path);
	assert_non_null(page);
	expect_own_elements(page);
	expect(page, "<td>&lt;script&gt;document.title = 'owned'; alert(1)&lt;/script&gt;</td>");
	expect(page, "&lt;iframe src=");
	expect_none(page, "<!--");
	expect_none(page, "javascript:alert(1)\"");
	expect_none(page, "src=\"http");
	expect_none(page, "onerror=\"");
	free(page);
}

static void without_html_there_is_none(void **state)
{
	const char *args[] = { "report", NULL, "--no-plots", "--no-html", "-o", NULL, NULL };
	char tree[512], output[512], path[600];
	struct outcome outcome;

	(void)state;
	snprintf(tree, sizeof(tree), "%s/hostile", test_dir);
	snprintf(output, sizeof(output), "%s/out", test_dir);
	hostile_tree_make(tree);
	args[1] = tree;
	args[5] = output;
	outcome = run_program("balloonstat", args);
	assert_int_equal(outcome.status, 0);
	outcome_release(&outcome);
	snprintf(path, sizeof(path), "%s/REPORT.md", output);
	assert_int_equal(access(path, F_OK), 0);
	snprintf(path, sizeof(path), "%s/report.html", output);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void an_installation_without_the_style_says_so(void **state)
{
	const char *args[] = { "report", NULL, "--no-plots", NULL };
	char tree[512], path[600];
	struct outcome outcome;

	(void)state;
	snprintf(tree, sizeof(tree), "%s/styleless", test_dir);
	hostile_tree_make(tree);
	args[1] = tree;
	setenv("BALLOONBENCH_DATA", test_dir, 1);
	outcome = run_program("balloonstat", args);
	unsetenv("BALLOONBENCH_DATA");
	assert_int_equal(outcome.status, EXIT_ENVIRONMENT);
	assert_non_null(strstr(outcome.output, "html/report.css"));
	assert_non_null(strstr(outcome.output, "--no-html"));
	outcome_release(&outcome);
	snprintf(path, sizeof(path), "%s/report.html", tree);
	assert_int_not_equal(access(path, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headings_have_names_of_their_own),
		cmocka_unit_test(columns_of_numbers_have_them_to_sort_by),
		cmocka_unit_test(a_table_without_titles_is_a_list_of_facts),
		cmocka_unit_test(a_plot_is_in_the_page),
		cmocka_unit_test(nothing_but_a_plot_is_in_the_page),
		cmocka_unit_test(the_policy_allows_nothing_else),
		cmocka_unit_test(markdown_takes_no_tags_and_loads_nothing),
		cmocka_unit_test(hostile_text_stays_text),
		cmocka_unit_test(without_html_there_is_none),
		cmocka_unit_test(an_installation_without_the_style_says_so),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
