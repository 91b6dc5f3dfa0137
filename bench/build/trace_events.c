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
	struct record_list patches = { NULL };
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

int trace_events_add(const struct git *git, struct cut *cut, char *err, size_t err_size)
{
	struct record_list patches = find_patches();
	char **patch = patches.items, *with = NULL, *reason = NULL;
	int status = 1;
	size_t i;

	if (tree_has(git, cut->tree, HEADER)) {
		record_set_text(&cut->trace_events, "yes");
		status = 0;
		goto out;
	}
	for (i = 0; status == 1 && i < patches.count; i++) {
		free(reason);
		reason = NULL;
		status = try_patch(git, cut->tree, patch[i], &with, err, err_size);
		if (status == 1)
			reason = why_not();
	}
	if (!status) {
		free(cut->tree);
		cut->tree = with;
		record_set_text(&cut->trace_events, "yes");
	} else if (status == 1) {
		free(cut->trace_events);
		cut->trace_events = xasprintf("no: %s", reason ?: "their patches are not here");
		status = 0;
	}
out:
	free(reason);
	record_release_texts(&patches);
	return status;
}
