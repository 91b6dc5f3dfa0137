/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints the JSON Schema of result.json: lib/result.schema.json is its output.
 */
#include <stdio.h>

#include "lib/result.h"
#include "tests/helpers/record_schema.h"

int main(void)
{
	json_t *schema = record_schema(&boot_record);

	json_dumpf(schema, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(schema);
	return fflush(stdout) ? 1 : 0;
}
