/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_RECORD_SCHEMA_H
#define TESTS_HELPERS_RECORD_SCHEMA_H

#include "lib/record.h"

/*
 * JSON Schema (draft 7) of a record, its nested records as definitions. New reference.
 * lib/result.schema.json is that of boot_record.
 */
json_t *record_schema(const struct record *record);

#endif
