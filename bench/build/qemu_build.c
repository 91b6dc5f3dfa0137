/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/qemu_build.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/build_progress.h"
#include "bench/build/cache.h"
#include "bench/build/compile.h"
#include "bench/build/process.h"
#include "bench/build/subprojects.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/json_file.h"
#include "lib/log.h"
#include "lib/run_program.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define KEY_VERSION "v2 qemu"
#define RECIPE "vm-images/config/qemu.build"
#define TARGET "qemu-system-x86_64"
/* In trees/ID: what_configures() of the tree that build/ was configured for. */
#define CONFIGURED "configured"
#define OPTIONS_MAX 40

static void add(char ***list, size_t *count, const char *item)
{
	*list = xreallocarray(*list, *count + 2, sizeof(**list));
	(*list)[(*count)++] = xstrdup(item);
	(*list)[*count] = NULL;
}

int qemu_recipe_load(struct qemu_recipe *r, char *err, size_t err_size)
{
	char path[PATH_MAX], *text, *rest, *line;
	size_t size, options = 0, firmware = 0, used;
	FILE *f;

	*r = (struct qemu_recipe){ .options = NULL };
	text = rest = regular_file_read(data_path(".", RECIPE, path, sizeof(path)), 0, &size);
	if (!text)
		return refuse(err, err_size, "cannot read %s: %s", path, strerror(errno));
	f = xmemstream(&r->text, &used);
	while ((line = strsep(&rest, "\n"))) {
		if (!strncmp(line, "--", 2))
			add(&r->options, &options, line);
		else if (*line == '/')
			add(&r->firmware, &firmware, line);
		else
			continue;
		fprintf(f, "%s\n", line);
	}
	fclose(f);
	free(text);
	if (!options || options > OPTIONS_MAX || !firmware)
		return refuse(err, err_size, "%s: expected options and firmware of a QEMU", path);
	if (program_first_line(ARGS("gcc", "--version"), r->compiler, sizeof(r->compiler)))
		return refuse(err, err_size, "no gcc to build QEMU with; make deps installs it");
	return 0;
}

static void release_list(char **list)
{
	char **item;

	for (item = list; item && *item; item++)
		free(*item);
	free(list);
}

void qemu_recipe_release(struct qemu_recipe *r)
{
	release_list(r->options);
	release_list(r->firmware);
	free(r->text);
	*r = (struct qemu_recipe){ .options = NULL };
}

int built_qemu_open(struct built_qemu *qemu, const struct qemu_recipe *recipe, const char *tree,
		    char *err, size_t err_size)
{
	char *inputs = xasprintf(KEY_VERSION " %s %s %s", tree, recipe->text, recipe->compiler);

	*qemu = (struct built_qemu){ .entry = NULL };
	digest_key(inputs, qemu->key);
	free(inputs);
	qemu->entry = cache_path(err, err_size, "qemu/%s", qemu->key);
	if (!qemu->entry)
		return -EINVAL;
	qemu->binary = xasprintf("%s/bin/" TARGET, qemu->entry);
	return 0;
}

void built_qemu_release(struct built_qemu *qemu)
{
	free(qemu->entry);
	free(qemu->binary);
	*qemu = (struct built_qemu){ .entry = NULL };
}

bool built_qemu_find(const struct built_qemu *qemu)
{
	return cache_has(qemu->entry);
}

/* A build while it runs. */
struct build {
	const struct qemu_recipe *recipe;
	const struct git *git;
	const struct source *source;
	const char *tree;
	char *path, *python; /* variables for meson; NULL: those of the system */
	char *err;
	size_t err_size;
};

/* "[12/1900] Compiling C object ..." */
static void count_objects(const char *line)
{
	size_t done, total;

	if (sscanf(line, "[%zu/%zu] ", &done, &total) == 2)
		build_progress_objects(done, total);
}

static int run(const struct build *b, const char *const *argv, const char *directory,
	       const char *log, const char *what)
{
	const char *const env[] = { "PYTHONDONTWRITEBYTECODE=1", b->path, b->python, NULL };
	const struct compile compile = { .git = b->git,
					 .argv = argv,
					 .env = env,
					 .directory = directory,
					 .log = log,
					 .what = what,
					 .progress = count_objects };

	return compile_run(&compile, b->err, b->err_size);
}

/*
 * git has a meson in python/wheels of QEMU, from 8.1 on; a distribution's source has not, and the
 * host's may be too old. Debian 13's runs everywhere.
 */
static int provide_meson(struct build *b)
{
	const char *root = b->git->root, *path = getenv("PATH");
	char script[PATH_MAX], *package = NULL, *to = xasprintf("%s/meson", root);
	const char *fetch[] = { data_path(".", "vm-images/fetch-source", script, sizeof(script)),
				"meson", NULL };
	int status;

	status = process_run(&(const struct process){ .argv = fetch }, &package);
	if (status == -EINTR || status == -ETIMEDOUT) {
		refuse(b->err, b->err_size, "interrupted");
		goto out;
	}
	if (status || !package || *package != '/') {
		status = refuse(b->err, b->err_size,
				"this source has no meson in python/wheels, and Debian's cannot be "
				"had: %s",
				process_error());
		goto out;
	}
	package[strcspn(package, "\n")] = '\0';
	status = compile_tool(ARGS("dpkg-deb", "-x", package, to), NULL, b->err, b->err_size);
	b->path = xasprintf("PATH=%s/usr/bin:%s", to, path ? path : "/usr/bin:/bin");
	b->python = xasprintf("PYTHONPATH=%s/usr/lib/python3/dist-packages", to);
out:
	free(package);
	free(to);
	return status;
}

/* A digest of what meson reads only when a build directory is made, to be freed; or NULL. */
static char *what_configures(const struct build *b)
{
	char *files = NULL, *digest;

	if (git_run(b->git, &files, "ls-tree", "-r", "--full-tree", b->tree, "--", "configure",
		    "meson.build", "meson_options.txt", "pythondeps.toml", "python/scripts",
		    "python/wheels", "scripts/meson-buildoptions.sh", "subprojects") ||
	    !files) {
		free(files);
		return NULL;
	}
	digest = xcalloc(1, DIGEST_LENGTH + 1);
	digest_text(files, digest);
	free(files);
	return digest;
}

/* Before 8.1 QEMU does not know --disable-download, and downloads nothing. */
static bool knows(const char *script, const char *option)
{
	return strcmp(option, "--disable-download") != 0 || (script && strstr(script, option));
}

static int configure(const struct build *b)
{
	const char *argv[OPTIONS_MAX + 2] = { "../src/configure" };
	char *script = tree_read(b->git, b->tree, "configure");
	char **option;
	size_t n = 1;
	int status;

	build_progress_step("configuring");
	status = cache_remove_tree(b->git->build, b->err, b->err_size);
	if (!status && make_directories(b->git->build))
		status = refuse(b->err, b->err_size, "cannot create %s: %s", b->git->build,
				strerror(errno));
	for (option = b->recipe->options; *option; option++)
		if (knows(script, *option))
			argv[n++] = *option;
	if (!status)
		status = run(b, argv, b->git->build, "configure.log", "configure QEMU");
	free(script);
	return status;
}

/* ninja sees by itself what a patch of meson.build files below changes. */
static int configure_once(const struct build *b)
{
	char *inputs = what_configures(b), *before = cache_read_line(b->git->root, CONFIGURED);
	char *path = xasprintf("%s/" CONFIGURED, b->git->root);
	char *ninja = xasprintf("%s/build.ninja", b->git->build);
	int status = 0;

	if (!inputs || !before || strcmp(before, inputs) != 0 || access(ninja, F_OK) < 0) {
		unlink(path);
		status = configure(b);
		if (!status && inputs)
			status = cache_write_line(b->git->root, CONFIGURED, inputs, b->err,
						  b->err_size);
	}
	free(inputs);
	free(before);
	free(path);
	free(ninja);
	return status;
}

static int compile(const struct build *b)
{
	char *jobs = xasprintf("-j%lu", compile_jobs());
	int status;

	build_progress_step("compiling");
	status = run(b, ARGS("ninja", "-C", b->git->build, jobs, TARGET), NULL, "ninja.log",
		     "build QEMU");
	free(jobs);
	return status;
}

static int fill_entry(const char *directory, const void *context, char *err, size_t err_size)
{
	const struct build *b = context;
	char *binary = xasprintf("%s/" TARGET, b->git->build);
	char *bin = xasprintf("%s/bin/", directory),
	     *share = xasprintf("%s/share/qemu/", directory);
	char **file;
	int status = 0;

	if (make_directories(bin) || make_directories(share))
		status = refuse(err, err_size, "cannot create %s: %s; free some space", share,
				strerror(errno));
	if (!status)
		status = compile_tool(ARGS("cp", "--", binary, bin), NULL, err, err_size);
	for (file = b->recipe->firmware; !status && *file; file++)
		status =
			access(*file, R_OK)
				? refuse(err, err_size, "no firmware %s; make deps installs it",
					 *file)
				: compile_tool(ARGS("cp", "--", *file, share), NULL, err, err_size);
	if (!status)
		status = cache_write_line(directory, "tree", b->git->id, err, err_size);
	free(binary);
	free(bin);
	free(share);
	return status;
}

/* Where it had submodules that are compiled, they are not in its commits. */
static int check_source(const struct build *b)
{
	char *modules;
	bool submodules;

	if (!tree_has(b->git, b->tree, "hw/virtio/virtio-balloon.c") ||
	    !tree_has(b->git, b->tree, "configure"))
		return refuse(b->err, b->err_size,
			      "it is not the source of QEMU: it has no configure or no "
			      "hw/virtio/virtio-balloon.c");
	modules = tree_read(b->git, b->tree, ".gitmodules");
	submodules = modules && strstr(modules, "keycodemapdb") &&
		     !tree_has(b->git, b->tree, "ui/keycodemapdb/README");
	free(modules);
	return submodules ? refuse(b->err, b->err_size,
				   "it is of before QEMU 8.1, whose submodules are not in its "
				   "commits; build it yourself, and register it by --qemu PATH")
			  : 0;
}

static int build(struct build *b, const struct built_qemu *qemu)
{
	int status;

	build_progress_step("checking out");
	status = tree_check_out(b->git, b->tree, b->err, b->err_size)
			 ?: subprojects_provide(b->git, b->source, b->tree, b->err, b->err_size);
	if (!status && !tree_has(b->git, b->tree, "python/wheels"))
		status = provide_meson(b);
	return status ?: configure_once(b)
		      ?: compile(b)
		      ?: cache_store("qemu", qemu->key, fill_entry, b, b->err, b->err_size);
}

int built_qemu_build(const struct built_qemu *qemu, const struct qemu_recipe *recipe,
		     const struct git *git, const struct source *source, const char *tree,
		     char *err, size_t err_size)
{
	struct build b = {
		.recipe = recipe, .git = git, .source = source, .tree = tree, .err_size = err_size
	};
	int status;

	b.err = err;
	status = check_source(&b) ?: compile_begin(git, ARGS("build"), err, err_size);
	if (status)
		return status;
	status = compile_end(git, build(&b, qemu));
	free(b.path);
	free(b.python);
	return status;
}
