/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/build.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/build_progress.h"
#include "bench/build/cache.h"
#include "bench/build/registry.h"
#include "bench/build/trace_events.h"
#include "bench/config/arch.h"
#include "bench/config/images.h"
#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/exit_status.h"
#include "lib/log.h"

int build_fail(const char *err)
{
	build_progress_end();
	if (interrupted()) {
		log_info("interrupted; the same command goes on where this one stopped");
		return EXIT_INTERRUPTED;
	}
	log_error("%s", err);
	return EXIT_ENVIRONMENT;
}

/* The file of a configuration of ours; a path is that. NULL after a message. */
static const char *fragment_of(struct build *build, const char *told, char path[PATH_MAX],
			       char *err, size_t err_size)
{
	char file[NAME_MAX];

	if (!is_config_name(told))
		return told;
	snprintf(file, sizeof(file), "vm-images/config/%s.config", told);
	data_path(".", file, path, PATH_MAX);
	if (access(path, R_OK)) {
		refuse(err, err_size,
		       "--config %s: there is no configuration of that name; there are: distro, "
		       "drivers, host, and those of --arch; a file of your own needs a path, as "
		       "./%s",
		       told, told);
		return NULL;
	}
	if (build->config && strcmp(build->config, told)) {
		refuse(err, err_size,
		       "--config %s and --config %s are two builds; run them one after the other",
		       build->config, told);
		return NULL;
	}
	build->config = told;
	return path;
}

int build_load_recipe(struct build *build, char *err, size_t err_size)
{
	const struct names *config = &build->options->config;
	const char *fragments[NAMES_MAX + 2] = { NULL };
	char debug[PATH_MAX], named[PATH_MAX];
	size_t i, n = 0;

	if (*build->recipe.compiler)
		return 0;
	if (build->options->debug)
		fragments[n++] =
			data_path(".", "vm-images/config/debug.config", debug, sizeof(debug));
	for (i = 0; i < config->count; i++) {
		fragments[n] = fragment_of(build, config->list[i], named, err, err_size);
		if (!fragments[n++])
			return -EINVAL;
	}
	return recipe_load(&build->recipe, arch_of_config(build->config), fragments, err, err_size);
}

/* A tree of the cache for each source, configuration and compiler: builds in it are incremental. */
static int open_tree(const struct build_source *kind, struct build *build, char *err,
		     size_t err_size)
{
	char *directory = kind->directory(build->options), *inputs;
	char id[KEY_LENGTH + 1];
	int status;

	status = source_open(&build->source, directory, err, err_size);
	free(directory);
	if (status)
		return status;
	inputs = xasprintf("%s %s %s %s", build->source.path, build->source.format,
			   build->recipe.config_sha256, build->recipe.compiler);
	digest_key(inputs, id);
	free(inputs);
	return git_open(&build->git, id, build->source.format, err, err_size);
}

/* Said once for all cuts that have the same reason. */
static void say_missing_events(const struct cut *cut, const struct cut *before)
{
	if (!strncmp(cut->trace_events, "yes", 3) ||
	    (before && !strcmp(before->trace_events, cut->trace_events)))
		return;
	log_warn("cut %s has no trace events: %s; it is traced by its functions", cut->name,
		 cut->trace_events + strlen("no: "));
}

/* The events cost a little even when they are off. */
static void say_mixed_events(const struct cut_list *cuts)
{
	size_t i, with = 0;

	for (i = 0; i < cuts->count; i++)
		with += !strncmp(cuts->items[i].trace_events, "yes", 3);
	if (with && with < cuts->count)
		log_warn("%zu of %zu cuts have trace events: small differences between those and "
			 "the others may come from them",
			 with, cuts->count);
}

static int add_trace_events(struct build *build, char *err, size_t err_size)
{
	struct trace_events_base base = { .without = NULL };
	struct cut_list *cuts = &build->cuts;
	int status = 0;
	size_t i;

	for (i = 0; !status && i < cuts->count; i++) {
		status = trace_events_add(&build->git, &cuts->items[i], &base, err, err_size);
		if (!status)
			say_missing_events(&cuts->items[i], i ? &cuts->items[i - 1] : NULL);
	}
	if (!status)
		say_mixed_events(cuts);
	trace_events_release(&base);
	return status;
}

/* How many kernels a cut gets. */
static unsigned int builds_of(const struct build *build, const struct cut *cut)
{
	if (!build->builds || (build->more_builds && !name_is_in(cut->name, build->more_builds)))
		return 1;
	return build->builds;
}

/* The kernels of a cut, of which there is room for build->builds. */
static struct kernel *kernels_of(const struct build *build, struct kernel *kernels, size_t cut)
{
	return kernels + cut * (build->builds ?: 1);
}

/* The sections [build CUT/N] of the layouts. */
static void print_layouts(const struct build *build, const struct cut *cut,
			  const struct kernel *kernels, FILE *f)
{
	const struct kernel *kernel = kernels + 1;
	char *name;

	for (; kernel < kernels + builds_of(build, cut); kernel++) {
		name = xasprintf("%s/%u", cut->name, kernel->layout);
		registry_print(f, "build", name,
			       (const struct registry_value[]){ { "image", kernel->image },
								{ "release", kernel->release },
								{ "build_id", kernel->build_id },
								{ "key", kernel->key },
								{ NULL, NULL } });
		free(name);
	}
}

static int register_cut(const struct build *build, const struct cut *cut,
			const struct kernel *kernel, char *err, size_t err_size)
{
	char *layouts = NULL;
	size_t size;
	FILE *f;
	int status;
	char digest[DIGEST_LENGTH + 1];
	const struct registry_value values[] = {
		{ "image", kernel->image },
		{ "release", kernel->release },
		{ "build_id", kernel->build_id },
		{ "key", kernel->key },
		{ "config", build->config },
		{ "source", build->source_text },
		{ "commit", cut->commit },
		{ "message_id", cut->message_id },
		{ "subject", cut->subject },
		{ "author_date", cut->author_date },
		{ "dirty", cut->dirty ? "yes" : NULL },
		{ "fuzz", cut->fuzz },
		{ "trace_events", cut->trace_events },
		{ "config_sha256", build->recipe.config_sha256 },
		{ "compiler", build->recipe.compiler },
		{ "patches_sha256", digest },
		{ "built_from", build->built_from },
		{ NULL, NULL },
	};

	digest_text(cut->tree, digest);
	if (build->sections) {
		registry_print(build->sections, "cut", cut->name, values);
		print_layouts(build, cut, kernel, build->sections);
		return 0;
	}
	f = xmemstream(&layouts, &size);
	print_layouts(build, cut, kernel, f);
	fclose(f);
	status = registry_write("cut", cut->name, values, layouts, err, err_size);
	free(layouts);
	return status;
}

static int build_kernel(struct build *build, const struct cut *cut, struct kernel *kernel,
			char *err, size_t err_size)
{
	char reason[2048], *name;
	int status;

	if (kernel_find(kernel))
		return 0;
	name = kernel->layout ? xasprintf("%s layout %u", cut->name, kernel->layout)
			      : xstrdup(cut->name);
	build_progress_kernel(name, access(build->git.build, F_OK) < 0);
	status = kernel_build(kernel, &build->recipe, &build->git, cut->tree, reason,
			      sizeof(reason));
	if (status)
		refuse(err, err_size, "cut %s%s%.12s: %s", name, cut->commit ? ", commit " : "",
		       cut->commit ?: "", reason);
	else
		build_progress_done();
	free(name);
	return status;
}

/* Build what is missing, and register each cut as soon as it has its kernels. */
static int build_cuts(struct build *build, struct kernel *kernels, char *err, size_t err_size)
{
	struct cut *cut = build->cuts.items;
	struct kernel *of;
	unsigned int layout;
	int status = 0;
	size_t i;

	for (i = 0; !status && i < build->cuts.count; i++, cut++) {
		of = kernels_of(build, kernels, i);
		for (layout = 0; !status && layout < builds_of(build, cut); layout++)
			status = build_kernel(build, cut, &of[layout], err, err_size);
		if (!status)
			status = register_cut(build, cut, of, err, err_size);
	}
	return status;
}

static int open_kernels(const struct build *build, struct kernel *kernels, size_t *missing,
			char *err, size_t err_size)
{
	const struct cut *cut = build->cuts.items, *end = cut + build->cuts.count;
	struct kernel *kernel;
	unsigned int layout;
	int status = 0;

	for (; !status && cut < end; cut++, kernels += build->builds ?: 1) {
		kernel = kernels;
		for (layout = 0; !status && layout < builds_of(build, cut); layout++, kernel++) {
			status = kernel_open(kernel, &build->recipe, cut->tree, layout, err,
					     err_size);
			if (!status)
				*missing += !kernel_find(kernel);
		}
	}
	return status;
}

static void list_cuts(const struct build *build, struct kernel *kernels)
{
	const struct cut *const cuts = build->cuts.items;
	size_t i;

	printf("%-*s %-32s %s\n", CUT_NAME_MAX, "CUT", "KERNEL", "SUBJECT");
	for (i = 0; i < build->cuts.count; i++)
		printf("%-*s %-32s %s%s\n", CUT_NAME_MAX, cuts[i].name,
		       kernels_of(build, kernels, i)->release, cuts[i].subject ?: "",
		       cuts[i].dirty ? " (and what is not committed)" : "");
	printf("\nto run:     balloonbench run --scenario smoke");
	for (i = 0; i < build->cuts.count; i++)
		printf(" --variant %s", cuts[i].name);
	printf("\nto remove:  balloonbench build");
	for (i = 0; i < build->cuts.count; i++)
		printf(" --remove %s", cuts[i].name);
	putchar('\n');
}

/* Kernels of one cut in two configurations are two cuts. */
static void name_config(struct build *build)
{
	struct cut *cut = build->cuts.items;
	char *name;

	for (; build->config && cut < build->cuts.items + build->cuts.count; cut++) {
		name = xasprintf("%s-%s", cut->name, build->config);
		free(cut->name);
		cut->name = name;
	}
}

static int collect(const struct build_source *kind, struct build *build, char *err, size_t err_size)
{
	int status =
		build_load_recipe(build, err, err_size) ?: open_tree(kind, build, err, err_size);

	if (!status)
		status = kind->collect(build, err, err_size);
	if (!status && !kind->keeps_names)
		name_config(build);
	return status || build->sections ? status : add_trace_events(build, err, err_size);
}

void build_release(struct build *build)
{
	recipe_release(&build->recipe);
	source_release(&build->source);
	git_close(&build->git);
	cuts_release(&build->cuts);
	free(build->source_text);
	free(build->built_from);
}

int build_source_try(const struct build_source *kind, struct build *build, char *err,
		     size_t err_size)
{
	struct kernel *kernels = NULL;
	size_t missing = 0, count = 0, i;
	int lock = cache_lock("trees", err, err_size), status = lock < 0 ? lock : 0;

	if (!status)
		status = cache_remove_unfinished("kernels", err, err_size);
	if (!status)
		status = collect(kind, build, err, err_size);
	if (!status) {
		count = build->cuts.count * (build->builds ?: 1);
		kernels = xcalloc(count, sizeof(*kernels));
		status = open_kernels(build, kernels, &missing, err, err_size);
	}
	if (!status) {
		build_progress_begin(missing, build->options->quiet);
		status = build_cuts(build, kernels, err, err_size);
	}
	if (!status && !build->in_series && !build->sections)
		list_cuts(build, kernels);
	for (i = 0; i < count; i++)
		kernel_release(&kernels[i]);
	free(kernels);
	if (lock >= 0)
		close(lock);
	return status;
}

int build_source_run(const struct build_source *kind, struct build *build)
{
	char err[4096] = "";

	return build_source_try(kind, build, err, sizeof(err)) ? build_fail(err) : EXIT_FINE;
}
