/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * result-schema result|host|guest: print the JSON Schema of result.json, or of what balloontrace
 * host or guest prints. lib/result.schema.json, bpf/host.schema.json and bpf/guest.schema.json are
 * its output.
 */
#include <stdio.h>
#include <string.h>

#include "bpf/host_output.h"
#include "lib/result.h"
#include "tests/helpers/record_schema.h"

static const struct {
	const char *name;
	const struct record *record;
} schemas[] = {
	{ "result", &boot_record },
	{ "host", &host_summary_record },
	{ "guest", &guest_summary_record },
};

static const struct record *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
		if (!strcmp(schemas[i].name, name))
			return schemas[i].record;
	return NULL;
}

int main(int argc, char **argv)
{
	const struct record *record = argc == 2 ? find(argv[1]) : NULL;
	json_t *schema;

	if (!record)
		return 2;
	schema = record_schema(record);
	json_dumpf(schema, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(schema);
	return fflush(stdout) ? 1 : 0;
}
