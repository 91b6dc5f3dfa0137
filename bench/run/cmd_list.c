/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench list: what can be run. */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/images.h"
#include "bench/config/scenario.h"
#include "bench/config/variant.h"
#include "bench/run/run.h"
#include "lib/alloc.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/units.h"

struct options {
	const char *variants_file;
	bool json;
};

#define OPTIONS struct options

static const struct option_row rows[] = {
	OPTION(STRING, variants_file, "variants", 0, "FILE",
	       "variants of your own, in the form of variants.ini", .hint = HINT_FILE),
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

/* Names that a cut has before its build is known to be another one. */
#define COMMIT_SHOWN 12
#define DATE_SHOWN 10

static const char *or_dash(const char *text)
{
	return text && *text ? text : "-";
}

static void list_variant(const struct variant *v, FILE *text, json_t *json)
{
	fprintf(text, "%-19s %-12s %-10s %-20s %s\n", v->name, v->cut, or_dash(v->qemu),
		or_dash(v->device), v->description ? v->description : "");
	json_array_append_new(
		json, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*, s:s*, s:s*, s:s*, s:s, s:s*}",
				"name", v->name, "cut", v->cut, "method", method_names[v->method],
				"device", v->device ? v->device : "", "description",
				v->description ? v->description : "", "qemu", v->qemu,
				"kernel_args", v->kernel_args, "config", v->config, "file", v->file,
				"policy", policy_names[v->policy], "program", v->program));
}

/* Those of the files, then each cut that no variant has the name of. */
static int list_variants(const struct images *images, const char *file, FILE *text, json_t *json)
{
	struct variants variants;
	const struct variant *v;
	size_t i;
	int status = load_variant_files(&variants, file);

	if (status)
		return status;
	fprintf(text, "\n%-19s %-12s %-10s %-20s %s\n", "VARIANT", "KERNEL CUT", "QEMU", "DEVICE",
		"DESCRIPTION");
	for (i = 0; i < variants.count; i++)
		list_variant(&variants.list[i], text, json);
	for (i = 0; i < images->cut_count; i++) {
		v = variants_named(&variants, images, images->cuts[i].name);
		if (!images->cuts[i].hidden && v->file == images->cuts[i].file)
			list_variant(v, text, json);
	}
	variants_release(&variants);
	return 0;
}

/* What one has to know of a cut before it is compared. */
static void put_notes(const struct image_cut *c, FILE *text)
{
	if (c->builds.count)
		fprintf(text, " [%zu builds]", c->builds.count + 1);
	if (c->dirty && !strcmp(c->dirty, "yes"))
		fputs(" [differs from its commit]", text);
	if (c->fuzz && strcmp(c->fuzz, "0"))
		fprintf(text, " [a patch applied with fuzz %s]", c->fuzz);
	if (c->trace_events && strcmp(c->trace_events, "yes"))
		fprintf(text, " [trace events: %s]", c->trace_events);
	if (c->hidden)
		fprintf(text, " [hidden by the shipped cut of this name: %s]", c->file);
}

/* The width of a column of cuts. */
static int widest(const struct images *images, size_t member)
{
	size_t width = 4, i;
	const char *text;

	for (i = 0; i < images->cut_count; i++) {
		text = *(char **)((char *)&images->cuts[i] + member);
		if (text && strlen(text) > width)
			width = strlen(text);
	}
	return (int)width;
}

static void list_cuts(const struct images *images, FILE *text, json_t *json)
{
	const int names = widest(images, offsetof(struct image_cut, name));
	const int sources = widest(images, offsetof(struct image_cut, source));
	const struct image_cut *c;
	json_t *item;
	size_t i;

	if (images->cut_count)
		fprintf(text, "\n%-*s %-*s %-12s %-10s %s\n", names, "CUT", sources, "FROM",
			"COMMIT", "DATE", "SUBJECT");
	for (i = 0; i < images->cut_count; i++) {
		c = &images->cuts[i];
		fprintf(text, "%-*s %-*s ", names, c->name, sources, c->source ? c->source : "-");
		fprintf(text, "%-12.*s ", c->commit ? COMMIT_SHOWN : -1,
			c->commit	? c->commit
			: c->message_id ? c->message_id
					: "-");
		fprintf(text, "%-10.*s ", DATE_SHOWN, or_dash(c->author_date));
		fprintf(text, "%s", c->subject ? c->subject : "-");
		put_notes(c, text);
		fputc('\n', text);
		item = record_encode(&image_cut_record, c);
		json_object_update_new(item, json_pack("{s:s, s:s, s:b}", "name", c->name, "file",
						       c->file, "hidden", c->hidden));
		json_array_append_new(json, item);
	}
}

static void list_qemus(const struct images *images, FILE *text, json_t *json)
{
	const struct image_qemu *q;
	char version[128];
	json_t *item;
	size_t i;

	if (images->qemu_count)
		fprintf(text, "\n%-12s %-26s %-12s %s\n", "QEMU", "VERSION", "COMMIT", "PATH");
	for (i = 0; i < images->qemu_count; i++) {
		q = &images->qemus[i];
		if (q->version)
			snprintf(version, sizeof(version), "%s", q->version);
		else
			qemu_version_line(q->path, version, sizeof(version));
		fprintf(text, "%-12s %-26s %-12.*s %s%s\n", q->name, or_dash(version), COMMIT_SHOWN,
			or_dash(q->commit), q->path,
			q->hidden ? " [hidden by the default QEMU]" : "");
		item = record_encode(&image_qemu_record, q);
		if (*version)
			json_object_set_new(item, "version", json_string(version));
		json_object_update_new(item, json_pack("{s:s, s:s, s:b}", "name", q->name, "file",
						       q->file, "hidden", q->hidden));
		json_array_append_new(json, item);
	}
}

static json_t *new_list(json_t *all, const char *name)
{
	json_t *list = json_array();

	json_object_set_new(all, name, list);
	return list;
}

/* All that there is, loaded before anything is printed. */
static int run(struct command_line *line)
{
	const struct options *o = line->options;
	struct images images = { .file = NULL };
	json_t *all = json_object();
	char err[1024], *text = NULL;
	size_t size;
	FILE *f = xmemstream(&text, &size);
	int status;

	if (list_scenarios(f, new_list(all, "scenarios"), err, sizeof(err)))
		status = fails(EXIT_USAGE, "%s", err);
	else
		status = load_images(&images, false)
				 ?: list_variants(&images, o->variants_file, f,
						  new_list(all, "variants"));
	if (!status) {
		list_cuts(&images, f, new_list(all, "cuts"));
		list_qemus(&images, f, new_list(all, "qemus"));
	}
	fclose(f);
	if (!status && o->json)
		json_dumpf(all, stdout, JSON_INDENT(2));
	printf("%s", status ? "" : o->json ? "\n" : text);
	json_decref(all);
	images_release(&images);
	free(text);
	return status;
}

const struct command list_command = {
	.name = "list",
	.purpose = "list scenarios, variants, kernels and QEMUs",
	.description = "List the scenarios and variants that `balloonbench run` knows, and the "
		       "kernels and QEMUs that were built or registered, with where they came "
		       "from. Each cut is a variant by its name; a variant of the files wins over "
		       "a cut of the same name.",
	.examples = "  balloonbench list\n"
		    "  balloonbench list --json\n",
	.exits = "0 listed\n"
		 "2 wrong usage, or a file of scenarios, variants or images is wrong\n"
		 "3 the output was not written",
	.rows = rows,
	.size = sizeof(struct options),
	.run = run,
};
