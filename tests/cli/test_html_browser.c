/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.html in a browser: what its script adds, what it looks like by day, by
 * night and on a telephone, and that a hostile tree gets nothing done by it.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exit_status.h"
#include "tests/helpers/browser.h"
#include "tests/helpers/files.h"
#include "tests/helpers/hostile_tree.h"
#include "tests/helpers/program.h"

static struct browser *browser;
static char page[512];
static bool drawn;

/* A report of the hostile tree with its plots, and one browser for all tests. */
static int set_up(void **state)
{
	struct outcome outcome;
	const char *args[] = { "report", NULL, NULL };

	test_dir_set_up(state);
	args[1] = test_dir;
	hostile_tree_make(test_dir);
	outcome = run_program("balloonstat", args);
	if (outcome.status && outcome.status != EXIT_UNSUPPORTED)
		fail_msg("%s", outcome.output);
	drawn = !outcome.status;
	outcome_release(&outcome);
	snprintf(page, sizeof(page), "%s/report.html", test_dir);
	browser = browser_start();
	return 0;
}

static int tear_down(void **state)
{
	browser_stop(browser);
	return test_dir_tear_down(state);
}

static void command(const char *method, json_t *params)
{
	json_decref(browser_command(browser, method, params));
}

static void open_page(int width, const char *scheme)
{
	if (!browser) {
		print_message("# SKIP no chromium here\n");
		skip();
	}
	command("Emulation.setDeviceMetricsOverride",
		json_pack("{s:i, s:i, s:i, s:b}", "width", width, "height", 800,
			  "deviceScaleFactor", 1, "mobile", 0));
	command("Emulation.setEmulatedMedia",
		json_pack("{s:s, s:[{s:s, s:s}]}", "media", "", "features", "name",
			  "prefers-color-scheme", "value", scheme));
	browser_open(browser, page);
}

static void expect(const char *expression, const char *wanted)
{
	char *value = browser_evaluate(browser, expression);

	if (strcmp(value, wanted))
		fail_msg("%s: '%s', not '%s'", expression, value, wanted);
	free(value);
}

static void expect_no_complaints(void)
{
	assert_string_equal(browser_complaints(browser), "");
}

/* What a column says, from top to bottom. */
#define COLUMN(n)                                                                                  \
	"[...document.querySelector('h3 ~ .table table').tBodies[0].rows].map((r) => r.cells[" #n  \
	"].textContent.split(' ')[0]).join(' ')"
#define TITLE(n) "h3 ~ .table table thead th:nth-child(" #n ") button"
#define ORDER(n)                                                                                   \
	"document.querySelectorAll('h3 ~ .table table')[0].tHead.rows[0].cells[" #n                \
	"].getAttribute('aria-sort')"

static void tables_sort_by_a_click(void **state)
{
	(void)state;
	open_page(1400, "light");
	expect("document.querySelectorAll('table.sortable thead th:not(:has(> button))').length",
	       "0");
	/* medians; as words 103.5 would come before 23.5 */
	expect(COLUMN(3), "103.5 63.5 23.5 103.5 63.5 23.5");
	browser_click(browser, TITLE(4));
	expect(COLUMN(3), "23.5 23.5 63.5 63.5 103.5 103.5");
	expect(ORDER(3), "ascending");
	/* equal ones stay as they were */
	expect(COLUMN(0), "inflate deflate inflate deflate inflate deflate");
	browser_click(browser, TITLE(4));
	expect(COLUMN(3), "103.5 103.5 63.5 63.5 23.5 23.5");
	expect(ORDER(3), "descending");
	browser_click(browser, TITLE(4));
	expect(COLUMN(3), "103.5 63.5 23.5 103.5 63.5 23.5");
	expect(ORDER(3), "null");
	browser_click(browser, TITLE(1));
	expect(COLUMN(0), "deflate deflate deflate inflate inflate inflate");
	/* p: the base has none, and comes last both ways */
	browser_click(browser, TITLE(7));
	expect(COLUMN(6) ".endsWith('  ')", "true");
	browser_click(browser, TITLE(7));
	expect(COLUMN(6) ".endsWith('  ')", "true");
	expect(ORDER(0), "null");
	expect_no_complaints();
}

static void plots_open_large(void **state)
{
	(void)state;
	open_page(1400, "light");
	if (!drawn) {
		print_message("# SKIP no gnuplot here, and no plots\n");
		skip();
	}
	expect("[...document.images].every((i) => i.complete && i.naturalWidth > 0)", "true");
	expect("document.querySelector('dialog').open", "false");
	browser_click(browser, "figure img");
	expect("document.querySelector('dialog').open", "true");
	expect("document.querySelector('dialog img').src === document.querySelector('figure "
	       "img').src",
	       "true");
	expect("document.querySelector('dialog img').getBoundingClientRect().width > "
	       "document.querySelector('figure img').getBoundingClientRect().width",
	       "true");
	expect("document.querySelector('dialog').getBoundingClientRect().bottom <= innerHeight",
	       "true");
	browser_press(browser, "Escape", 27, NULL);
	expect("document.querySelector('dialog').open", "false");
	/* by key alone */
	expect("document.activeElement.className", "enlarge");
	browser_press(browser, "Enter", 13, "\r");
	expect("document.querySelector('dialog').open", "true");
	browser_click(browser, "dialog button");
	expect("document.querySelector('dialog').open", "false");
	expect_no_complaints();
}

#define BRIGHTNESS(element, what)                                                                  \
	"getComputedStyle(document." element ")." what ".match(/\\d+/g).slice(0, 3).reduce((a, "   \
	"b) => +a + +b) > 382"

static void it_is_dark_by_night(void **state)
{
	(void)state;
	open_page(1400, "light");
	expect(BRIGHTNESS("body", "backgroundColor"), "true");
	expect(BRIGHTNESS("body", "color"), "false");
	open_page(1400, "dark");
	expect(BRIGHTNESS("body", "backgroundColor"), "false");
	expect(BRIGHTNESS("body", "color"), "true");
	/* one's own choice goes before */
	browser_click(browser, ".theme");
	expect(BRIGHTNESS("body", "backgroundColor"), "true");
	browser_click(browser, ".theme");
	expect(BRIGHTNESS("body", "backgroundColor"), "false");
	command("Emulation.setEmulatedMedia", json_pack("{s:s}", "media", "print"));
	expect(BRIGHTNESS("body", "backgroundColor"), "true");
	expect("getComputedStyle(document.querySelector('nav')).display", "none");
	expect_no_complaints();
}

static void it_fits_a_telephone(void **state)
{
	(void)state;
	open_page(390, "light");
	expect("document.documentElement.scrollWidth <= innerWidth", "true");
	expect("[...document.querySelectorAll('.table')].some((t) => t.scrollWidth > "
	       "t.clientWidth)",
	       "true");
	expect("document.querySelector('nav details').open", "false");
	browser_click(browser, "nav summary");
	expect("document.querySelector('nav details').open", "true");
	open_page(1400, "light");
	expect("document.querySelector('nav details').open", "true");
	expect("getComputedStyle(document.querySelector('nav')).position", "sticky");
	expect_no_complaints();
}

static void the_contents_lead_to_every_part(void **state)
{
	(void)state;
	open_page(1400, "light");
	expect("[...document.querySelectorAll('nav a')].every((a) => "
	       "document.querySelectorAll(a.hash).length === 1)",
	       "true");
	expect("document.querySelectorAll('nav a').length === "
	       "document.querySelectorAll('h2, h3').length",
	       "true");
	browser_click(browser, "nav a[href=\"#how-it-was-measured\"]");
	expect("location.hash", "#how-it-was-measured");
	expect_no_complaints();
}

static void without_script_the_content_is_there(void **state)
{
	char *with, *without;

	(void)state;
	open_page(1400, "light");
	with = browser_evaluate(browser, "document.querySelector('main').textContent");
	command("Emulation.setScriptExecutionDisabled", json_pack("{s:b}", "value", 1));
	browser_open(browser, page);
	expect("document.querySelectorAll('button, dialog').length", "0");
	without = browser_evaluate(browser, "document.querySelector('main').textContent");
	command("Emulation.setScriptExecutionDisabled", json_pack("{s:b}", "value", 0));
	assert_non_null(strstr(without, "To reproduce"));
	assert_string_equal(with, without);
	free(with);
	free(without);
}

static void a_hostile_tree_gets_nothing_done(void **state)
{
	(void)state;
	open_page(1400, "light");
	expect("document.title", "What the balloon's patches do");
	expect("document.scripts.length", "1");
	expect("document.styleSheets.length", "1");
	expect("document.querySelectorAll('iframe, base, svg, object, form').length", "0");
	expect("[...document.querySelectorAll('*')].some((e) => [...e.attributes].some((a) => "
	       "a.name.startsWith('on')))",
	       "false");
	expect("[...document.links].every((a) => a.hash)", "true");
	/* Names are shown as they are. */
	expect("document.querySelector('h3 ~ .table table').rows[2].cells[1].textContent",
	       "<script>document.title = 'owned'; alert(1)</script>");
	expect_no_complaints();
}

/* Should an element get through all the same, the policy stops it. */
static void the_policy_stops_what_gets_through(void **state)
{
	(void)state;
	open_page(1400, "light");
	free(browser_evaluate(browser, "document.body.append(Object.assign(document.createElement("
				       "'script'), { textContent: 'document.title = `owned`' }))"));
	expect("document.title === 'owned'", "false");
	assert_non_null(strstr(browser_complaints(browser), "Content Security Policy"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_sort_by_a_click),
		cmocka_unit_test(plots_open_large),
		cmocka_unit_test(it_is_dark_by_night),
		cmocka_unit_test(it_fits_a_telephone),
		cmocka_unit_test(the_contents_lead_to_every_part),
		cmocka_unit_test(without_script_the_content_is_there),
		cmocka_unit_test(a_hostile_tree_gets_nothing_done),
		cmocka_unit_test(the_policy_stops_what_gets_through),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
