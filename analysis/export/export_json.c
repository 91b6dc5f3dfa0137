/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/export/export.h"

#define SCHEMA_VERSION 1
/* All that a double holds, for a reader that counts on finding what was written. */
#define FLAGS (JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15))

int export_json(struct export *e)
{
	const char *comma = "";
	int i, err = 0;

	fprintf(e->out, "{\"schema_version\":%d,\n\"env\":", SCHEMA_VERSION);
	json_dumpf(e->tree->env, e->out, FLAGS);
	fputs(",\n\"plan\":", e->out);
	json_dumpf(e->tree->plan, e->out, FLAGS);
	fputs(",\n\"boots\":[", e->out);
	for (i = export_next(e, -1); !err && i >= 0; i = export_next(e, i)) {
		fprintf(e->out, "%s\n", comma);
		json_dumpf(json_array_get(e->tree->boots, i), e->out, FLAGS);
		comma = ",";
		err = export_check(e);
	}
	fputs("\n]}\n", e->out);
	return err ? err : export_check(e);
}
