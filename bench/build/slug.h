/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_SLUG_H
#define BENCH_BUILD_SLUG_H

/* Size of the name of a cut, with its final NUL. */
#define CUT_NAME_SIZE 33

/*
 * Name a cut of a series after the subject of its last patch: "01-mm-balloon-add-events". Lower
 * case letters, digits and '-'; whole words as far as they fit. Number 0 is "00-base". What stands
 * in brackets before the subject, as "[PATCH v2 1/5]", is left out: commits, patch files and mails
 * of the same series have the same names.
 */
void cut_slug(unsigned int number, const char *subject, char name[CUT_NAME_SIZE]);

#endif
