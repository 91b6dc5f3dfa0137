/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat: read result trees; compare, report.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "analysis/commands.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/subcommand.h"

static const struct subcommand commands[] = {
	{ "compare", cmd_compare, "every variant against the base: medians, ratios, verdicts" },
	{ "report", cmd_report, "REPORT.md with tables and plots" },
	{ "cover-letter", cmd_cover_letter, "the same in short, as text for mail" },
	{ "export", cmd_export,
	  "the figures for other programs: CSV, JSON, HdrHistogram, Perfetto" },
	{ NULL, NULL, NULL },
};

int main(int argc, char **argv)
{
	log_setup("balloonstat", LOG_INFO);
	argp_err_exit_status = EXIT_USAGE;
	return subcommand_run("balloonstat", "Says what a result tree of balloonbench shows.",
			      commands,
			      "  balloonstat compare results/20261121T033000Z-default\n"
			      "  balloonstat report results/20261121T033000Z-default\n",
			      argc, argv);
}
