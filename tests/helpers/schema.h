/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_SCHEMA_H
#define TESTS_HELPERS_SCHEMA_H

/*
 * Check a result.json against lib/result.schema.json, or another file against a schema of the
 * sources. The test fails with the message of the validator, and is skipped if there is none.
 */
void assert_fits_schema(const char *path);
void assert_fits(const char *schema, const char *path);

#endif
