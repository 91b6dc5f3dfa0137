/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_EXPECT_H
#define TESTS_HELPERS_EXPECT_H

#include <jansson.h>
#include <stddef.h>

#include "tests/helpers/program.h"

/* What a program said and how it ended, and the JSON that it wrote. */

/* The status, and what the output must say; the outcome is released. */
void expect_outcome(struct outcome outcome, int status, const char *says);

/* Element @i of the array @list, and how many it has. */
const json_t *item_of(const json_t *object, const char *list, size_t i);
size_t size_of(const json_t *object, const char *list);

/* A text, "(none)" where there is none. */
const char *text_of(const json_t *object, const char *key);

/* A number; the test fails where it is none. */
double number_of(const json_t *object, const char *key);

/* balloonstat export TREE, below the test's directory, and up to 29 words more. */
#define EXPORT(tree, ...) export_with(tree, (const char *const[]){ __VA_ARGS__, NULL })
struct outcome export_with(const char *tree, const char *const *more);

#endif
