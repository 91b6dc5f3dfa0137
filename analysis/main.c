/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat: read result trees; compare, gate, report.
 */
#include <stddef.h>

#include "analysis/arguments.h"
#include "lib/privileges.h"

static const struct command *const commands[] = {
	&compare_command, &gate_command,   &report_command, &cover_letter_command,
	&history_command, &export_command, &merge_command,  NULL,
};

static const struct program balloonstat = {
	.name = "balloonstat",
	.purpose = "analyse result trees of balloonbench",
	.examples = "  balloonstat compare results/20261121T033000Z-default\n"
		    "  balloonstat report results/20261121T033000Z-default\n"
		    "  balloonstat gate DIR --max-regress inflate.duration_ns=5%\n"
		    "  balloonstat history results/v1 results/v2 results/v3\n",
	.commands = commands,
};

int main(int argc, char **argv)
{
	/* As root, to read and write files of any owner. */
	privileges_keep(CAPABILITY(CAP_DAC_READ_SEARCH) | CAPABILITY(CAP_DAC_OVERRIDE));
	return program_run(&balloonstat, argc, argv);
}
