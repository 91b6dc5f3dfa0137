/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloontrace: watch a memory balloon at work, in the guest or on the host.
 */
#include <argp.h>

#include "bpf/commands.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/privileges.h"
#include "lib/subcommand.h"

static const struct subcommand commands[] = {
	{ "guest", cmd_guest, "what the balloon driver of this kernel does" },
	{ "host", cmd_host,
	  "what QEMU tells this kernel about its memory, and its balloon's batches" },
	{ NULL, NULL, NULL },
};

int main(int argc, char **argv)
{
	privileges_keep(CAPABILITIES_TO_TRACE);
	log_setup("balloontrace", LOG_INFO);
	argp_err_exit_status = EXIT_USAGE;
	return subcommand_run("balloontrace",
			      "Traces a memory balloon with BPF, in the guest or on the host.",
			      commands,
			      "  balloontrace host --list\n"
			      "  balloontrace host --duration 5 --json\n"
			      "  balloontrace guest --interval 1\n",
			      argc, argv);
}
