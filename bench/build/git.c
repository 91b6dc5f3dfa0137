/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/git.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "bench/build/cache.h"
#include "bench/build/process.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/log.h"

#define ARGS_MAX 64
#define ENV_MAX 24
/* In bytes; a build needs more than that. */
#define DISK_IS_FULL (1 << 20)

/* Settings of the private directory: what is in the tree, byte by byte, and nothing else. */
static const char *const private_settings[] = {
	"core.hooksPath=/dev/null",
	"core.excludesFile=/dev/null",
	"core.attributesFile=/dev/null",
	"core.autocrlf=false",
	"core.fileMode=true",
	"core.symlinks=true",
	"core.fsmonitor=false",
	"core.sparseCheckout=false",
	"core.splitIndex=false",
	"core.untrackedCache=false",
	"gc.auto=0",
	"maintenance.auto=false",
	NULL,
};

/* In the user's: no hook, no daemon. */
static const char *const user_settings[] = {
	"core.hooksPath=/dev/null",
	"core.fsmonitor=false",
	"gc.auto=0",
	"maintenance.auto=false",
	NULL,
};

/* No filter, no end-of-line conversion, no $Id$; above what the tree's .gitattributes say. */
#define ATTRIBUTES "* -text !eol -ident !filter !working-tree-encoding\n"

#define PERSON "balloonbench"
#define ADDRESS "balloonbench@example.org"
#define DATE "1970-01-01T00:00:00Z"

static const char *const private_env[] = {
	"GIT_CONFIG_NOSYSTEM=1",
	"GIT_CONFIG_GLOBAL=/dev/null",
	"GIT_NO_REPLACE_OBJECTS=1",
	"GIT_TERMINAL_PROMPT=0",
	"GIT_EDITOR=false",
	"GIT_ATTR_NOSYSTEM=1",
	"GIT_AUTHOR_NAME=" PERSON,
	"GIT_AUTHOR_EMAIL=" ADDRESS,
	"GIT_AUTHOR_DATE=" DATE,
	"GIT_COMMITTER_NAME=" PERSON,
	"GIT_COMMITTER_EMAIL=" ADDRESS,
	"GIT_COMMITTER_DATE=" DATE,
	NULL,
};

/* Optional locks are for what git writes only to be faster. */
static const char *const user_env[] = {
	"GIT_OPTIONAL_LOCKS=0",
	"GIT_NO_REPLACE_OBJECTS=1",
	"GIT_TERMINAL_PROMPT=0",
	NULL,
};

struct list {
	const char *items[ARGS_MAX + 1];
	size_t count;
};

static void add(struct list *list, const char *item)
{
	if (list->count == ARGS_MAX)
		abort();
	list->items[list->count++] = item;
}

static void add_all(struct list *list, const char *const *items)
{
	for (; items && *items; items++)
		add(list, *items);
}

static void add_settings(struct list *list, const char *const *settings)
{
	for (; settings && *settings; settings++) {
		add(list, "-c");
		add(list, *settings);
	}
}

static int run(struct list *argv, struct list *env, const struct git_call *call,
	       const char *const *args)
{
	const struct process process = {
		.argv = argv->items,
		.env = env->items,
		.input = call->input,
		.bare = true,
		.output_size = call->output_size,
	};

	add_settings(argv, call->config);
	add_all(argv, args);
	add_all(env, call->env);
	return process_run(&process, call->output);
}

int git_call(const struct git *git, const struct git_call *call, const char *const *args)
{
	char *dir = xasprintf("GIT_DIR=%s", git->dir);
	char *index = xasprintf("GIT_INDEX_FILE=%s/%s", git->dir, call->index ?: "index");
	char *work_tree = xasprintf("GIT_WORK_TREE=%s", call->work_tree ?: "");
	struct list argv = { .count = 0 }, env = { .count = 0 };
	int status;

	add(&argv, "git");
	/* Where this process is may not be there any more. */
	add(&argv, "-C");
	add(&argv, call->work_tree ?: git->dir);
	add_settings(&argv, private_settings);
	add_all(&env, private_env);
	add(&env, dir);
	add(&env, index);
	if (call->work_tree)
		add(&env, work_tree);
	status = run(&argv, &env, call, args);
	free(dir);
	free(index);
	free(work_tree);
	return status;
}

int git_read(const char *directory, const struct git_call *call, const char *const *args)
{
	struct list argv = { .count = 0 }, env = { .count = 0 };

	add(&argv, "git");
	add(&argv, "-C");
	add(&argv, directory);
	add_settings(&argv, user_settings);
	add_all(&env, user_env);
	return run(&argv, &env, call, args);
}

/* On one line, without what git begins with. */
static void join_lines(const char *complaint, char *line, size_t size)
{
	size_t used = 0, n;

	if (!strncmp(complaint, "fatal: ", strlen("fatal: ")))
		complaint += strlen("fatal: ");
	line[0] = '\0';
	while (*complaint && used < size) {
		n = strcspn(complaint, "\n");
		used += snprintf(line + used, size - used, "%s%.*s", used ? " " : "", (int)n,
				 complaint);
		complaint += n;
		complaint += strspn(complaint, "\n\t ");
	}
}

int git_failed(int status, const char *what, char *err, size_t err_size)
{
	char complaint[1024];

	if (status == -EINTR || status == -ETIMEDOUT) {
		refuse(err, err_size, "interrupted");
		return -EINTR;
	}
	join_lines(process_error(), complaint, sizeof(complaint));
	if (status == -ENOENT)
		return refuse(err, err_size, "cannot run git: %s; install it", complaint);
	return refuse(err, err_size, "cannot %s: %s", what,
		      *complaint ? complaint : "git gives no reason");
}

bool git_disk_is_full(const struct git *git)
{
	struct statvfs disk;

	return !statvfs(git->root, &disk) && disk.f_bavail * disk.f_frsize < DISK_IS_FULL;
}

/* git does not always say why it cannot write. */
static void add_full_disk(const struct git *git, char *err, size_t err_size)
{
	const size_t used = strlen(err);

	if (strstr(err, "Out of diskspace") || git_disk_is_full(git))
		snprintf(err + used, err_size - used, "; no space is left in %s: free some space",
			 git->root);
}

int git_must(const struct git *git, const struct git_call *call, const char *const *args,
	     const char *what, char *err, size_t err_size)
{
	int status = git_call(git, call, args);

	if (!status)
		return 0;
	status = git_failed(status, what, err, err_size);
	if (status != -EINTR)
		add_full_disk(git, err, err_size);
	return status;
}

static char *first_line(int status, char *output, const char *what, char *err, size_t err_size)
{
	if (!status && output && *output) {
		output[strcspn(output, "\n")] = '\0';
		return output;
	}
	free(output);
	git_failed(status, what, err, err_size);
	return NULL;
}

char *git_line(const struct git *git, const struct git_call *call, const char *const *args,
	       const char *what, char *err, size_t err_size)
{
	char *output = NULL;
	struct git_call with_output = *call;
	int status;

	with_output.output = &output;
	status = git_call(git, &with_output, args);
	output = first_line(status, output, what, err, err_size);
	if (!output)
		add_full_disk(git, err, err_size);
	return output;
}

char *git_line_of(const char *directory, const char *const *args, char *err, size_t err_size)
{
	char *output = NULL, *what = xasprintf("read the git repository %s", directory);
	int status = git_read(directory, &(const struct git_call){ .output = &output }, args);

	output = first_line(status, output, what, err, err_size);
	free(what);
	return output;
}

char *git_commit_tree(const struct git *git, const char *tree, const char *parent, char *err,
		      size_t err_size)
{
	const char *const args[] = { "commit-tree",	   tree,   "-m", "cut",
				     parent ? "-p" : NULL, parent, NULL };

	return git_line(git, &(const struct git_call){ .work_tree = NULL }, args, "write a commit",
			err, err_size);
}

static char *below(const char *directory, const char *name)
{
	return xasprintf("%s/%s", directory, name);
}

static int write_to(const char *directory, const char *name, const char *text, char *err,
		    size_t err_size)
{
	char *path = below(directory, name);
	int status = cache_write_text(path, text, err, err_size);

	free(path);
	return status;
}

static int create(const struct git *git, const char *format, char *err, size_t err_size)
{
	char *object_format = xasprintf("--object-format=%s", format);
	char *info = below(git->dir, "info");
	const char *const init[] = { "init", "-q",	    "--bare", "--template=", "-b",
				     "main", object_format, git->dir, NULL };
	int status = make_directories(git->dir);

	if (status)
		refuse(err, err_size, "cannot create %s: %s; free some space", git->dir,
		       strerror(-status));
	if (!status)
		status = git_must(git, &(const struct git_call){ .work_tree = NULL }, init,
				  "make a git directory in the cache", err, err_size);
	if (!status)
		status = make_directories(info);
	if (!status)
		status = write_to(info, "attributes", ATTRIBUTES, err, err_size);
	free(object_format);
	free(info);
	return status;
}

/* A git that was killed leaves them; nobody else works here. */
static void remove_locks(const struct git *git)
{
	static const char *const patterns[] = { "/*.lock", "/refs/*.lock", "/refs/*/*.lock" };
	glob_t found;
	size_t i, j;

	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (glob_below(git->dir, patterns[i], &found))
			continue;
		for (j = 0; j < found.gl_pathc; j++)
			unlink(found.gl_pathv[j]);
		globfree(&found);
	}
}

int git_open(struct git *git, const char *id, const char *format, char *err, size_t err_size)
{
	char *attributes;
	int status = 0;

	*git = (struct git){ .id = xstrdup(id) };
	git->root = cache_path(err, err_size, "trees/%s", id);
	if (!git->root)
		return -EINVAL;
	git->dir = below(git->root, "git");
	git->src = below(git->root, "src");
	git->build = below(git->root, "build");
	/* The last thing that create() writes. */
	attributes = below(git->dir, "info/attributes");
	if (access(attributes, F_OK) < 0)
		status = create(git, format ?: "sha1", err, err_size);
	if (!status)
		remove_locks(git);
	free(attributes);
	return status;
}

void git_close(struct git *git)
{
	free(git->id);
	free(git->root);
	free(git->dir);
	free(git->src);
	free(git->build);
	*git = (struct git){ .root = NULL };
}

char *git_write_temporary(const struct git *git, const char *name, const char *data, size_t size,
			  char *err, size_t err_size)
{
	char *path = below(git->dir, name);
	FILE *file = fopen(path, "we");
	bool good = file && fwrite(data ?: "", 1, size, file) == size;

	if (file && fclose(file))
		good = false;
	if (good)
		return path;
	refuse(err, err_size, "cannot write %s: %s; free some space", path, strerror(errno));
	free(path);
	return NULL;
}

/* A path as git takes it in a list of paths: C's quotes around it. */
static char *quote(const char *path)
{
	char *text = NULL;
	size_t size;
	FILE *f = xmemstream(&text, &size);

	fputc('"', f);
	for (; *path; path++) {
		if (*path == '"' || *path == '\\')
			fputc('\\', f);
		fputc(*path, f);
	}
	fputc('"', f);
	fclose(f);
	return text;
}

static bool has_object(const struct git *git, const char *id)
{
	return !git_run(git, NULL, "cat-file", "-e", id);
}

/* The ids that are not there yet, a line each, to be freed. */
static char *list_absent(const struct git *git, const char *const *ids, size_t *size)
{
	char *text = NULL;
	FILE *f = xmemstream(&text, size);

	for (; *ids; ids++)
		if (!has_object(git, *ids))
			fprintf(f, "%s\n", *ids);
	fclose(f);
	return text;
}

/* An import: what is done in the private directory with the user's objects in sight. */
struct import {
	const struct git *git;
	char *objects; /* variable */
	const char *what;
	char *err;
	size_t err_size;
};

static int import_run(const struct import *import, const char *data, size_t size, char **output,
		      size_t *output_size, const char *const *args)
{
	const char *const env[] = { import->objects, "GIT_NO_LAZY_FETCH=1", NULL };
	struct git_call call = { .env = env, .output = output };
	char *input = git_write_temporary(import->git, "objects.list", data, size, import->err,
					  import->err_size);
	int status;

	if (!input)
		return -EINVAL;
	call.input = input;
	call.output_size = output_size;
	status = git_must(import->git, &call, args, import->what, import->err, import->err_size);
	unlink(input);
	free(input);
	return status;
}

/* All that is in the trees, and the commits, as one pack. Speed counts more than its size. */
static int import_pack(const struct import *import, const char *trees, size_t trees_size,
		       const char *commits)
{
	static const char *const list[] = { "rev-list", "--objects", "--no-object-names", "--stdin",
					    NULL };
	char *pack = xasprintf("%s/objects/pack/pack", import->git->dir), *ids = NULL, *all;
	const char *const make_pack[] = {
		"-c",	      "pack.compression=1",  "pack-objects", "-q",
		"--window=0", "--delta-base-offset", pack,	     NULL
	};
	size_t size = 0;
	int status = 0;

	if (trees_size)
		status = import_run(import, trees, trees_size, &ids, &size, list);
	all = xasprintf("%s%s", ids ?: "", commits);
	if (!status)
		status = import_run(import, all, strlen(all), NULL, NULL, make_pack);
	free(all);
	free(ids);
	free(pack);
	return status;
}

/* Commits whose parents are not here. */
static int add_shallow(const struct git *git, const char *commits, char *err, size_t err_size)
{
	char *path = below(git->dir, "shallow");
	FILE *f = fopen(path, "ae");
	bool good = f && fputs(commits, f) != EOF;

	if (f && fclose(f))
		good = false;
	if (!good)
		refuse(err, err_size, "cannot write %s: %s; free some space", path,
		       strerror(errno));
	free(path);
	return good ? 0 : -EINVAL;
}

int git_import(const struct git *git, const char *directory, const char *const *trees,
	       const char *const *commits, char *err, size_t err_size)
{
	static const char *const ask[] = { "rev-parse", "--path-format=absolute", "--git-path",
					   "objects", NULL };
	char *objects = git_line_of(directory, ask, err, err_size), *quoted, *what;
	char *absent_trees, *absent_commits;
	struct import import = { .git = git, .err_size = err_size };
	size_t size, commits_size;
	int status = 0;

	if (!objects)
		return -EINVAL;
	quoted = quote(objects);
	what = xasprintf("read the objects of the git repository %s", directory);
	import.objects = xasprintf("GIT_ALTERNATE_OBJECT_DIRECTORIES=%s", quoted);
	import.what = what;
	import.err = err;
	absent_trees = list_absent(git, trees, &size);
	absent_commits = list_absent(git, commits, &commits_size);
	if (commits_size)
		status = add_shallow(git, absent_commits, err, err_size);
	if (!status && (size || commits_size))
		status = import_pack(&import, absent_trees, size, absent_commits);
	free(absent_trees);
	free(absent_commits);
	free(import.objects);
	free(objects);
	free(quoted);
	free(what);
	return status;
}
