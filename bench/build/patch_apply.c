/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/patch_apply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/build/patch_git.h"
#include "lib/alloc.h"
#include "lib/json_file.h"
#include "lib/log.h"

#define CHANGE_BASE "use the base that it was made for"

/* git apply: 0; 1: it does not apply; 128: there is something wrong with it; -EINTR. */
static int git_apply(const struct patch_target *target, const struct patch *patch, const char *diff,
		     bool undo)
{
	const struct patch_git call = { .git_dir = target->git_dir, .index = target->index };
	const char *args[8] = { "apply", "--cached", "--whitespace=nowarn" };
	char level[8];
	int n = 3;

	snprintf(level, sizeof(level), "-p%u", patch->strip);
	args[n++] = level;
	if (undo)
		args[n++] = "--check";
	if (undo != patch->reverse)
		args[n++] = "--reverse";
	args[n] = diff;
	return patch_git(&call, args);
}

/* The value of "NAME = value" at the start of a line, "" if there is none. */
static void makefile_value(const char *text, const char *name, char *value, size_t size)
{
	const char *line = text;

	*value = '\0';
	while (line && (strncmp(line, name, strlen(name)) || !strchr(" \t=", line[strlen(name)]))) {
		line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
	}
	if (!line)
		return;
	line += strcspn(line, "=\n");
	line += *line == '=';
	line += strspn(line, " \t");
	snprintf(value, size, "%.*s", (int)strcspn(line, " \t\r\n#"), line);
}

/* ", in 6.17-rc1", or "" if the Makefile is not that of a kernel. */
static void tree_version(const struct patch_target *target, char *text, size_t size)
{
	char version[16], level[16], sublevel[16], extra[32], *makefile = NULL;
	const struct patch_git call = {
		.git_dir = target->git_dir,
		.index = target->index,
		.output = &makefile,
	};

	*text = '\0';
	if (!patch_git(&call, (const char *[]){ "cat-file", "blob", ":Makefile", NULL }) &&
	    makefile) {
		makefile_value(makefile, "VERSION", version, sizeof(version));
		makefile_value(makefile, "PATCHLEVEL", level, sizeof(level));
		makefile_value(makefile, "SUBLEVEL", sublevel, sizeof(sublevel));
		makefile_value(makefile, "EXTRAVERSION", extra, sizeof(extra));
		if (*version && *level)
			snprintf(text, size, ", in %s.%s%s%s%s", version, level,
				 atoi(sublevel) ? "." : "", atoi(sublevel) ? sublevel : "", extra);
	}
	free(makefile);
}

/* The file without CR before LF, beside it, to be freed; NULL if there are none. */
static char *without_cr(const char *diff)
{
	size_t size, i, n = 0;
	char *text = regular_file_read(diff, 0, &size), *path = NULL;
	FILE *out;

	if (text && strstr(text, "\r\n")) {
		for (i = 0; i < size; i++)
			if (text[i] != '\r' || text[i + 1] != '\n')
				text[n++] = text[i];
		path = xasprintf("%s.lf", diff);
		out = fopen(path, "we");
		if (!out || fwrite(text, 1, n, out) != n || fclose(out)) {
			free(path);
			path = NULL;
		}
	}
	free(text);
	return path;
}

/* In words of git. */
static bool is_full_disk(const char *reason)
{
	return strstr(reason, "Out of diskspace") || strstr(reason, "No space left") ||
	       strstr(reason, "unable to write");
}

/* What git said, of the tree instead of the index. */
static int refuse_reason(const struct patch_target *target, const struct patch *patch,
			 const char *reason)
{
	const char *index = strstr(reason, " in index");

	return refuse(target->err, target->err_size, "cannot apply %s: %.*s%s; %s", patch->name,
		      index ? (int)(index - reason) : (int)strlen(reason), reason,
		      index ? " in the tree" : "",
		      is_full_disk(reason) ? "free some space" : CHANGE_BASE);
}

static int refuse_already_there(const struct patch_target *target, const struct patch *patch)
{
	char version[96];

	tree_version(target, version, sizeof(version));
	return refuse(target->err, target->err_size,
		      "cannot apply %s: already there%s; leave it out, or use an older base",
		      patch->name, version);
}

static int try_fuzz(const struct patch_target *target, const struct patch *patch, const char *diff,
		    const char *reason, unsigned int *fuzz)
{
	struct patch_outcome outcome;
	int status = patch_with_fuzz(target, patch, diff, &outcome);

	*fuzz = outcome.fuzz;
	if (status != 1)
		return status;
	if (!outcome.hunk)
		return refuse_reason(target, patch, reason);
	return refuse(target->err, target->err_size,
		      "cannot apply %s: %s: hunk %u at line %u does not match; " CHANGE_BASE,
		      patch->name, outcome.file, outcome.hunk, outcome.line);
}

/* Whether a diff is there already: 0, -EINVAL and a message if so, -EINTR. */
static int check_already_there(const struct patch_target *target, const struct patch *patch,
			       const char *diff)
{
	int status = git_apply(target, patch, diff, true);

	if (status == -EINTR)
		return status;
	return status ? 0 : refuse_already_there(target, patch);
}

int patch_apply(const struct patch_target *target, const struct patch *patch, unsigned int *fuzz)
{
	char *reason = NULL, *lf = NULL;
	int status = git_apply(target, patch, patch->diff, false);

	*fuzz = 0;
	if (!status || status == -EINTR)
		return status;
	reason = xstrdup(patch_git_reason());
	lf = without_cr(patch->diff);
	if (lf) {
		status = git_apply(target, patch, lf, false);
		if (!status || status == -EINTR)
			goto out;
	}
	if (status != 1 || strstr(reason, "symbolic link")) {
		status = refuse_reason(target, patch, reason);
		goto out;
	}
	status = check_already_there(target, patch, patch->diff);
	if (!status && lf)
		status = check_already_there(target, patch, lf);
	if (!status)
		status = try_fuzz(target, patch, lf ? lf : patch->diff, reason, fuzz);
out:
	free(reason);
	free(lf);
	return status;
}
