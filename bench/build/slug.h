/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_SLUG_H
#define BENCH_BUILD_SLUG_H

#include <stddef.h>

#define CUT_NAME_MAX 32
#define CUT_NAME_SIZE (CUT_NAME_MAX + 1)

/*
 * Name a cut of a series after the subject of its last patch: "01-mm-balloon-add-events". Lower
 * case letters, digits and '-'; whole words as far as they fit. Number 0 is "00-base"; @total says
 * how many digits the number has; "PREFIX-" is before it unless @prefix is NULL. What stands in
 * brackets before the subject, as "[PATCH v2 1/5]", is left out: commits, patch files and mails of
 * the same series have the same names.
 */
void cut_slug(const char *prefix, size_t number, size_t total, const char *subject,
	      char name[CUT_NAME_SIZE]);

#endif
