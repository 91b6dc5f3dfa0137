/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * patch(1) sees only copies of the files that a patch names, without symbolic links: it reaches
 * nothing else, and what it leaves behind is removed with them.
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/build/patch_apply.h"
#include "bench/build/patch_git.h"
#include "bench/build/process.h"
#include "lib/alloc.h"
#include "lib/json_file.h"
#include "lib/log.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* A path without its first directories, or NULL if it has not as many. */
static const char *strip(const char *path, unsigned int count)
{
	for (; path && count; count--) {
		path = strchr(path, '/');
		path = path ? path + strspn(path, "/") : NULL;
	}
	return path && *path ? path : NULL;
}

static void write_name(FILE *out, const char *path, unsigned int count)
{
	const char *name = strip(path, count);

	if (name && strcmp(path, "/dev/null"))
		fprintf(out, "%s\n", name);
}

/* "a/x b/x": the only line that names a file whose mode alone changes, or an empty one. */
static void write_pair(FILE *out, char *pair, unsigned int count)
{
	size_t half = strlen(pair) / 2;
	const char *one, *other;

	if (pair[half] != ' ')
		return;
	pair[half] = '\0';
	one = strip(pair, count);
	other = strip(pair + half + 1, count);
	if (one && other && !strcmp(one, other))
		fprintf(out, "%s\n", one);
}

/* Write the names of files in a diff to a file, a line each: 0 or -1. */
static int list_names(char *diff, unsigned int count, const char *to)
{
	static const char *const moves[] = { "rename from ", "rename to ", "copy from ", "copy to ",
					     NULL };
	FILE *out = fopen(to, "we");
	const char *const *move;
	char *line, *save = NULL;

	for (line = strtok_r(diff, "\n", &save); out && line; line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, "\t\r")] = '\0';
		if (!strncmp(line, "--- ", 4) || !strncmp(line, "+++ ", 4))
			write_name(out, line + 4, count);
		if (!strncmp(line, "diff --git ", 11))
			write_pair(out, line + 11, count);
		/* These are without a/ and b/. */
		for (move = moves; *move; move++)
			if (!strncmp(line, *move, strlen(*move)))
				write_name(out, line + strlen(*move), count ? count - 1 : 0);
	}
	return out && !fclose(out) ? 0 : -1;
}

/* @tell: say which hunk needed how much fuzz. */
static void read_outcome(const char *name, const char *output, bool tell,
			 struct patch_outcome *outcome)
{
	unsigned int hunk, line, fuzz;
	char file[sizeof(outcome->file)] = "";
	const char *at;

	*outcome = (struct patch_outcome){ .hunk = 0 };
	for (at = output; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
		if (sscanf(at, "patching file %255[^\n]", file) == 1)
			continue;
		if (sscanf(at, "Hunk #%u succeeded at %u with fuzz %u", &hunk, &line, &fuzz) == 3) {
			if (tell)
				log_warn("%s: applied with fuzz %u: %s hunk %u", name, fuzz, file,
					 hunk);
			if (fuzz > outcome->fuzz)
				outcome->fuzz = fuzz;
		} else if (!outcome->hunk &&
			   sscanf(at, "Hunk #%u FAILED at %u", &hunk, &line) == 2) {
			outcome->hunk = hunk;
			outcome->line = line;
			snprintf(outcome->file, sizeof(outcome->file), "%s", file);
		}
	}
}

static int run_patch(const struct patch *patch, const char *diff, const char *directory,
		     char **output)
{
	char level[8];
	const char *const argv[] = { "patch",
				     "--binary",
				     "--force",
				     "--forward",
				     "--no-backup-if-mismatch",
				     "-F2",
				     "-r",
				     "-",
				     "-i",
				     diff,
				     level,
				     patch->reverse ? "-R" : NULL,
				     NULL };
	const char *const env[] = { "LC_ALL=C", "POSIXLY_CORRECT", NULL };
	const struct process process = {
		.argv = argv, .directory = directory, .env = env, .mixed = true
	};

	snprintf(level, sizeof(level), "-p%u", patch->strip);
	return process_run(&process, output);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* In a directory with copies of the files. */
static int apply_to_copies(const struct patch_target *target, const struct patch *patch,
			   const char *diff, const char *names, const char *copies,
			   struct patch_outcome *outcome)
{
	const struct patch_git call = {
		.git_dir = target->git_dir,
		.directory = copies,
		.index = target->index,
		.input = names,
	};
	char *output = NULL;
	int status;

	/* Files that the patch creates are not there: the exit status says nothing. */
	status = patch_git(&call, ARGS("checkout-index", "--quiet", "--force", "--stdin"));
	if (status != -EINTR)
		status = run_patch(patch, diff, copies, &output);
	read_outcome(patch->name, output, !status, outcome);
	if (!status)
		status = patch_git(&call, ARGS("update-index", "--add", "--remove", "--stdin"));
	free(output);
	return status && status != -EINTR ? 1 : status;
}

/*
 * A link that a patch makes might lead it out of the copies; patch(1) ignores binary files, and
 * exits with 0.
 */
static bool is_beyond_patch(const char *diff)
{
	return strstr(diff, "mode 120000") || strstr(diff, "\nBinary files ") ||
	       strstr(diff, "\nGIT binary patch") || strstr(diff, "mode 160000");
}

int patch_with_fuzz(const struct patch_target *target, const struct patch *patch, const char *diff,
		    struct patch_outcome *outcome)
{
	char *names = xasprintf("%s/names", target->scratch);
	char *copies = xasprintf("%s/copies", target->scratch);
	size_t size;
	char *text = regular_file_read(diff, 0, &size);
	int status = 1;

	*outcome = (struct patch_outcome){ .hunk = 0 };
	if (text && !is_beyond_patch(text) && !list_names(text, patch->strip, names) &&
	    !mkdir(copies, 0700))
		status = apply_to_copies(target, patch, diff, names, copies, outcome);
	nftw(copies, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(text);
	free(names);
	free(copies);
	return status;
}
