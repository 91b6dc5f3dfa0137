/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat cover-letter: what a result tree shows, to be pasted into mail.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "analysis/data/open_tree.h"
#include "analysis/arguments.h"
#include "analysis/commands.h"
#include "analysis/report/cover_letter.h"
#include "lib/exit_status.h"
#include "lib/log.h"

enum {
	OPT_SMALLEST_EFFECT = 256,
};

static const struct argp_option option_table[] = {
	{ "smallest-effect", OPT_SMALLEST_EFFECT, "PERCENT", 0,
	  "an effect below it is of no interest (default: 3%)", 0 },
	{ 0 },
};

static const char doc[] =
	"Write what a result tree shows as plain text for a patch series' cover letter: setup, a "
	"table per scenario, how to reproduce it; no line is longer than 72 columns."
	"\v"
	"EXAMPLES\n"
	"  balloonstat cover-letter results/20261121T033000Z-default\n"
	"  balloonstat cover-letter DIR >>0000-cover-letter.patch\n\n"
	"Exit status: 0 written, 2 usage, 3 the tree cannot be read or the text not written.\n";

struct options {
	const char *dir;
	double smallest_effect;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	if (key != OPT_SMALLEST_EFFECT)
		return parse_one_tree(key, arg, state, &o->dir);
	o->smallest_effect = parse_smallest_effect(arg, state);
	return 0;
}

int cmd_cover_letter(int argc, char **argv)
{
	static const struct argp argp = {
		option_table, parse_option, "DIR", doc, NULL, NULL, NULL
	};
	struct options options = { .smallest_effect = SMALLEST_EFFECT };
	struct report_input input;
	struct report report;
	struct tree tree;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	status = open_tree(&tree, options.dir);
	if (status)
		return status;
	input = (struct report_input){ .tree = &tree, .smallest_effect = options.smallest_effect };
	status = report_make(&report, &input) ? EXIT_ENVIRONMENT : 0;
	if (status)
		log_error("out of memory");
	else
		cover_letter_write(&report, stdout);
	if (!status && (fflush(stdout) || ferror(stdout))) {
		log_error("cannot write: %s", strerror(errno));
		status = EXIT_ENVIRONMENT;
	}
	report_release(&report);
	return close_tree(&tree, status);
}
