/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat: read result trees; compare, gate, report.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "analysis/commands.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/privileges.h"
#include "lib/subcommand.h"

static const struct subcommand commands[] = {
	{ "compare", cmd_compare, "every variant against the base: medians, ratios, verdicts" },
	{ "gate", cmd_gate, "whether claims and limits hold, by the exit status: for CI" },
	{ "report", cmd_report, "REPORT.md with tables and plots" },
	{ "cover-letter", cmd_cover_letter, "the same in short, as text for mail" },
	{ "history", cmd_history, "a metric over several result trees, and where it changed" },
	{ "export", cmd_export,
	  "the figures for other programs: CSV, JSON, HdrHistogram, Perfetto" },
	{ NULL, NULL, NULL },
};

int main(int argc, char **argv)
{
	/* To read and write where the one who called root wants it. */
	privileges_keep(CAPABILITY(CAP_DAC_READ_SEARCH) | CAPABILITY(CAP_DAC_OVERRIDE));
	log_setup("balloonstat", LOG_INFO);
	argp_err_exit_status = EXIT_USAGE;
	return subcommand_run("balloonstat", "Says what a result tree of balloonbench shows.",
			      commands,
			      "  balloonstat compare results/20261121T033000Z-default\n"
			      "  balloonstat report results/20261121T033000Z-default\n"
			      "  balloonstat gate DIR --max-regress inflate.duration_ns=5%\n"
			      "  balloonstat history results/v1 results/v2 results/v3\n",
			      argc, argv);
}
