/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/trace_events.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/process.h"
#include "bench/build/tree.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/log.h"
#include "lib/record.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define HEADER "include/trace/events/balloon.h"
#define STORY_PATCH "0001-balloon-trace-events.patch"
#define OTHER_PATCHES "/trace-events-*.patch"

static const struct git_call on_index = { .index = "trace-events.index" };

/* The patches to try, in this order: texts. */
static struct record_list find_patches(void)
{
	struct record_list patches = { .items = NULL };
	char path[PATH_MAX], *directory, *first;
	glob_t found;
	size_t i;

	data_path(".", "kernel-patches", path, sizeof(path));
	directory = realpath(path, NULL);
	if (!directory)
		return patches;
	first = xasprintf("%s/" STORY_PATCH, directory);
	if (!access(first, R_OK))
		record_append_text(&patches, first);
	free(first);
	if (!glob_below(directory, OTHER_PATCHES, &found)) {
		for (i = 0; i < found.gl_pathc; i++)
			record_append_text(&patches, found.gl_pathv[i]);
		globfree(&found);
	}
	free(directory);
	return patches;
}

/* "error: mm/balloon.c: patch does not apply": the file that differs. */
static char *why_not(void)
{
	static const char end[] = ": patch does not apply", absent[] = ": does not exist in index";
	const char *line = process_error(), *stop;
	size_t n;

	for (; *line; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		stop = memmem(line, n, end, strlen(end)) ?: memmem(line, n, absent, strlen(absent));
		if (stop && !strncmp(line, "error: ", 7))
			return xasprintf("no patch of them applies: %.*s differs",
					 (int)(stop - line - 7), line + 7);
	}
	return xstrdup("no patch of them applies");
}

/* 0: the tree with the patch is in @with; 1: it does not apply. */
static int try_patch(const struct git *git, const char *tree, const char *patch, char **with,
		     char *err, size_t err_size)
{
	int status = git_must(git, &on_index, ARGS("read-tree", tree), "read the tree of a cut",
			      err, err_size);

	if (status)
		return status;
	/* Who maintains it is not compiled. */
	status = git_call(
		git, &on_index,
		ARGS("apply", "--cached", "--whitespace=nowarn", "--exclude=MAINTAINERS", patch));
	if (status < 0)
		return git_failed(status, "apply the trace events", err, err_size);
	if (status)
		return 1;
	*with = git_line(git, &on_index, ARGS("write-tree"), "write the tree of a cut", err,
			 err_size);
	return *with ? 0 : -EINVAL;
}

/*
 * What the events changed in @base and what the series changed since: 0 if they do not touch the
 * same lines, and the tree with both is in @with; 1 if they do.
 */
static int try_merge(const struct git *git, const struct trace_events_base *base, const char *tree,
		     char **with, char *err, size_t err_size)
{
	char *before = NULL, *events = NULL, *series = NULL, *output = NULL;
	int status = -EINVAL;

	before = git_commit_tree(git, base->without, NULL, err, err_size);
	if (before)
		events = git_commit_tree(git, base->with, before, err, err_size);
	if (events)
		series = git_commit_tree(git, tree, before, err, err_size);
	if (!series)
		goto out;
	status = git_run(git, &output, "merge-tree", "--write-tree", "--no-messages", events,
			 series);
	if (status < 0) {
		status = git_failed(status, "merge the trace events", err, err_size);
	} else if (status || !output) {
		status = 1;
	} else {
		output[strcspn(output, "\n")] = '\0';
		*with = xstrdup(output);
	}
out:
	free(before);
	free(events);
	free(series);
	free(output);
	return status;
}

/* 0, 1 with a reason, or an error. */
static int try_all(const struct git *git, const struct trace_events_base *base, const char *tree,
		   char **with, char **reason, char *err, size_t err_size)
{
	struct record_list patches = find_patches();
	char **patch = patches.items;
	int status = 1;
	size_t i;

	for (i = 0; status == 1 && i < patches.count; i++) {
		status = try_patch(git, tree, patch[i], with, err, err_size);
		if (status == 1) {
			free(*reason);
			*reason = why_not();
		}
	}
	record_release_texts(&patches);
	if (status == 1 && base->with)
		status = try_merge(git, base, tree, with, err, err_size);
	return status;
}

int trace_events_add(const struct git *git, struct cut *cut, struct trace_events_base *base,
		     char *err, size_t err_size)
{
	char *with = NULL, *reason = NULL;
	int status;

	if (tree_has(git, cut->tree, HEADER)) {
		record_set_text(&cut->trace_events, "yes");
		return 0;
	}
	status = try_all(git, base, cut->tree, &with, &reason, err, err_size);
	if (!status) {
		record_set_text(&cut->trace_events, "yes");
		trace_events_release(base);
		base->without = cut->tree;
		base->with = xstrdup(with);
		cut->tree = with;
	} else if (status == 1) {
		free(cut->trace_events);
		cut->trace_events = xasprintf("no: %s", reason ?: "their patches are not here");
		status = 0;
	}
	free(reason);
	return status;
}

void trace_events_release(struct trace_events_base *base)
{
	free(base->without);
	free(base->with);
	*base = (struct trace_events_base){ .without = NULL };
}
