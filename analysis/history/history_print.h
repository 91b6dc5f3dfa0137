/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_HISTORY_PRINT_H
#define ANALYSIS_HISTORY_PRINT_H

#include "analysis/history/history.h"

/* Sentences that a reader of the figures must know first. */
struct history_warnings {
	char *list[4];
	size_t count;
};

/* What there is to warn of: medians over sessions, hosts or bases that are not the same. */
void history_warn(struct history_warnings *w, const struct history *h);
void history_warnings_release(struct history_warnings *w);

/* Tables for a terminal: a row per tree, a change point between those that it parts. */
void history_print(const struct history *h, const struct history_warnings *w);

/* The same for a program: one JSON object, with a schema_version. */
void history_print_json(const struct history *h, const struct history_warnings *w);

#endif
