/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_EXIT_STATUS_H
#define LIB_EXIT_STATUS_H

/*
 * Exit status of every program of the project. Scripts and CI jobs branch on
 * these, so a number never changes its meaning.
 */
enum exit_status {
	EXIT_FINE = 0,
	EXIT_REGRESSION = 1,   /* a regression was found, or a QoS claim failed */
	EXIT_USAGE = 2,	       /* the command line or an input file is wrong */
	EXIT_ENVIRONMENT = 3,  /* the machine, or a run on it, failed */
	EXIT_UNSUPPORTED = 4,  /* this machine cannot do that */
	EXIT_INCONCLUSIVE = 5, /* too few or too noisy samples to say */
	EXIT_DEADLINE = 124,
	EXIT_INTERRUPTED = 130,
};

#endif
