/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_SCHEMA_H
#define TESTS_HELPERS_SCHEMA_H

/*
 * Whether a result.json is what lib/result.schema.json says: fails the test
 * with the validator's words, skips it where there is no validator.
 */
void assert_fits_schema(const char *path);

#endif
