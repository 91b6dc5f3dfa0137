/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench run: settle what is to be run, then run it boot by boot.
 */
#include <stdio.h>

#include "bench/run/commands.h"
#include "bench/vm/interrupt.h"
#include "bench/vm/qemu_argv.h"
#include "bench/run/run_plan.h"
#include "bench/run/session.h"
#include "lib/exit_status.h"
#include "lib/log.h"

static int show_plan(struct session *s)
{
	char name[128], **argv, **arg;
	size_t i;

	printf("seed %llu, %zu boots\n", (unsigned long long)s->plan.seed, s->plan.count);
	if (s->options.until.half_width)
		printf("and then block by block until %s is known to +- %g %%, at most %u boots a "
		       "side\n",
		       s->options.until.metric, 100 * s->options.until.half_width,
		       s->options.until.max_boots);
	for (i = 0; i < s->plan.count; i++) {
		struct boot boot = session_boot(s, &s->plan.entries[i], ".");
		struct qemu_config config = boot_qemu_config(&boot);

		snprintf(name, sizeof(name), "%s/%s boot %u", boot.scenario->name,
			 boot.variant->name, boot.number);
		printf("\n[%zu/%zu] %s\n", i + 1, s->plan.count, name);
		argv = qemu_argv(&config, 3, 4);
		for (arg = argv; arg && *arg; arg++)
			printf("%s%s", arg == argv ? "  " : " ", *arg);
		putchar('\n');
		qemu_argv_free(argv);
	}
	return EXIT_FINE;
}

/* For people to read, and for --resume. */
static void note_command(struct session *s, int argc, char **argv)
{
	const size_t size = sizeof(s->command);
	size_t n = 0;
	int i;

	s->arguments = json_array();
	for (i = 0; i < argc; i++) {
		json_array_append_new(s->arguments, json_string(argv[i]));
		if (n < size)
			n += snprintf(s->command + n, size - n, "%s%s", i ? " " : "", argv[i]);
	}
}

int cmd_run(int argc, char **argv)
{
	struct session s = { .results.journal_fd = -1 };
	int status;

	note_command(&s, argc, argv);
	status = run_options_parse(&s.options, argc, argv);
	if (status)
		goto out;
	log_setup("balloonbench", s.options.quiet     ? LOG_ERROR
				  : s.options.verbose ? LOG_DEBUG
						      : LOG_INFO);
	status = interrupt_setup() ? EXIT_ENVIRONMENT : 0;
	if (!status)
		status = session_resolve(&s);
	if (!status && s.options.dry_run) {
		status = show_plan(&s);
		goto out;
	}
	if (!status)
		status = run_plan_open(&s);
	if (!status)
		status = run_plan(&s);
out:
	session_release(&s);
	return status;
}
