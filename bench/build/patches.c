/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/patches.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/patch_apply.h"
#include "bench/build/patch_git.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/log.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Committer, and author of a patch without one. */
#define PERSON "balloonbench"
#define ADDRESS "balloonbench@example.org"
#define DATE "1970-01-01T00:00:00Z"

struct series_run {
	struct patch_target target;
	const struct patch_list *list;
	patches_cut_fn fn;
	void *context;
	size_t applied;
	char *tree, *commit, *author_date; /* of the last patch */
	unsigned int fuzz;
};

/* Run git; the first line of its output goes to *@line, to be freed, unless that is NULL. */
static int run_git(struct series_run *run, const char *const *env, char **line,
		   const char *const *args)
{
	char *output = NULL;
	const struct patch_git call = {
		.git_dir = run->target.git_dir,
		.index = run->target.index,
		.env = env,
		.output = &output,
	};
	int status = patch_git(&call, args);

	if (status && status != -EINTR)
		status = refuse(run->target.err, run->target.err_size, "cannot run git %s: %s",
				args[0], patch_git_reason());
	if (!status && line) {
		free(*line);
		*line = xasprintf("%.*s", output ? (int)strcspn(output, "\n") : 0, output);
	}
	free(output);
	return status;
}

static int commit_as(struct series_run *run, const struct patch *patch, const char *author,
		     const char *email, const char *date)
{
	char *variables[] = { xasprintf("GIT_AUTHOR_NAME=%s", author),
			      xasprintf("GIT_AUTHOR_EMAIL=%s", email),
			      xasprintf("GIT_AUTHOR_DATE=%s", date) };
	const char *const env[] = { "GIT_COMMITTER_NAME=" PERSON,
				    "GIT_COMMITTER_EMAIL=" ADDRESS,
				    "GIT_COMMITTER_DATE=" DATE,
				    variables[0],
				    variables[1],
				    variables[2],
				    NULL };
	const char *args[] = { "commit-tree",
			       run->tree,
			       "-p",
			       run->commit,
			       "-m",
			       patch->subject,
			       patch->message ? "-F" : NULL,
			       patch->message,
			       NULL };
	int status = run_git(run, env, &run->commit, args);
	size_t i;

	for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		free(variables[i]);
	return status;
}

/* A name or date that git does not take is left out: it says nothing about the code. */
static int commit_patch(struct series_run *run, const struct patch *patch)
{
	const char *author = patch->author ? patch->author : PERSON;
	const char *email = patch->email ? patch->email : ADDRESS;
	int status = commit_as(run, patch, author, email, patch->date ? patch->date : DATE);

	free(run->author_date);
	run->author_date = NULL;
	if (status && status != -EINTR) {
		log_info("%s: author or date are not recorded: %s", patch->name,
			 patch_git_reason());
		return commit_as(run, patch, PERSON, ADDRESS, DATE);
	}
	if (status || !patch->date)
		return status;
	return run_git(run, NULL, &run->author_date,
		       ARGS("log", "-1", "--format=%aI", run->commit));
}

static int emit(struct series_run *run, const char *name)
{
	const size_t n = run->applied;
	const struct patch *patch = n ? &run->list->patches.items[n - 1] : NULL;
	struct patch_cut cut = {
		.name = name,
		.number = n,
		.total = run->list->patches.count,
		.tree = run->tree,
		.commit = run->commit,
		.subject = patch ? patch->subject : NULL,
		.message_id = patch ? patch->message_id : NULL,
		.author_date = run->author_date,
		.fuzz = run->fuzz,
	};

	return run->fn(&cut, run->context);
}

/* The cuts that end after the patches that are applied. */
static int emit_cuts(struct series_run *run)
{
	const struct patch_list *list = run->list;
	int status = 0;
	size_t i;

	if (!list->cut_count)
		return emit(run, NULL);
	for (i = 0; !status && i < list->cut_count; i++)
		if (list->cuts[i].patches == run->applied)
			status = emit(run, list->cuts[i].name);
	return status;
}

static int apply_next(struct series_run *run)
{
	const struct patch *patch = &run->list->patches.items[run->applied];
	unsigned int fuzz;
	int status = patch_apply(&run->target, patch, &fuzz);

	if (!status)
		status = run_git(run, NULL, &run->tree, ARGS("write-tree"));
	if (!status)
		status = commit_patch(run, patch);
	if (status)
		return status;
	run->applied++;
	if (fuzz > run->fuzz)
		run->fuzz = fuzz;
	return emit_cuts(run);
}

/* As many patches as the cuts have. */
static size_t wanted(const struct patch_list *list)
{
	return list->cut_count ? list->cuts[list->cut_count - 1].patches : list->patches.count;
}

static int apply_all(struct series_run *run, const char *base_commit)
{
	char *base = xasprintf("%s^{commit}", base_commit), *tree = NULL;
	int status = run_git(run, NULL, &run->commit,
			     ARGS("rev-parse", "--verify", "--end-of-options", base));

	if (status && status != -EINTR)
		status = refuse(run->target.err, run->target.err_size,
				"cannot apply patches to %s: no such commit", base_commit);
	if (!status) {
		tree = xasprintf("%s^{tree}", run->commit);
		status = run_git(run, NULL, &run->tree, ARGS("rev-parse", "--verify", tree));
	}
	if (!status)
		status = run_git(run, NULL, NULL, ARGS("read-tree", run->tree));
	if (!status)
		status = emit_cuts(run);
	while (!status && run->applied < wanted(run->list))
		status = apply_next(run);
	free(base);
	free(tree);
	return status;
}

int patches_apply(const struct git_place *place, const char *base_commit,
		  const struct patch_list *list, patches_cut_fn fn, void *context, char *err,
		  size_t err_size)
{
	struct series_run run = { .list = list, .fn = fn, .context = context };
	char *git_dir = realpath(place->git_dir, NULL), *scratch = NULL, *index = NULL;
	int status;

	scratch = xasprintf("%s/patches-XXXXXX", git_dir ? git_dir : place->git_dir);
	if (!git_dir || !mkdtemp(scratch)) {
		status = refuse(err, err_size, "cannot create %s: %s", scratch, strerror(errno));
		goto out;
	}
	index = xasprintf("%s/index", scratch);
	run.target = (struct patch_target){ git_dir, index, scratch, NULL, 0 };
	run.target.err = err;
	run.target.err_size = err_size;
	status = apply_all(&run, base_commit);
	if (status == -EINTR)
		snprintf(err, err_size, "interrupted");
	directory_remove(scratch);
out:
	free(git_dir);
	free(scratch);
	free(index);
	free(run.tree);
	free(run.commit);
	free(run.author_date);
	return status;
}
