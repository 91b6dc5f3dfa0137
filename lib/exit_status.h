/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_EXIT_STATUS_H
#define LIB_EXIT_STATUS_H

/* Exit status of all programs. Scripts depend on the numbers: they do not change. */
enum exit_status {
	EXIT_FINE = 0,
	EXIT_REGRESSION = 1,   /* regression, or a failed QoS claim */
	EXIT_USAGE = 2,	       /* wrong command line or input file */
	EXIT_ENVIRONMENT = 3,  /* the environment or a run failed */
	EXIT_UNSUPPORTED = 4,  /* not supported on this machine */
	EXIT_INCONCLUSIVE = 5, /* too few or too noisy boots */
	EXIT_DEADLINE = 124,
	EXIT_INTERRUPTED = 130,
};

#endif
