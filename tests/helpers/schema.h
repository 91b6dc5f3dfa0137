/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_SCHEMA_H
#define TESTS_HELPERS_SCHEMA_H

/*
 * Check a result.json against lib/result.schema.json. The test fails with the
 * message of the validator, and is skipped if there is none.
 */
void assert_fits_schema(const char *path);

#endif
