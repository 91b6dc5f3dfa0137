/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/build/cache.h"
#include "bench/build/process.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/log.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define WORKTREE_INDEX "worktree.index"
#define EXCLUDES "--exclude-per-directory=.gitignore"
#define MODE_LINK "120000"
#define MODE_SUBMODULE "160000"

/* Names, each followed by a NUL, as git lists them with -z. */
struct name_list {
	char *data;
	size_t size;
};

static const char *next_name(const struct name_list *list, const char *name)
{
	name = name ? name + strlen(name) + 1 : list->data;
	return list->data && name < list->data + list->size ? name : NULL;
}

static char *git_says(const struct source *source, const char *question)
{
	char *output = NULL;
	const struct git_call call = { .output = &output };

	if (git_read(source->path, &call, ARGS("rev-parse", question)) || !output) {
		free(output);
		return xstrdup("");
	}
	output[strcspn(output, "\n")] = '\0';
	return output;
}

static int look_at_repository(struct source *source, char *err, size_t err_size)
{
	char *what = xasprintf("read the git repository %s", source->path), *answer, *known = NULL;
	struct git_call call = { .work_tree = NULL };
	int status = git_read(source->path, &call, ARGS("rev-parse", "--git-dir"));

	if (status && strstr(process_error(), "not a git repository (or any")) {
		status = 0;
		goto out;
	}
	if (status) {
		status = git_failed(status, what, err, err_size);
		goto out;
	}
	answer = git_says(source, "--is-bare-repository");
	source->is_bare = !strcmp(answer, "true");
	free(answer);
	free(source->prefix);
	source->prefix = git_says(source, "--show-prefix");
	if (*source->prefix)
		source->prefix[strlen(source->prefix) - 1] = '\0';
	free(source->format);
	source->format = git_says(source, "--show-object-format");
	call.output = &known;
	source->in_git =
		source->is_bare || !*source->prefix ||
		(!git_read(source->path, &call, ARGS("ls-files", "--", ".")) && known && *known);
out:
	free(known);
	free(what);
	return status;
}

int source_open(struct source *source, const char *directory, char *err, size_t err_size)
{
	struct stat st;

	*source = (struct source){ .path = realpath(directory, NULL),
				   .prefix = xstrdup(""),
				   .format = xstrdup("sha1") };
	if (!source->path)
		return refuse(err, err_size, "cannot read %s: %s", directory, strerror(errno));
	if (stat(source->path, &st) < 0 || !S_ISDIR(st.st_mode))
		return refuse(err, err_size, "%s is not a directory; name a source tree",
			      directory);
	return look_at_repository(source, err, err_size);
}

void source_release(struct source *source)
{
	free(source->path);
	free(source->prefix);
	free(source->format);
	*source = (struct source){ .path = NULL };
}

int tree_of_revision(const struct source *source, const char *revision, char **id, char **tree,
		     char *err, size_t err_size)
{
	char *name = xasprintf("%s^{commit}", revision), *commit = NULL, *path = NULL;
	int status = -EINVAL;

	if (*revision == '-' || !*revision)
		refuse(err, err_size, "'%s' is not the name of a commit", revision);
	else
		commit = git_line_of(source->path, ARGS("rev-parse", "--verify", name), err,
				     err_size);
	/* What git says names neither. */
	if (!commit && strstr(process_error(), "Needed a single revision"))
		refuse(err, err_size, "no commit '%s' in %s; git log shows what there is", revision,
		       source->path);
	if (!commit)
		goto out;
	if (tree) {
		path = xasprintf("%s:%s", commit, source->prefix);
		*tree = git_line_of(source->path, ARGS("rev-parse", "--verify", path), err,
				    err_size);
		if (!*tree)
			goto out;
	}
	status = 0;
	if (id) {
		*id = commit;
		commit = NULL;
	}
out:
	free(commit);
	free(name);
	free(path);
	return status;
}

/* What reads a directory into a tree. */
struct reading {
	const struct git *git;
	const struct source *source;
	const char *excludes; /* option of ls-files; NULL: .gitignore does not count */
	char *what, *err;
	size_t err_size;
};

/* New files go into one pack: a file for each takes much longer. */
static const char *const one_pack[] = { "core.bigFileThreshold=1", "core.compression=1", NULL };

/* Run git on the index of the directory, with these names as its standard input, or none. */
static int feed(const struct reading *r, const struct name_list *names, const char *const *args)
{
	struct git_call call = { .work_tree = r->source->path,
				 .index = WORKTREE_INDEX,
				 .config = one_pack };
	char *input = git_write_temporary(r->git, "names", names ? names->data : NULL,
					  names ? names->size : 0, r->err, r->err_size);
	int status;

	if (!input)
		return -EINVAL;
	call.input = input;
	status = git_must(r->git, &call, args, r->what, r->err, r->err_size);
	unlink(input);
	free(input);
	return status;
}

/* The names that git lists from it. */
static int list(const struct reading *r, struct name_list *found, const char *const *args)
{
	const struct git_call call = { .work_tree = r->source->path,
				       .index = WORKTREE_INDEX,
				       .output = &found->data,
				       .output_size = &found->size };

	return git_must(r->git, &call, args, r->what, r->err, r->err_size);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of one list that are not in the other. */
static struct name_list without(const struct name_list *list, const struct name_list *others)
{
	struct name_list left = { .data = NULL };
	const char **sorted = NULL, *name;
	size_t count = 0, size;

	for (name = next_name(others, NULL); name; name = next_name(others, name)) {
		sorted = xreallocarray(sorted, count + 1, sizeof(*sorted));
		sorted[count++] = name;
	}
	if (count)
		qsort(sorted, count, sizeof(*sorted), compare_names);
	left.data = xcalloc(1, list->size + 1);
	for (name = next_name(list, NULL); name; name = next_name(list, name)) {
		if (count && bsearch(&name, sorted, count, sizeof(*sorted), compare_names))
			continue;
		size = strlen(name) + 1;
		memcpy(left.data + left.size, name, size);
		left.size += size;
	}
	free(sorted);
	return left;
}

/* Whether the tree was built in place: what kbuild wrote there is no source. */
static bool was_built(const struct source *source)
{
	char *config = xasprintf("%s/.config", source->path);
	char *generated = xasprintf("%s/include/generated", source->path);
	bool was = !access(config, F_OK) || !access(generated, F_OK);

	free(config);
	free(generated);
	return was;
}

/* Drop names of files that do not exist. */
static void keep_existing(const struct source *source, struct name_list *names)
{
	struct name_list kept = { .data = xcalloc(1, names->size + 1) };
	const char *name;
	struct stat st;
	char *path;

	for (name = next_name(names, NULL); name; name = next_name(names, name)) {
		path = xasprintf("%s/%s", source->path, name);
		if (!lstat(path, &st) && !S_ISDIR(st.st_mode)) {
			memcpy(kept.data + kept.size, name, strlen(name) + 1);
			kept.size += strlen(name) + 1;
		}
		free(path);
	}
	free(names->data);
	*names = kept;
}

/* Files that the user's repository has although .gitignore names them. */
static int list_known(const struct reading *r, struct name_list *known)
{
	const struct git_call call = { .output = &known->data, .output_size = &known->size };
	int status;

	if (!r->source->in_git)
		return 0;
	status = git_read(r->source->path, &call,
			  ARGS("ls-files", "-z", "--cached", "--ignored", EXCLUDES));
	if (status)
		return git_failed(status, r->what, r->err, r->err_size);
	keep_existing(r->source, known);
	return 0;
}

static int refuse_repositories(const struct reading *r, const struct name_list *names)
{
	const char *name;

	for (name = next_name(names, NULL); name; name = next_name(names, name))
		if (name[strlen(name) - 1] == '/')
			return refuse(r->err, r->err_size,
				      "%s/%s is a git repository inside of the tree; move it out, "
				      "or list it in .gitignore if it is not compiled",
				      r->source->path, name);
	return 0;
}

static const char *const add_names[] = { "update-index", "--add", "-z", "--stdin", NULL };

static int add_untracked(const struct reading *r)
{
	struct name_list untracked = { .data = NULL };
	int status = list(r, &untracked, ARGS("ls-files", "-z", "--others", r->excludes))
			     ?: refuse_repositories(r, &untracked);

	if (!status)
		status = feed(r, &untracked, add_names);
	free(untracked.data);
	return status;
}

/* Of the files that .gitignore names, those that the user's repository knows, and no other. */
static int settle_ignored(const struct reading *r)
{
	struct name_list known = { .data = NULL }, ignored = { .data = NULL },
			 gone = { .data = NULL };
	int status = list_known(r, &known) ?: feed(r, &known, add_names);

	if (!status && r->excludes)
		status = list(r, &ignored,
			      ARGS("ls-files", "-z", "--cached", "--ignored", EXCLUDES));
	if (!status && r->excludes) {
		gone = without(&ignored, &known);
		status = feed(r, &gone, ARGS("update-index", "--force-remove", "-z", "--stdin"));
	}
	free(known.data);
	free(ignored.data);
	free(gone.data);
	return status;
}

int tree_of_directory(const struct git *git, const struct source *source, char **tree, char *err,
		      size_t err_size)
{
	struct reading r = { .git = git, .source = source, .err_size = err_size };
	const struct git_call call = { .index = WORKTREE_INDEX };
	int status;

	*tree = NULL;
	if (source->is_bare)
		return refuse(err, err_size, "%s has no working tree; name commits by --range",
			      source->path);
	r.err = err;
	r.what = xasprintf("read %s as it lies there", source->path);
	r.excludes = source->in_git || was_built(source) ? EXCLUDES : NULL;
	/* The index is kept: what did not change since the last time is not read again. */
	status = feed(&r, NULL, ARGS("add", "-u"));
	if (!status)
		status = add_untracked(&r);
	if (!status)
		status = settle_ignored(&r);
	if (!status) {
		*tree = git_line(git, &call, ARGS("write-tree"), r.what, err, err_size);
		status = *tree ? 0 : -EINVAL;
	}
	free(r.what);
	return status;
}

static int try_check_out(const struct git *git, const char *tree, char *err, size_t err_size)
{
	const struct git_call call = { .work_tree = git->src };
	int status = make_directories(git->src);

	if (status)
		return refuse(err, err_size, "cannot create %s: %s; free some space", git->src,
			      strerror(-status));
	status = git_must(git, &call, ARGS("read-tree", "--reset", "-u", tree),
			  "check out the source", err, err_size);
	/* What a build left there, as Python its __pycache__. */
	if (!status)
		status = git_must(git, &call, ARGS("clean", "-ffdxq"), "clean the checkout", err,
				  err_size);
	return status;
}

static int verify_nothing_else(const struct git *git, char *err, size_t err_size)
{
	char *others = NULL;
	const struct git_call call = { .work_tree = git->src },
			      listing = { .work_tree = git->src, .output = &others };
	int status = git_must(git, &listing, ARGS("ls-files", "--others"), "list the checkout", err,
			      err_size);

	if (!status && others && *others) {
		others[strcspn(others, "\n")] = '\0';
		status = refuse(err, err_size,
				"the checkout %s has a file that is not in the tree: %s; remove it",
				git->src, others);
	}
	free(others);
	return status
		       ?: git_must(git, &call, ARGS("diff-files", "--quiet"),
				   "verify the checkout: a file differs from the tree", err,
				   err_size);
}

/* Whether what a link at @path of a tree points to is in the tree. */
static bool stays_inside(const char *path, const char *target)
{
	int depth = 0;
	size_t n;

	if (*target == '/')
		return false;
	for (; *path; path++)
		depth += *path == '/';
	for (; *target && depth >= 0; target += n + (target[n] == '/')) {
		n = strcspn(target, "/");
		if (n == 2 && !strncmp(target, "..", 2))
			depth--;
		else if (n && !(n == 1 && *target == '.'))
			depth++;
	}
	return depth >= 0;
}

static int check_link(const struct git *git, const char *name, char *err, size_t err_size)
{
	char *path = xasprintf("%s/%s", git->src, name), target[4096];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	int status = 0;

	target[n > 0 ? n : 0] = '\0';
	if (n < 0)
		status =
			refuse(err, err_size, "cannot read the link %s: %s", path, strerror(errno));
	else if (!stays_inside(name, target))
		status = refuse(err, err_size,
				"%s is a symbolic link out of the tree, to %s: a change there "
				"would not be noticed; put the file itself there",
				name, target);
	free(path);
	return status;
}

/* "MODE ID STAGE\tNAME" of each file. */
static int verify_modes(const struct git *git, char *err, size_t err_size)
{
	struct name_list files = { .data = NULL };
	const struct git_call call = { .output = &files.data, .output_size = &files.size };
	int status = git_must(git, &call, ARGS("ls-files", "-z", "--stage"), "list the tree", err,
			      err_size);
	const char *file, *name;

	for (file = next_name(&files, NULL); !status && file; file = next_name(&files, file)) {
		name = strchr(file, '\t');
		if (name && !strncmp(file, MODE_LINK, strlen(MODE_LINK)))
			status = check_link(git, name + 1, err, err_size);
		else if (name && !git->empty_submodules &&
			 !strncmp(file, MODE_SUBMODULE, strlen(MODE_SUBMODULE)))
			status = refuse(err, err_size,
					"%s is a submodule, whose files are not in the tree; "
					"commit them in its place",
					name + 1);
	}
	free(files.data);
	return status;
}

/* Start with an empty checkout: the one before may be of a disk that was full. */
static int start_again(const struct git *git, char *err, size_t err_size)
{
	char *index = xasprintf("%s/index", git->dir);

	unlink(index);
	free(index);
	return cache_remove_tree(git->src, err, err_size);
}

int tree_check_out(const struct git *git, const char *tree, char *err, size_t err_size)
{
	int status =
		try_check_out(git, tree, err, err_size) ?: verify_nothing_else(git, err, err_size);

	if (status == -EINVAL)
		status = start_again(git, err, err_size) ?: try_check_out(git, tree, err, err_size) ?:
				 verify_nothing_else(git, err, err_size);
	return status ?: verify_modes(git, err, err_size);
}

bool tree_has(const struct git *git, const char *tree, const char *path)
{
	char *name = xasprintf("%s:%s", tree, path);
	bool has = !git_run(git, NULL, "cat-file", "-e", name);

	free(name);
	return has;
}

char *tree_read(const struct git *git, const char *tree, const char *path)
{
	char *name = xasprintf("%s:%s", tree, path), *text = NULL;

	if (git_run(git, &text, "cat-file", "blob", name)) {
		free(text);
		text = NULL;
	}
	free(name);
	return text;
}
