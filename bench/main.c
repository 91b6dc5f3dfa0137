/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench: boot VMs, resize their balloons, record the results.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "bench/build/build.h"
#include "bench/fleet/fleet.h"
#include "bench/record/record.h"
#include "bench/run/run.h"
#include "bench/series/series.h"
#include "lib/alloc.h"
#include "lib/privileges.h"

static const struct command *const commands[] = {
	&run_command,	 &build_command,  &series_command,
	&bisect_command, &submit_command, &record_command,
	&list_command,	 &doctor_command, NULL,
};

static const struct program balloonbench = {
	.name = "balloonbench",
	.purpose = "measure the effect of each patch of a virtio-balloon series",
	.examples = "  balloonbench doctor\n"
		    "  balloonbench build --git ~/linux --range BASE..TIP\n"
		    "  balloonbench run --scenario smoke --boots 2 -o /tmp/x\n"
		    "  balloonstat compare /tmp/x\n",
	.commands = commands,
};

/*
 * To trace; to start QEMU as another user in a chroot, and to kill it; to run victims
 * with real-time priority; to write results for the user who called sudo.
 */
#define CAPABILITIES                                                                               \
	(CAPABILITIES_TO_TRACE | CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETGID) |                 \
	 CAPABILITY(CAP_SYS_CHROOT) | CAPABILITY(CAP_KILL) | CAPABILITY(CAP_DAC_OVERRIDE) |        \
	 CAPABILITY(CAP_SYS_NICE))

/*
 * Paths in the environment are relative to the directory that the user is in, but scripts and
 * programs that are run elsewhere, and images.ini, have them, too.
 */
static void make_absolute(const char *variable)
{
	const char *value = getenv(variable);
	char *here, *path;

	if (!value || *value == '/' || !strchr(value, '/'))
		return;
	here = realpath(".", NULL);
	path = here ? xasprintf("%s/%s", here, value) : NULL;
	if (path)
		setenv(variable, path, 1);
	free(path);
	free(here);
}

int main(int argc, char **argv)
{
	static const char *const paths[] = {
		"QEMU",		  "BALLOONBENCH_CACHE", "KERNEL_SRC",
		"KERNEL_PATCHES", "QEMU_SRC",		"QEMU_PATCHES"
	};
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		make_absolute(paths[i]);
	/* A command that is recorded is the user's own: it keeps what the user has. */
	if (argc < 2 || strcmp(argv[1], record_command.name))
		privileges_keep(CAPABILITIES);
	return program_run(&balloonbench, argc, argv);
}
