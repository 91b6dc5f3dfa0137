/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench list: what can be run. */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/config/images.h"
#include "bench/config/scenario.h"
#include "bench/config/variant.h"
#include "bench/run/run.h"
#include "lib/alloc.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/units.h"

struct options {
	bool json;
};

#define OPTIONS struct options

static const struct option_row rows[] = {
	OPTION(FLAG, json, "json", 'j', NULL, "print JSON"),
	{ 0 },
};

static int list_scenarios(FILE *text, json_t *json, char *err, size_t err_size)
{
	struct record_list names = scenario_names(path_scenarios());
	char **name = names.items, memory[32], inflate[32];
	const char *state, *description;
	struct scenario s;
	int status = 0;
	size_t i;

	fprintf(text, "%-12s %-9s %-9s %-10s %6s  %s\n", "SCENARIO", "GUEST", "INFLATE", "STATE",
		"CYCLES", "DESCRIPTION");
	for (i = 0; i < names.count; i++) {
		status = scenario_load(&s, name[i], path_scenarios(), err, err_size);
		if (status)
			break;
		format_bytes(s.memory_bytes, memory, sizeof(memory));
		format_bytes(s.inflate_bytes, inflate, sizeof(inflate));
		state = prepared_state_names[s.state];
		description = s.description ?: "";
		fprintf(text, "%-12s %-9s %-9s %-10s %6u  %s\n", s.name, memory, inflate, state,
			s.cycles, description);
		json_array_append_new(json, json_pack("{s:s, s:s, s:s, s:s, s:i, s:s}", "name",
						      s.name, "memory", memory, "inflate", inflate,
						      "state", state, "cycles", (int)s.cycles,
						      "description", description));
		scenario_release(&s);
	}
	record_release_texts(&names);
	return status;
}

static int list_variants(FILE *text, json_t *json, char *err, size_t err_size)
{
	const char *device, *description;
	struct variants variants;
	const struct variant *v;

	if (variants_load(&variants, path_variants(), err, err_size))
		return -EINVAL;
	fprintf(text, "\n%-12s %-12s %-20s %s\n", "VARIANT", "KERNEL CUT", "DEVICE", "DESCRIPTION");
	for (v = variants.list; v < variants.list + variants.count; v++) {
		device = v->device ?: "";
		description = v->description ?: "";
		fprintf(text, "%-12s %-12s %-20s %s\n", v->name, v->cut, *device ? device : "-",
			description);
		json_array_append_new(json,
				      json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", v->name, "cut",
						v->cut, "method", method_names[v->method], "device",
						device, "description", description));
	}
	variants_release(&variants);
	return 0;
}

/* All that there is, loaded before anything is printed. */
static int run(struct command_line *line)
{
	const struct options *o = line->options;
	json_t *scenarios = json_array(), *variants = json_array(), *all;
	char err[1024], *text = NULL;
	size_t size;
	FILE *f = xmemstream(&text, &size);
	int status;

	all = json_pack("{s:o, s:o}", "scenarios", scenarios, "variants", variants);
	status = list_scenarios(f, scenarios, err, sizeof(err));
	if (!status)
		status = list_variants(f, variants, err, sizeof(err));
	fclose(f);
	if (status)
		log_error("%s", err);
	else if (o->json)
		json_dumpf(all, stdout, JSON_INDENT(2));
	printf("%s", status ? "" : o->json ? "\n" : text);
	json_decref(all);
	free(text);
	return status ? EXIT_USAGE : EXIT_FINE;
}

const struct command list_command = {
	.name = "list",
	.purpose = "list scenarios and variants",
	.description = "List the scenarios and variants that `balloonbench run` knows.",
	.examples = "  balloonbench list\n"
		    "  balloonbench list --json\n",
	.exits = "0 listed\n"
		 "2 wrong usage, or a file of scenarios or variants is wrong\n"
		 "3 the output was not written",
	.rows = rows,
	.size = sizeof(struct options),
	.run = run,
};
