/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_ARGUMENTS_H
#define ANALYSIS_ARGUMENTS_H

#include "analysis/data/measure.h"
#include "lib/options.h"

extern const struct command compare_command, gate_command, report_command, cover_letter_command,
	history_command, export_command, merge_command;

/* Options that several commands have; OPTIONS has a field for each. */

#define ROW_TREE                                                                                   \
	OPTION(OPERAND, dir, NULL, 0, "DIR",                                                       \
	       "result tree, as in results/20261121T033000Z-default", .hint = HINT_DIRECTORY)

#define ROW_METRICS                                                                                \
	OPTION(NAMES, metrics, "metric", 'm', "NAME",                                              \
	       "metric (default: inflate.duration_ns and deflate.duration_ns)",                    \
	       .hint = HINT_METRIC)

#define ROW_SCENARIOS                                                                              \
	OPTION(NAMES, scenarios, "scenario", 's', "NAME", "only this scenario",                    \
	       .hint = HINT_SCENARIO)

#define ROW_VARIANTS                                                                               \
	OPTION(NAMES, variants, "variant", 'v', "NAME", "only this variant", .hint = HINT_VARIANT)

#define ROW_BASE                                                                                   \
	OPTION(STRING, base, "base", 'b', "VARIANT",                                               \
	       "variant to compare with (default: the first of the plan)", .hint = HINT_VARIANT)

#define ROW_QOS                                                                                    \
	OPTION(NAMES, claim_files, "qos", 'q', "FILE", "judge the claims of this QoS file",        \
	       .hint = HINT_FILE)

#define ROW_ONLY_MEASURED                                                                          \
	OPTION(FLAG, only_measured, "only-measured", 0, NULL,                                      \
	       "list claims about scenarios and variants that the run lacks in one line, in "      \
	       "place of an error or an inconclusive row")

#define ROW_SMALLEST_EFFECT                                                                        \
	OPTION(PERCENT, smallest_effect, "smallest-effect", 0, "PERCENT",                          \
	       "smallest effect of interest; a smaller one is negligible")

#define ROW_LAYOUT_FLOOR                                                                           \
	OPTION(PERCENT, layout_floor, "layout-floor", 0, "PERCENT",                                \
	       "how far kernels of one build each can differ by their layout alone (default: "     \
	       "what "                                                                             \
	       "was measured for the accelerator)")

#define ROW_MIXED_HOSTS(help) OPTION(FLAG, mixed_hosts, "mixed-hosts", 0, NULL, help)

#define ROW_JSON OPTION(FLAG, json, "json", 'j', NULL, "print JSON")

/* 0; EXIT_USAGE and a message with what there is if a @what ("scenario") is not in the results. */
int check_known(const char *what, const struct names *names, char *const *there);

/* The same of --base, which is the first variant where it is NULL. */
int check_base(const char **base, char *const *variants);

/*
 * The measures of --metric, which are the durations of both resizes where it is not given.
 * Return: 0, or EXIT_USAGE after a message.
 */
int parse_measures(struct names *metrics, struct measure *measures);

#endif
