/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_METRIC_LIST_H
#define ANALYSIS_METRIC_LIST_H

#include <jansson.h>
#include <stddef.h>

/*
 * The metrics that a boot has, as metric_parse() takes them: every number of its
 * first cycle, and its own times; for a message, separated by commas, as many as
 * there is room for. Returns @text.
 */
const char *metric_list(const json_t *boot, char *text, size_t size);

#endif
