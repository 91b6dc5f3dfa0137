/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench: boot VMs, drive their balloons, write down what happened.
 */
#include <argp.h>
#include <stddef.h>

#include "bench/run/commands.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/privileges.h"
#include "lib/subcommand.h"

static const struct subcommand commands[] = {
	{ "run", cmd_run, "boot VMs, inflate and deflate, write a result tree" },
	{ "list", cmd_list, "the scenarios and variants there are" },
	{ "doctor", cmd_doctor, "what this machine can and cannot do, and what to do about it" },
	{ NULL, NULL, NULL },
};

/*
 * To trace; to start QEMU as another user in a directory of its own, and to end it;
 * to put victims first on their CPU; to write results where the one who called root
 * wants them.
 */
#define CAPABILITIES                                                                               \
	(CAPABILITIES_TO_TRACE | CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETGID) |                 \
	 CAPABILITY(CAP_SYS_CHROOT) | CAPABILITY(CAP_KILL) | CAPABILITY(CAP_DAC_OVERRIDE) |        \
	 CAPABILITY(CAP_SYS_NICE))

int main(int argc, char **argv)
{
	privileges_keep(CAPABILITIES);
	log_setup("balloonbench", LOG_INFO);
	argp_err_exit_status = EXIT_USAGE;
	return subcommand_run("balloonbench",
			      "Measures what each patch of a virtio-balloon series does.", commands,
			      "  balloonbench doctor\n"
			      "  balloonbench run --scenario smoke --boots 2 -o /tmp/x\n"
			      "  balloonstat compare /tmp/x\n",
			      argc, argv);
}
