/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench: boot VMs, drive their balloons, write down what happened.
 */
#include <argp.h>
#include <stddef.h>

#include "bench/commands.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/subcommand.h"

static const struct subcommand commands[] = {
	{ "run", cmd_run, "boot VMs, inflate and deflate, write a result tree" },
	{ "list", cmd_list, "the scenarios and variants there are" },
	{ "doctor", cmd_doctor, "what this machine can and cannot do, and what to do about it" },
	{ NULL, NULL, NULL },
};

int main(int argc, char **argv)
{
	log_setup("balloonbench", LOG_INFO);
	argp_err_exit_status = EXIT_USAGE;
	return subcommand_run("balloonbench",
			      "Measures what each patch of a virtio-balloon series does.", commands,
			      "  balloonbench doctor\n"
			      "  balloonbench run --scenario smoke --boots 2 -o /tmp/x\n"
			      "  balloonstat compare /tmp/x\n",
			      argc, argv);
}
