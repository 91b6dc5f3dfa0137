/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/record_schema.h"

#include <string.h>

#include "lib/histogram.h"

static json_t *object_schema(const struct record *record, json_t *definitions);

static json_t *reference(const struct record *record, json_t *definitions)
{
	if (!json_object_get(definitions, record->name)) {
		json_object_set_new(definitions, record->name, json_null());
		json_object_set_new(definitions, record->name, object_schema(record, definitions));
	}
	return json_pack("{s:s+}", "$ref", "#/definitions/", record->name);
}

static json_t *choices_schema(const struct field *f)
{
	json_t *names = json_array();
	size_t i;

	for (i = 0; f->choices && f->choices[i]; i++)
		json_array_append_new(names, json_string(f->choices[i]));
	return json_pack("{s:o}", "enum", names);
}

static json_t *field_schema(const struct field *f, json_t *definitions);

static json_t *list_schema(const struct field *f, json_t *definitions)
{
	static const enum field_type items[] = {
		[FIELD_LIST] = FIELD_STRUCT,	  [FIELD_MAP] = FIELD_STRUCT,
		[FIELD_COUNTERS] = FIELD_INTEGER, [FIELD_NUMBERS] = FIELD_INTEGER,
		[FIELD_TEXTS] = FIELD_TEXT,	  [FIELD_PAIRS] = FIELD_PAIR,
	};
	const struct field item = { .type = items[f->type], .record = f->record };
	bool named = f->type == FIELD_MAP || f->type == FIELD_COUNTERS;

	return json_pack("{s:s, s:o}", "type", named ? "object" : "array",
			 named ? "additionalProperties" : "items",
			 field_schema(&item, definitions));
}

static json_t *field_schema(const struct field *f, json_t *definitions)
{
	static const struct record histogram_record = { .name = "histogram" };
	static const char *const types[] = {
		[FIELD_COUNT] = "integer", [FIELD_INTEGER] = "integer", [FIELD_REAL] = "number",
		[FIELD_BOOL] = "boolean",  [FIELD_TEXT] = "string",
	};

	if (f->type == FIELD_STRUCT)
		return reference(f->record, definitions);
	if (f->type == FIELD_HISTOGRAM)
		return reference(&histogram_record, definitions);
	if (f->type == FIELD_CHOICE)
		return choices_schema(f);
	if (f->type == FIELD_PAIR)
		return json_pack("{s:s, s:{s:s}, s:i, s:i}", "type", "array", "items", "type",
				 "integer", "minItems", 2, "maxItems", 2);
	if (f->type == FIELD_COUNT)
		return json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
	if (f->type >= FIELD_LIST)
		return list_schema(f, definitions);
	return json_pack("{s:s}", "type", types[f->type]);
}

static json_t *histogram_schema(void)
{
	static const struct field buckets = { .type = FIELD_PAIRS };

	return json_pack("{s:s, s:s, s:[s,s,s,s,s,s], s:{s:{s:i}, s:o}}", "type", "object",
			 "description",
			 "log-linear, lib/histogram_layout.h: [lowest value of the bucket, number]",
			 "required", "bits", "count", "sum", "min", "max", "buckets", "properties",
			 "bits", "const", HISTOGRAM_BITS, "buckets", field_schema(&buckets, NULL));
}

static json_t *object_schema(const struct record *record, json_t *definitions)
{
	json_t *properties, *required, *property, *schema;
	const struct field *f;

	if (!record->fields)
		return histogram_schema();
	properties = json_object();
	required = json_array();
	for (f = record->fields; f->name; f++) {
		if (!strcmp(f->name, "name"))
			continue;
		property = field_schema(f, definitions);
		/* Beside a reference draft 7 ignores what else there is. */
		if (f->doc && !json_object_get(property, "$ref"))
			json_object_set_new(property, "description", json_string(f->doc));
		json_object_set_new(properties, f->name, property);
		if (f->required)
			json_array_append_new(required, json_string(f->name));
	}
	schema = json_pack("{s:s, s:o}", "type", "object", "properties", properties);
	if (json_array_size(required))
		json_object_set(schema, "required", required);
	json_decref(required);
	if (record->doc)
		json_object_set_new(schema, "description", json_string(record->doc));
	return schema;
}

json_t *record_schema(const struct record *record)
{
	json_t *definitions = json_object(), *schema = object_schema(record, definitions);

	json_object_set_new(schema, "$schema",
			    json_string("http://json-schema.org/draft-07/schema#"));
	json_object_set_new(schema, "$comment",
			    json_string("SPDX-License-Identifier: GPL-2.0-or-later"));
	json_object_set_new(schema, "definitions", definitions);
	return schema;
}
