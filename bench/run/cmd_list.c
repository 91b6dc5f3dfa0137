/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench list: what can be run.
 */
#include <argp.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "bench/run/commands.h"
#include "bench/config/paths.h"
#include "bench/config/scenario.h"
#include "bench/config/variant.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/units.h"

static const struct argp_option option_table[] = {
	{ "json", 'j', NULL, 0, "machine-readable", 0 },
	{ 0 },
};

static const char doc[] = "The scenarios and variants that `balloonbench run` knows."
			  "\v"
			  "EXAMPLES\n"
			  "  balloonbench list\n"
			  "  balloonbench list --json\n";

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	if (key == 'j')
		*(bool *)state->input = true;
	else if (key == ARGP_KEY_ARG)
		argp_error(state, "'%s' is one argument too many", arg);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static json_t *scenario_row(const struct scenario *s)
{
	char memory[32], inflate[32];

	format_bytes(s->memory_bytes, memory, sizeof(memory));
	format_bytes(s->inflate_bytes, inflate, sizeof(inflate));
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:s}", "name", s->name, "memory", memory,
			 "inflate", inflate, "state", prepared_state_name(s->state), "cycles",
			 (int)s->cycles, "description", s->description ? s->description : "");
}

static json_t *scenario_rows(char *err, size_t err_size)
{
	char **names = scenario_names(path_scenarios()), **name;
	json_t *rows = json_array();
	struct scenario scenario;

	for (name = names; name && *name; name++) {
		if (scenario_load(&scenario, *name, path_scenarios(), err, err_size)) {
			json_decref(rows);
			rows = NULL;
			break;
		}
		json_array_append_new(rows, scenario_row(&scenario));
		scenario_release(&scenario);
	}
	scenario_names_free(names);
	return rows;
}

static json_t *variant_rows(char *err, size_t err_size)
{
	struct variants variants;
	json_t *rows;
	size_t i;

	if (variants_load(&variants, path_variants(), err, err_size))
		return NULL;
	rows = json_array();
	for (i = 0; i < variants.count; i++) {
		const struct variant *v = &variants.list[i];

		json_array_append_new(rows,
				      json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", v->name, "cut",
						v->cut, "mover", method_name(v->method), "device",
						v->device ? v->device : "", "description",
						v->description ? v->description : ""));
	}
	variants_release(&variants);
	return rows;
}

static const char *text(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static void print_tables(const json_t *scenarios, const json_t *variants)
{
	const json_t *row;
	size_t i;

	printf("%-12s %-9s %-9s %-10s %6s  %s\n", "SCENARIO", "GUEST", "INFLATE", "STATE", "CYCLES",
	       "DESCRIPTION");
	json_array_foreach (scenarios, i, row)
		printf("%-12s %-9s %-9s %-10s %6d  %s\n", text(row, "name"), text(row, "memory"),
		       text(row, "inflate"), text(row, "state"),
		       (int)json_integer_value(json_object_get(row, "cycles")),
		       text(row, "description"));
	printf("\n%-12s %-12s %-20s %s\n", "VARIANT", "KERNEL CUT", "DEVICE", "DESCRIPTION");
	json_array_foreach (variants, i, row)
		printf("%-12s %-12s %-20s %s\n", text(row, "name"), text(row, "cut"),
		       *text(row, "device") ? text(row, "device") : "-", text(row, "description"));
}

int cmd_list(int argc, char **argv)
{
	static const struct argp argp = { option_table, parse_option, NULL, doc, NULL, NULL, NULL };
	json_t *scenarios, *variants = NULL;
	int status = EXIT_FINE;
	bool json = false;
	char err[1024];

	argp_parse(&argp, argc, argv, 0, NULL, &json);
	scenarios = scenario_rows(err, sizeof(err));
	if (scenarios)
		variants = variant_rows(err, sizeof(err));
	if (!variants) {
		log_error("%s", err);
		status = EXIT_USAGE;
	} else if (json) {
		json_t *all = json_pack("{s:O, s:O}", "scenarios", scenarios, "variants", variants);

		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(all);
	} else {
		print_tables(scenarios, variants);
	}
	json_decref(scenarios);
	json_decref(variants);
	return status;
}
