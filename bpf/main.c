/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloontrace: trace a memory balloon, in the guest or on the host. */
#include <stddef.h>

#include "bpf/commands.h"
#include "bpf/symptoms.h"
#include "lib/privileges.h"

static const struct command *const commands[] = { &guest_command, &host_command, NULL };

static const struct program balloontrace = {
	.name = "balloontrace",
	.purpose = "trace a memory balloon with BPF, in the guest or on the host",
	.examples = "  balloontrace host --list\n"
		    "  balloontrace host --duration 5 --json\n"
		    "  balloontrace guest --interval 1\n",
	.worked = symptoms,
	.commands = commands,
};

int main(int argc, char **argv)
{
	privileges_keep(CAPABILITIES_TO_TRACE);
	return program_run(&balloontrace, argc, argv);
}
