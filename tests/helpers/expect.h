/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_EXPECT_H
#define TESTS_HELPERS_EXPECT_H

#include <jansson.h>
#include <stddef.h>

#include "tests/helpers/program.h"

/* The output and the exit status of programs, and the JSON that they write. */

/* Check the status, and that the output contains each of the texts; the outcome is released. */
#define expect_outcome(outcome, status, ...)                                                       \
	expect_outcome_with(outcome, status, (const char *const[]){ __VA_ARGS__, NULL })
void expect_outcome_with(struct outcome outcome, int status, const char *const *says);

/* Load a JSON file; the test fails if that is not possible. New reference. */
json_t *load_json(const char *path);

/* The value at a path, "inflate.phases.alloc_ns", or NULL. */
const json_t *json_at(const json_t *value, const char *path);

/* Element @i of the array @list, and how many it has. */
const json_t *item_of(const json_t *object, const char *list, size_t i);
size_t size_of(const json_t *object, const char *list);

/* A text, "(none)" if there is none. */
const char *text_of(const json_t *object, const char *key);

/* The number at a path; the test fails if there is none. */
double number_of(const json_t *object, const char *path);

/* balloonstat export TREE, below the test's directory, and up to 29 words more. */
#define EXPORT(tree, ...) export_with(tree, (const char *const[]){ __VA_ARGS__, NULL })
struct outcome export_with(const char *tree, const char *const *more);

#endif
