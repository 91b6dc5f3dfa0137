/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/subprojects.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/build_progress.h"
#include "bench/build/cache.h"
#include "bench/build/compile.h"
#include "bench/build/process.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/log.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define INDEX "subproject.index"

/* What our configuration of QEMU compiles; others are for features that it leaves out. */
static const char *const needed[] = { "keycodemapdb", "berkeley-softfloat-3",
				      "berkeley-testfloat-3" };

/* A subproject of a tree. */
struct subproject {
	const struct git *git;
	const struct source *source;
	const char *name;
	char *wrap; /* text of its file */
	char *url, *revision;
	char *patch;  /* directory of subprojects/packagefiles that is copied over it, or NULL */
	char *stored; /* trees/ID/subprojects/NAME-REVISION */
	char *err;
	size_t err_size;
};

/* The value of a key of a wrap file, "KEY = VALUE", to be freed; NULL: there is none. */
static char *wrap_value(const char *wrap, const char *key)
{
	const char *line = wrap, *value;
	size_t n = strlen(key);

	for (; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
		if (strncmp(line, key, n) != 0)
			continue;
		value = line + n + strspn(line + n, " \t");
		if (*value++ != '=')
			continue;
		value += strspn(value, " \t");
		n = strcspn(value, "\r\n");
		while (n && isspace((unsigned char)value[n - 1]))
			n--;
		return xasprintf("%.*s", (int)n, value);
	}
	return NULL;
}

/* Also a path of the cache is made of it: only hex digits. */
static bool is_revision(const char *text)
{
	return text && strlen(text) >= 40 && strspn(text, "0123456789abcdef") == strlen(text);
}

static bool is_one_directory(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/');
}

static int read_wrap(struct subproject *s)
{
	s->url = wrap_value(s->wrap, "url");
	s->revision = wrap_value(s->wrap, "revision");
	s->patch = wrap_value(s->wrap, "patch_directory");
	if (!s->url || *s->url == '-' || !is_revision(s->revision) ||
	    (s->patch && !is_one_directory(s->patch))) {
		refuse(s->err, s->err_size,
		       "subprojects/%s.wrap does not name an url and a revision of 40 hex digits",
		       s->name);
		return -EINVAL;
	}
	s->stored = xasprintf("%s/subprojects/%s-%s", s->git->root, s->name, s->revision);
	return 0;
}

static int fetch_from(const struct subproject *s, const char *where)
{
	return git_call(s->git, &(const struct git_call){ .work_tree = NULL },
			ARGS("fetch", "-q", "--no-tags", "--depth", "1", where, s->revision));
}

/* Into the private directory: from the user's copy, if there is one that has it, or its origin. */
static int fetch(const struct subproject *s)
{
	char *copy = xasprintf("%s/subprojects/%s", s->source->path, s->name);
	char *repository = xasprintf("%s/.git", copy), *what;
	int status = access(repository, F_OK) ? -ENOENT : fetch_from(s, copy);

	if (status && status != -EINTR)
		status = fetch_from(s, s->url);
	if (status) {
		what = xasprintf("get the subproject %s, which the commits of QEMU do not have, "
				 "from %s; run `meson subprojects download %s` in %s",
				 s->name, s->url, s->name, s->source->path);
		status = git_failed(status, what, s->err, s->err_size);
		free(what);
	}
	free(copy);
	free(repository);
	return status;
}

/* Unpack it into trees/ID/subprojects, at once or not at all. */
static int store(const struct subproject *s)
{
	char *draft = xasprintf("%s.new", s->stored);
	const struct git_call call = { .work_tree = draft, .index = INDEX };
	char *index = xasprintf("%s/" INDEX, s->git->dir);
	int status = cache_remove_tree(draft, s->err, s->err_size);

	unlink(index);
	if (!status && make_directories(draft))
		status = refuse(s->err, s->err_size, "cannot create %s: %s; free some space", draft,
				strerror(errno));
	if (!status)
		status = git_must(s->git, &call, ARGS("read-tree", "--reset", "-u", s->revision),
				  "unpack a subproject", s->err, s->err_size);
	if (!status && rename(draft, s->stored) < 0)
		status =
			refuse(s->err, s->err_size, "cannot rename %s: %s", draft, strerror(errno));
	free(index);
	free(draft);
	return status;
}

/* With their times: the build finds that nothing has changed. */
static int copy(const struct subproject *s)
{
	char *to = xasprintf("%s/subprojects/%s", s->git->src, s->name);
	char *patch = xasprintf("%s/subprojects/packagefiles/%s/.", s->git->src, s->patch ?: "");
	int status = compile_tool(ARGS("cp", "-aT", s->stored, to), NULL, s->err, s->err_size);

	if (!status && s->patch)
		status = compile_tool(ARGS("cp", "-aT", patch, to), NULL, s->err, s->err_size);
	free(to);
	free(patch);
	return status;
}

static int provide(struct subproject *s)
{
	int status = read_wrap(s);

	if (!status && access(s->stored, F_OK) < 0) {
		build_progress_step("getting subprojects");
		status = fetch(s) ?: store(s);
	}
	return status ?: copy(s);
}

int subprojects_provide(const struct git *git, const struct source *source, const char *tree,
			char *err, size_t err_size)
{
	int status = 0;
	size_t i;

	for (i = 0; !status && i < sizeof(needed) / sizeof(needed[0]); i++) {
		struct subproject s = { .git = git, .source = source, .name = needed[i] };
		char *wrap = xasprintf("subprojects/%s.wrap", s.name);
		char *present = xasprintf("subprojects/%s/meson.build", s.name);

		s.err = err;
		s.err_size = err_size;
		s.wrap = tree_has(git, tree, present) ? NULL : tree_read(git, tree, wrap);
		if (s.wrap)
			status = provide(&s);
		free(wrap);
		free(present);
		free(s.wrap);
		free(s.url);
		free(s.revision);
		free(s.patch);
		free(s.stored);
	}
	return status;
}
