/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_EVERYWHERE_H
#define TESTS_HELPERS_EVERYWHERE_H

#include "analysis/write/write.h"

/* Write a document with @text in each place that shows text; there is no picture "gone". */
void write_everywhere(struct writer *w, const char *text);

#endif
