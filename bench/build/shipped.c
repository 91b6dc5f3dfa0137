/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench build without a source: the shipped series, as `make all` builds it. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/build.h"
#include "bench/build/cache.h"
#include "bench/build/debian_source.h"
#include "bench/build/layout.h"
#include "bench/build/process.h"
#include "bench/build/registry.h"
#include "bench/config/arch.h"
#include "bench/config/images.h"
#include "bench/config/keys.h"
#include "bench/config/scenario.h"
#include "bench/config/suite.h"
#include "bench/config/variant.h"
#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/exit_status.h"
#include "lib/json_file.h"
#include "lib/log.h"
#include "lib/record.h"

#define PACKAGE "linux-source-6.12"
#define SERIES_VERSION "v1"

/* The kernels of one configuration. */
struct pass {
	char *config;		  /* its name; "": the lean one */
	char *cuts, *more_builds; /* that --suite runs with it, the latter as they are called; NULL:
				     all */
	unsigned int builds;
};

#define PASSES_MAX 8

/* What is built. */
struct shipped {
	struct build build;	      /* of the pass under way */
	struct build_options options; /* as for --series and --onto */
	struct pass passes[PASSES_MAX];
	size_t pass_count;
	char series[PATH_MAX];
	char *deb;	/* that the series is applied to; NULL: $KERNEL_SRC is */
	char *known;	/* file in the cache with the sections of these cuts; NULL: not kept */
	char *sections; /* [cut NAME] of each cut of the pass */
	char *all;	/* of all passes */
	char *qemu;	/* path */
	const char *images;
};

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static int find_series(struct shipped *s, char *err, size_t err_size)
{
	const char *told = variable("KERNEL_PATCHES");
	char *series;
	int status = 0;

	if (told)
		snprintf(s->series, sizeof(s->series), "%s", told);
	else
		data_path(".", "kernel-patches", s->series, sizeof(s->series));
	series = xasprintf("%s/series", s->series);
	if (access(series, R_OK) < 0)
		status = told ? refuse(err, err_size,
				       "cannot read %s; KERNEL_PATCHES must name a directory with "
				       "a quilt series",
				       series)
			      : refuse(err, err_size,
				       "cannot read %s: the shipped series is built in a checkout; "
				       "to build yours: balloonbench build --help",
				       series);
	free(series);
	s->options.series = s->series;
	return status;
}

static int find_source(struct shipped *s, char *err, size_t err_size)
{
	const char *own = variable("KERNEL_SRC");
	char *kbuild;
	int status;

	if (!own)
		return debian_source_fetch(PACKAGE, &s->deb, err, err_size);
	kbuild = xasprintf("%s/Kbuild", own);
	status = access(kbuild, R_OK) < 0
			 ? refuse(err, err_size,
				  "KERNEL_SRC=%s is not the source of a Linux kernel: it has no "
				  "Kbuild",
				  own)
			 : 0;
	free(kbuild);
	s->options.onto = own;
	return status;
}

/* The pass of a configuration, which may be new; NULL: there are too many. */
static struct pass *pass_of(struct shipped *s, const char *config)
{
	struct pass *pass = find_named(s->passes, s->pass_count, sizeof(*pass), config ?: "");

	if (!pass && s->pass_count < PASSES_MAX)
		pass = find_or_add_named(s->passes, &s->pass_count, sizeof(*pass), config ?: "");
	return pass;
}

static void add_name(char **names, const char *name, const char *suffix)
{
	char *before = *names;

	*names = xasprintf("%s%s%s%s%s", before ?: "", before ? " " : "", name, *suffix ? "-" : "",
			   suffix);
	free(before);
}

/* Add the cuts of a scenario's variants to the passes of their configurations, and its builds. */
static int add_scenario(struct shipped *s, const struct suite *suite, struct variants *variants,
			const struct scenario *scenario, char *err, size_t err_size)
{
	struct pass *pass;
	const unsigned int builds = suite_builds(suite, scenario->name);
	const struct variant *v;
	size_t i;

	for (i = 0; i < suite->variant_count; i++) {
		if (!suite_runs(suite, scenario->name, i, 1))
			continue;
		v = variants_find(variants, NULL, suite->variants[i], err, err_size);
		if (!v)
			return -EINVAL;
		pass = pass_of(s, variant_config(v, scenario));
		if (!pass)
			return refuse(err, err_size, "suite %s has more than %d configurations",
				      suite->name, PASSES_MAX - 1);
		add_name(&pass->cuts, v->cut, "");
		add_name(&pass->more_builds, v->cut, pass->config);
		if (!s->options.builds && pass->builds < builds)
			pass->builds = builds;
	}
	return 0;
}

static int add_suite(struct shipped *s, char *err, size_t err_size)
{
	struct variants variants;
	struct scenario scenario;
	struct suite suite;
	int status;
	size_t i;

	status = suite_load(&suite, s->options.suite, path_suites(), err, err_size);
	if (status)
		return status;
	status = variants_load(&variants, path_variants(), err, err_size);
	for (i = 0; !status && i < suite.scenario_count; i++) {
		status = scenario_load(&scenario, suite.scenarios[i], path_scenarios(), err,
				       err_size);
		if (!status)
			status = add_scenario(s, &suite, &variants, &scenario, err, err_size);
		scenario_release(&scenario);
	}
	variants_release(&variants);
	suite_release(&suite);
	return status;
}

/* The lean configuration first, then those of --config, then those of the suite. */
static int choose_passes(struct shipped *s, char *err, size_t err_size)
{
	const struct names *config = &s->options.config;
	int status = 0;
	size_t i;

	pass_of(s, NULL);
	for (i = 0; i < config->count; i++)
		if (is_config_name(config->list[i]) && !pass_of(s, config->list[i]))
			return refuse(err, err_size, "more than %d configurations", PASSES_MAX - 1);
	if (s->options.suite)
		status = add_suite(s, err, err_size);
	for (i = 0; s->options.builds && i < s->pass_count; i++)
		s->passes[i].builds = s->options.builds;
	return status;
}

/* The build of a pass: fragments that are paths belong to all of them. */
static void begin_pass(struct shipped *s, const struct pass *pass, struct build_options *options)
{
	const char *told = variable("KERNEL_CUTS");
	const struct names *config = &s->options.config;
	bool named = false;
	size_t i;

	*options = s->options;
	options->config.count = 0;
	for (i = 0; i < config->count; i++) {
		named |= !strcmp(config->list[i], pass->config);
		if (!is_config_name(config->list[i]))
			options->config.list[options->config.count++] = config->list[i];
	}
	if (*pass->config && options->config.count < NAMES_MAX)
		options->config.list[options->config.count++] = pass->config;
	s->build = (struct build){
		.options = options,
		.only = told,
		.as_it_lies = !s->deb,
		.source_text = s->deb ? debian_source_name(s->deb) : NULL,
		.builds = pass->builds,
		.more_builds = pass->more_builds,
	};
	/* A configuration of the suite's scenarios is built for the cuts that they boot. */
	if (!told && *pass->config && !named) {
		s->build.only = pass->cuts;
		s->build.only_known = true;
	}
}

/* A digest of each file of the series. */
static void print_digests(FILE *f, const char *directory)
{
	char digest[DIGEST_LENGTH + 1];
	glob_t found;
	size_t i;

	if (glob_below(directory, "/*", &found))
		return;
	for (i = 0; i < found.gl_pathc; i++)
		if (!digest_file(found.gl_pathv[i], digest))
			fprintf(f, "%s %s\n", digest, found.gl_pathv[i] + strlen(directory));
	globfree(&found);
}

/* A package has a name and a version: what was made of it is known without unpacking it. */
static int name_known(struct shipped *s, char *err, size_t err_size)
{
	const struct recipe *recipe = &s->build.recipe;
	char *text = NULL, key[KEY_LENGTH + 1];
	unsigned int layout;
	size_t size;
	FILE *f;

	if (!s->deb)
		return 0;
	f = xmemstream(&text, &size);
	fprintf(f, SERIES_VERSION " %s\n%s\n%s\n%s\n", s->build.source_text, s->build.only ?: "",
		recipe->config_sha256, recipe->compiler);
	if (s->build.config)
		fprintf(f, "%s\n", s->build.config);
	if (s->build.builds > 1)
		fprintf(f, "%s\n", s->build.more_builds ?: "");
	for (layout = 0; layout < s->build.builds; layout++)
		layout_print(f, layout);
	print_digests(f, s->series);
	fclose(f);
	digest_key(text, key);
	free(text);
	s->known = cache_path(err, err_size, "series/%s.ini", key);
	return s->known ? 0 : -EINVAL;
}

/* Whether each kernel is in the cache. */
static bool all_are_there(const char *sections)
{
	static const char image[] = "image = ";
	const char *line = sections, *next, *slash;
	bool there = true;
	char *entry;

	for (; there && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (!strncmp(line, image, strlen(image))) {
			line += strlen(image);
			slash = memrchr(line, '/', next - line) ?: next;
			entry = xasprintf("%.*s", (int)(slash - line), line);
			there = cache_has(entry);
			free(entry);
		}
		next += *next == '\n';
	}
	return there;
}

static bool are_known(struct shipped *s)
{
	size_t size;

	s->sections = s->known ? regular_file_read(s->known, 0, &size) : NULL;
	if (s->sections && all_are_there(s->sections))
		return true;
	free(s->sections);
	s->sections = NULL;
	return false;
}

static int build_kernels(struct shipped *s, struct build_options *options, char *err,
			 size_t err_size)
{
	char *repository = NULL;
	size_t size;
	int status = 0;

	if (s->deb) {
		status = debian_source_open(s->deb, &repository, err, err_size);
		options->onto = repository;
	}
	if (!status) {
		s->build.sections = xmemstream(&s->sections, &size);
		status = build_source_try(&patches_source, &s->build, err, err_size);
		fclose(s->build.sections);
	}
	if (!status && s->known)
		status = cache_write_text(s->known, s->sections, err, err_size);
	free(repository);
	return status;
}

/* $QEMU, or that of vm-images/build-qemu, which shows its progress. */
static int find_qemu(struct shipped *s, char *err, size_t err_size)
{
	const char *told = variable("QEMU");
	char script[PATH_MAX];
	const struct process build = {
		.argv = (const char *const[]){ data_path(".", "vm-images/build-qemu", script,
							 sizeof(script)),
					       NULL },
		.visible = true
	};
	const struct process which = {
		.argv = (const char *const[]){ "sh", "-c", "command -v \"$1\"", "sh", told, NULL }
	};
	int status = process_run(told ? &which : &build, &s->qemu);

	if (interrupted())
		return -EINTR;
	if (status || !s->qemu)
		return told ? refuse(err, err_size, "no QEMU at '%s'; set QEMU to the path of one",
				     told)
			    : refuse(err, err_size, "there is no QEMU to run, see above");
	s->qemu[strcspn(s->qemu, "\n")] = '\0';
	return 0;
}

/* That of make beside the program; that of a package, which is not for all machines. */
static char *find_initramfs(void)
{
	const char *told = variable("INITRAMFS");

	if (told)
		return xstrdup(told);
	return xasprintf("%s/%sinitramfs.cpio", program_directory(),
			 data_is_installed() ? "../lib/balloonbench/" : "");
}

/* Where the shell finds a program, to be freed; NULL: nowhere. */
static char *find_program(const char *name)
{
	const struct process which = {
		.argv = (const char *const[]){ "sh", "-c", "command -v \"$1\"", "sh", name, NULL }
	};
	char *path = NULL;

	if (process_run(&which, &path) || !path || *path != '/') {
		free(path);
		return NULL;
	}
	path[strcspn(path, "\n")] = '\0';
	return path;
}

/* The QEMUs of the machines that kernels were built for, "[qemu NAME]" once each, to be freed. */
static char *other_qemus(const struct shipped *s)
{
	const struct arch *arch, *last = NULL;
	char *text = NULL, *path;
	unsigned int i;
	size_t size;
	FILE *f = xmemstream(&text, &size);

	for (i = 0; (arch = arch_foreign(i)); i++) {
		if ((last && !strcmp(last->name, arch->name)) ||
		    !find_named(s->passes, s->pass_count, sizeof(*s->passes), arch->config))
			continue;
		last = arch;
		path = find_program(arch->emulator);
		if (path)
			fprintf(f, "[qemu %s]\npath = %s\n", arch->name, path);
		else
			log_warn("there is no %s to boot kernels of %s with; its package is "
				 "qemu-system-%s",
				 arch->emulator, arch->name,
				 strcmp(arch->name, "ppc64le") ? "arm" : "ppc");
		free(path);
	}
	fclose(f);
	return text;
}

static int write_images(const struct shipped *s, char *err, size_t err_size)
{
	char *text, *before, *initramfs = find_initramfs(), *others = other_qemus(s);
	size_t size;
	int status = 0;

	text = xasprintf("# Written by balloonbench build.\n"
			 "[initramfs]\npath = %s\n[qemu]\npath = %s\n%s%s",
			 initramfs, s->qemu, others, s->all ?: "");
	free(initramfs);
	free(others);
	before = regular_file_read(s->images, 0, &size);
	/* Unchanged, it keeps its time: make goes by that. */
	if (!before || strcmp(before, text) != 0)
		status = cache_write_text(s->images, text, err, err_size);
	free(text);
	free(before);
	return status;
}

static int make_pass(struct shipped *s, const struct pass *pass, char *err, size_t err_size)
{
	struct build_options options;
	char *before = s->all;
	int status;

	begin_pass(s, pass, &options);
	status = build_load_recipe(&s->build, err, err_size) ?: name_known(s, err, err_size);
	if (!status && !are_known(s))
		status = build_kernels(s, &options, err, err_size);
	if (!status) {
		s->all = xasprintf("%s%s", before ?: "", s->sections);
		free(before);
	}
	build_release(&s->build);
	free(s->known);
	free(s->sections);
	s->known = s->sections = NULL;
	return status;
}

static int make(struct shipped *s, char *err, size_t err_size)
{
	int status = choose_passes(s, err, err_size)
			     ?: find_series(s, err, err_size) ?: find_source(s, err, err_size);
	size_t i;

	for (i = 0; !status && i < s->pass_count; i++)
		status = make_pass(s, &s->passes[i], err, err_size);
	if (!status)
		status = find_qemu(s, err, err_size) ?: write_images(s, err, err_size);
	return status;
}

static void release(struct shipped *s)
{
	struct pass *pass = s->passes;

	for (; pass < s->passes + s->pass_count; pass++) {
		free(pass->config);
		free(pass->cuts);
		free(pass->more_builds);
	}
	free(s->deb);
	free(s->all);
	free(s->qemu);
}

int build_shipped(const struct build_options *options)
{
	struct shipped s = { .options = *options,
			     .images = options->images ?: path_images_to_write() };
	char err[4096] = "";
	int status;

	status = make(&s, err, sizeof(err)) ? build_fail(err) : EXIT_FINE;
	release(&s);
	return status;
}

int build_no_kernels(void)
{
	struct shipped s = { .images = path_images_to_write() };
	char err[4096] = "";
	int status = find_qemu(&s, err, sizeof(err)) ?: write_images(&s, err, sizeof(err));

	release(&s);
	return status ? build_fail(err) : EXIT_FINE;
}
