/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/kernel.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/build_progress.h"
#include "bench/build/cache.h"
#include "bench/build/compile.h"
#include "bench/build/layout.h"
#include "bench/build/tree.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/json_file.h"
#include "lib/log.h"
#include "lib/record.h"
#include "lib/run_program.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define KEY_VERSION "v2"
#define ARGS_MAX 32

/* Neither the place nor the time of the build is in the kernel. */
static const char *const make_settings[] = {
	"LOCALVERSION=-balloonbench",	  "KBUILD_BUILD_TIMESTAMP=1970-01-01",
	"KBUILD_BUILD_USER=balloonbench", "KBUILD_BUILD_HOST=balloonbench",
	"KBUILD_BUILD_VERSION=1",	  NULL,
};

static const char *const make_env[] = { "PYTHONDONTWRITEBYTECODE=1", NULL };

static void warn_of_variables(void)
{
	static const char *const unused[] = { "ARCH",	 "CROSS_COMPILE",     "CC",
					      "LLVM",	 "KCFLAGS",	      "KCPPFLAGS",
					      "KAFLAGS", "LOCALVERSION",      "KBUILD_OUTPUT",
					      "HOSTCC",	 "KCONFIG_ALLCONFIG", "INSTALL_MOD_PATH" };
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(unused) / sizeof(unused[0]); i++) {
		value = getenv(unused[i]);
		if (value && *value)
			log_warn("the variable %s=%s has no effect on the build", unused[i], value);
	}
}

static int find_compiler(struct recipe *recipe, char *err, size_t err_size)
{
	char *gcc = xasprintf("%sgcc", recipe->arch->cross);
	int status = 0;

	if (program_first_line(ARGS(gcc, "--version"), recipe->compiler, sizeof(recipe->compiler)))
		status = arch_is_foreign(recipe->arch)
				 ? refuse(err, err_size,
					  "no %s to build kernels of %s with; its package is "
					  "gcc-%.*s",
					  gcc, recipe->arch->name,
					  (int)strlen(recipe->arch->cross) - 1, recipe->arch->cross)
				 : refuse(err, err_size,
					  "no gcc to build kernels with; make deps installs it");
	free(gcc);
	return status;
}

int recipe_load(struct recipe *recipe, const struct arch *arch, const char *const *fragments,
		char *err, size_t err_size)
{
	char path[PATH_MAX], *text;
	int status;

	*recipe = (struct recipe){ .arch = arch };
	warn_of_variables();
	data_path(".", "vm-images/config/base.config", path, sizeof(path));
	status = wanted_load(&recipe->wanted, path, err, err_size);
	for (; !status && *fragments; fragments++)
		status = wanted_load(&recipe->wanted, *fragments, err, err_size);
	if (status)
		return status;
	text = wanted_text(&recipe->wanted);
	digest_text(text, recipe->config_sha256);
	free(text);
	return find_compiler(recipe, err, err_size);
}

void recipe_release(struct recipe *recipe)
{
	wanted_release(&recipe->wanted);
}

int kernel_open(struct kernel *kernel, const struct recipe *recipe, const char *tree,
		unsigned int layout, char *err, size_t err_size)
{
	char *inputs = NULL;
	size_t size;
	FILE *f = xmemstream(&inputs, &size);

	*kernel = (struct kernel){ .layout = layout };
	fprintf(f, KEY_VERSION " %s %s %s", tree, recipe->config_sha256, recipe->compiler);
	layout_print(f, layout);
	fclose(f);
	digest_key(inputs, kernel->key);
	free(inputs);
	kernel->entry = cache_path(err, err_size, "kernels/%s", kernel->key);
	if (!kernel->entry)
		return -EINVAL;
	kernel->image = xasprintf("%s/%s", kernel->entry, recipe->arch->image);
	return 0;
}

void kernel_release(struct kernel *kernel)
{
	free(kernel->entry);
	free(kernel->image);
	free(kernel->release);
	free(kernel->build_id);
	*kernel = (struct kernel){ .entry = NULL };
}

bool kernel_find(struct kernel *kernel)
{
	if (!cache_has(kernel->entry))
		return false;
	free(kernel->release);
	free(kernel->build_id);
	kernel->release = cache_read_line(kernel->entry, "release");
	kernel->build_id = cache_read_line(kernel->entry, "build_id");
	return kernel->release != NULL;
}

static void count_object(const char *line)
{
	if (!strncmp(line, "  CC ", 5) || !strncmp(line, "  AS ", 5))
		build_progress_object();
}

/* Run make for the source; its output replaces the log trees/ID/LOG. */
static int run_make(const struct arch *arch, const struct git *git, const char *directory,
		    const char *log_name, const char *const *targets, const char *what, char *err,
		    size_t err_size)
{
	char *output_directory = xasprintf("O=%s/%s", git->root, directory);
	char *kernel_arch = xasprintf("ARCH=%s", arch->kernel ?: "");
	char *cross = xasprintf("CROSS_COMPILE=%s", arch->cross);
	char *parallel = xasprintf("-j%lu", compile_jobs());
	const char *argv[ARGS_MAX + 1] = { "make", "-C", git->src, output_directory, parallel };
	const struct compile make = { .git = git,
				      .argv = argv,
				      .env = make_env,
				      .log = log_name,
				      .what = what,
				      .progress = count_object };
	const char *const *word;
	size_t n = 5;
	int status;

	for (word = make_settings; *word; word++)
		argv[n++] = *word;
	if (arch->kernel) {
		argv[n++] = kernel_arch;
		argv[n++] = cross;
	}
	for (; *targets && n < ARGS_MAX; targets++)
		argv[n++] = *targets;
	status = compile_run(&make, err, err_size);
	free(kernel_arch);
	free(cross);
	free(output_directory);
	free(parallel);
	return status;
}

static char *read_text(const struct git *git, const char *name)
{
	char *path = xasprintf("%s/%s", git->root, name), *text;
	size_t size;

	text = regular_file_read(path, 0, &size);
	free(path);
	return text;
}

static int write_text(const struct git *git, const char *name, const char *text, char *err,
		      size_t err_size)
{
	char *path = xasprintf("%s/%s", git->root, name);
	int status = cache_write_text(path, text, err, err_size);

	free(path);
	return status;
}

#define CONFIGURE "configure"
#define CONFIGURE_CONFIG CONFIGURE "/.config"

/* What olddefconfig makes of the chosen settings, to be freed; NULL after a message. */
static int try_settings(const struct recipe *recipe, const struct git *git, const char *tiny,
			char **config, char *err, size_t err_size)
{
	char *merged = wanted_merge(&recipe->wanted, tiny);
	int status = write_text(git, CONFIGURE_CONFIG, merged, err, err_size);

	free(merged);
	if (!status)
		status = run_make(recipe->arch, git, CONFIGURE, "configure.log",
				  ARGS("-s", "olddefconfig"), "configure the kernel", err,
				  err_size);
	if (status)
		return status;
	free(*config);
	*config = read_text(git, CONFIGURE_CONFIG);
	return *config ? 0
		       : refuse(err, err_size, "make olddefconfig left no .config in %s/" CONFIGURE,
				git->root);
}

static int check_config(const struct recipe *recipe, const char *config, char *err, size_t err_size)
{
	char *missing = wanted_missing(&recipe->wanted, config, true);

	if (missing)
		log_debug("this kernel does not have: %s", missing);
	free(missing);
	missing = wanted_missing(&recipe->wanted, config, false);
	if (!missing)
		return 0;
	refuse(err, err_size,
	       "the kernel rejects this configuration: %s; change it by --config FRAGMENT",
	       missing);
	free(missing);
	return -EINVAL;
}

/* The build directory is not touched where its .config would be the same. */
static int use_config(const struct git *git, const char *config, char *err, size_t err_size)
{
	char *before = read_text(git, "build/.config");
	int status = 0;

	if (!before || strcmp(before, config) != 0)
		status = make_directories(git->build)
				 ? refuse(err, err_size, "cannot create %s: %s", git->build,
					  strerror(errno))
				 : write_text(git, "build/.config", config, err, err_size);
	free(before);
	return status;
}

/* In trees/ID: what_configures() of the tree that build/.config is of. */
#define CONFIGURED "configured"

static bool has_suffix(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);

	return n >= m && !strcmp(path + n - m, suffix);
}

/* C is compiled, not configured, but for the programs of scripts/. */
static bool may_configure(const char *path)
{
	return !strncmp(path, "scripts/", strlen("scripts/")) ||
	       (!has_suffix(path, ".c") && !has_suffix(path, ".h") && !has_suffix(path, ".S"));
}

/* A digest of all files of a tree that its configuration may depend on, to be freed; or NULL. */
static char *what_configures(const struct git *git, const char *tree)
{
	char *files = NULL, *text = NULL, *line, *rest, *path;
	size_t size;
	FILE *f;

	if (git_run(git, &files, "ls-tree", "-r", "--full-tree", tree) || !files) {
		free(files);
		return NULL;
	}
	f = xmemstream(&text, &size);
	for (rest = files; (line = strsep(&rest, "\n"));) {
		path = strchr(line, '\t');
		if (path && may_configure(path + 1))
			fprintf(f, "%s\n", line);
	}
	fclose(f);
	free(files);
	line = xcalloc(1, DIGEST_LENGTH + 1);
	digest_text(text, line);
	free(text);
	return line;
}

/* Whether build/.config is what configure() would make: most patches change C only. */
static bool is_configured(const struct git *git, const char *inputs)
{
	char *before = cache_read_line(git->root, CONFIGURED);
	char *config = xasprintf("%s/.config", git->build);
	bool is = inputs && before && !strcmp(before, inputs) && !access(config, F_OK);

	free(before);
	free(config);
	return is;
}

/*
 * Beside the build, from nothing: what a tree is configured to must not depend on the tree that was
 * built before.
 */
static int configure(struct recipe *recipe, const struct git *git, char *err, size_t err_size)
{
	char *directory = xasprintf("%s/" CONFIGURE, git->root), *tiny = NULL, *config = NULL;
	int status = make_directories(directory);

	build_progress_step("configuring");
	if (status)
		refuse(err, err_size, "cannot create %s: %s", directory, strerror(-status));
	else
		status = run_make(recipe->arch, git, CONFIGURE, "configure.log",
				  ARGS("-s", "tinyconfig"), "configure the kernel", err, err_size);
	if (status)
		goto out;
	tiny = read_text(git, CONFIGURE_CONFIG);
	if (!tiny)
		status = refuse(err, err_size, "make tinyconfig left no .config in %s", directory);
	wanted_restart(&recipe->wanted);
	while (!status) {
		status = try_settings(recipe, git, tiny, &config, err, err_size);
		if (status || !wanted_choose(&recipe->wanted, config))
			break;
	}
	if (!status)
		status = check_config(recipe, config, err, err_size);
	if (!status)
		status = use_config(git, config, err, err_size);
out:
	free(directory);
	free(tiny);
	free(config);
	return status;
}

/* The hex digits of the note, to be freed; NULL: there is none. */
static char *read_build_id(const char *vmlinux)
{
	static const char label[] = "Build ID: ";
	char *output = NULL, *id = NULL, *at, err[256];

	if (!compile_tool(ARGS("readelf", "-n", "-W", vmlinux), &output, err, sizeof(err)) &&
	    output) {
		at = strstr(output, label);
		if (at) {
			at += strlen(label);
			id = xasprintf("%.*s", (int)strspn(at, "0123456789abcdef"), at);
		}
	}
	free(output);
	return id;
}

/* What was built, where. */
struct built {
	const struct arch *arch;
	const struct git *git;
};

/* Without debug information, which is large; BTF stays. An image that is no ELF has neither. */
static int keep_image(const struct built *built, const char *directory, char *err, size_t err_size)
{
	const struct arch *arch = built->arch;
	char *from = xasprintf("%s/%s", built->git->build, arch->built);
	char *to = xasprintf("%s/%s", directory, arch->image);
	char *objcopy = xasprintf("%sobjcopy", arch->cross);
	int status = strcmp(arch->image, "vmlinux")
			     ? compile_tool(ARGS("cp", from, to), NULL, err, err_size)
			     : compile_tool(ARGS(objcopy, "--strip-debug", from, to), NULL, err,
					    err_size);

	free(from);
	free(to);
	free(objcopy);
	return status;
}

static int fill_entry(const char *directory, const void *context, char *err, size_t err_size)
{
	const struct built *built = context;
	const struct git *git = built->git;
	char *vmlinux = xasprintf("%s/vmlinux", git->build);
	char *config_from = xasprintf("%s/.config", git->build);
	char *config_to = xasprintf("%s/config", directory);
	char *release = cache_read_line(git->build, "include/config/kernel.release");
	char *build_id = read_build_id(vmlinux);
	int status = keep_image(built, directory, err, err_size);

	if (!status)
		status = compile_tool(ARGS("cp", config_from, config_to), NULL, err, err_size);
	if (!status && !release)
		status = refuse(err, err_size, "the build in %s has no kernel.release", git->build);
	if (!status)
		status = cache_write_line(directory, "release", release, err, err_size);
	if (!status && build_id)
		status = cache_write_line(directory, "build_id", build_id, err, err_size);
	if (!status)
		status = cache_write_line(directory, "tree", git->id, err, err_size);
	free(vmlinux);
	free(config_from);
	free(config_to);
	free(release);
	free(build_id);
	return status;
}

static int configure_once(struct recipe *recipe, const struct git *git, const char *tree, char *err,
			  size_t err_size)
{
	char *inputs = what_configures(git, tree), *path = xasprintf("%s/" CONFIGURED, git->root);
	int status = 0;

	if (!is_configured(git, inputs)) {
		unlink(path);
		status = configure(recipe, git, err, err_size);
		if (!status && inputs)
			status = cache_write_line(git->root, CONFIGURED, inputs, err, err_size);
	}
	free(inputs);
	free(path);
	return status;
}

/* Other layouts than the plain one compile only the objects that have a pad in one of the two. */
static int make_kernel(const struct kernel *kernel, const struct arch *arch, const struct git *git,
		       char *err, size_t err_size)
{
	const char *targets[LAYOUT_OBJECTS + 2] = { arch->target };
	char *variables[LAYOUT_OBJECTS] = { NULL };
	int status = 0;
	size_t i;

	if (kernel->layout)
		status = write_text(git, "build/" LAYOUT_HEADER, layout_header, err, err_size);
	for (i = 0; kernel->layout && i < LAYOUT_OBJECTS; i++)
		targets[i + 1] = variables[i] = layout_variable(kernel->layout, i);
	if (!status)
		status = run_make(arch, git, "build", "make.log", targets, "build the kernel", err,
				  err_size);
	for (i = 0; i < LAYOUT_OBJECTS; i++)
		free(variables[i]);
	return status;
}

static int build(struct kernel *kernel, struct recipe *recipe, const struct git *git,
		 const char *tree, char *err, size_t err_size)
{
	const struct built built = { recipe->arch, git };
	int status;

	build_progress_step("checking out");
	status = tree_check_out(git, tree, err, err_size);
	if (!status)
		status = configure_once(recipe, git, tree, err, err_size);
	if (!status)
		build_progress_step("compiling");
	if (!status)
		status = make_kernel(kernel, recipe->arch, git, err, err_size);
	return status ?: cache_store("kernels", kernel->key, fill_entry, &built, err, err_size);
}

int kernel_build(struct kernel *kernel, struct recipe *recipe, const struct git *git,
		 const char *tree, char *err, size_t err_size)
{
	int status;

	if (!tree_has(git, tree, "Kbuild"))
		return refuse(err, err_size,
			      "it is not the source of a Linux kernel: it has no Kbuild");
	status = compile_begin(git, ARGS("build", CONFIGURE), err, err_size);
	if (status)
		return status;
	status = compile_end(git, build(kernel, recipe, git, tree, err, err_size));
	if (status)
		return status;
	return kernel_find(kernel) ? 0
				   : refuse(err, err_size, "cannot read %s again", kernel->entry);
}
