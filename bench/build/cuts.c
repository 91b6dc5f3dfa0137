/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/cuts.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/config/keys.h"
#include "lib/alloc.h"
#include "lib/log.h"
#include "lib/record.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* What is left of the name of a cut for its number and a word. */
#define PREFIX_MAX 16

struct cut *cuts_add(struct cut_list *cuts)
{
	struct cut *cut;

	cuts->items = xreallocarray(cuts->items, cuts->count + 1, sizeof(*cuts->items));
	cut = &cuts->items[cuts->count++];
	*cut = (struct cut){ .name = NULL };
	return cut;
}

void cuts_release(struct cut_list *cuts)
{
	struct cut *cut;
	size_t i;

	for (i = 0; i < cuts->count; i++) {
		cut = &cuts->items[i];
		free(cut->name);
		free(cut->tree);
		free(cut->commit);
		free(cut->message_id);
		free(cut->subject);
		free(cut->author_date);
		free(cut->fuzz);
		free(cut->trace_events);
	}
	free(cuts->items);
	*cuts = (struct cut_list){ .items = NULL };
}

void cut_set_name(struct cut *cut, const char *prefix, size_t number, size_t total,
		  const char *subject)
{
	char name[CUT_NAME_SIZE];

	cut_slug(prefix, number, total, subject, name);
	record_set_text(&cut->name, name);
}

int cut_check_name(const char *name, char *err, size_t err_size)
{
	if (is_plain_name(name) && isalnum((unsigned char)*name) && strlen(name) <= CUT_NAME_MAX)
		return 0;
	return refuse(err, err_size,
		      "'%s' cannot be the name of a cut; use up to %d letters, digits, '.', '_' "
		      "and '-'",
		      name, CUT_NAME_MAX);
}

int cut_check_prefix(const char *prefix, char *err, size_t err_size)
{
	if (!cut_check_name(prefix, err, err_size) && strlen(prefix) <= PREFIX_MAX)
		return 0;
	return refuse(err, err_size,
		      "'%s' cannot be the prefix of names of cuts; use up to %d letters, digits, "
		      "'.', '_' and '-'",
		      prefix, PREFIX_MAX);
}

int cut_describe(struct cut *cut, const struct source *source, const char *commit, char *err,
		 size_t err_size)
{
	static const char *const settings[] = { "log.showSignature=false", "log.mailmap=false",
						"i18n.logOutputEncoding=UTF-8", NULL };
	char *output = NULL, *end;
	const struct git_call call = { .output = &output, .config = settings };
	int status =
		git_read(source->path, &call,
			 ARGS("log", "-1", "--no-walk", "--no-color", "--format=%aI%n%s", commit));

	if (status) {
		free(output);
		return git_failed(status, "read a commit", err, err_size);
	}
	end = output ? strchr(output, '\n') : NULL;
	record_set_text(&cut->commit, commit);
	if (end) {
		*end++ = '\0';
		record_set_text(&cut->author_date, output);
		end[strcspn(end, "\n")] = '\0';
		record_set_text(&cut->subject, end);
	}
	free(output);
	return 0;
}

/* "BASE..TIP"; without TIP: HEAD. */
static int split_range(const char *range, char **base, char **tip, char *err, size_t err_size)
{
	const char *dots = strstr(range, "..");

	if (!dots || dots == range || dots[2] == '.' || strstr(dots + 2, ".."))
		return refuse(err, err_size, "--range %s: expected BASE..TIP, as in v6.12..HEAD",
			      range);
	*base = xasprintf("%.*s", (int)(dots - range), range);
	*tip = xstrdup(dots[2] ? dots + 2 : "HEAD");
	return 0;
}

/* The commits after the base, first parents only, a line each: "ID PARENT..."; to be freed. */
static int list_commits(const struct source *source, const char *base, const char *tip,
			char **commits, char *err, size_t err_size)
{
	char *not_base = xasprintf("^%s", base);
	const struct git_call call = { .output = commits };
	int status = git_read(
		source->path, &call,
		ARGS("rev-list", "--first-parent", "--reverse", "--parents", tip, not_base));

	if (status)
		status = git_failed(status, "list the commits of the range", err, err_size);
	else if (!*commits)
		*commits = xstrdup("");
	free(not_base);
	return status;
}

/* Whether the first commit of the list follows the base; a range of a branch elsewhere does not. */
static int check_base(const struct source *source, const char *range, const char *commits,
		      const char *base, const char *tip, char *err, size_t err_size)
{
	const char *parent = strchr(commits, ' ');
	char *common = NULL;
	char ignored[256];
	int status;

	if (!*commits)
		return refuse(err, err_size,
			      "--range %s: there is no commit in it; is it the wrong way round?",
			      range);
	if (parent && parent < strchr(commits, '\n') && !strncmp(parent + 1, base, strlen(base)))
		return 0;
	common = git_line_of(source->path, ARGS("merge-base", base, tip), ignored, sizeof(ignored));
	if (!common)
		status = refuse(err, err_size,
				"--range %s: the two have no common history here; in a shallow "
				"clone, fetch more of it",
				range);
	else if (strcmp(common, base))
		status = refuse(err, err_size,
				"--range %s: the base is not an ancestor of the tip; they have "
				"%.12s in common: use it as the base, or rebase",
				range, common);
	else
		status = refuse(err, err_size,
				"--range %s: the base came in by a merge: it is not on the line of "
				"first parents of the tip; use a base that is",
				range);
	free(common);
	return status;
}

static int add_commit(const struct source *source, struct cut_list *cuts, const char *commit,
		      char *err, size_t err_size)
{
	struct cut *cut = cuts_add(cuts);

	return tree_of_revision(source, commit, NULL, &cut->tree, err, err_size)
		       ?: cut_describe(cut, source, commit, err, err_size);
}

static int import_all(const struct source *source, const struct git *git,
		      const struct cut_list *cuts, char *err, size_t err_size)
{
	const char **trees = xcalloc(cuts->count + 1, sizeof(*trees));
	const char **commits = xcalloc(cuts->count + 1, sizeof(*commits));
	int status;
	size_t i;

	for (i = 0; i < cuts->count; i++) {
		trees[i] = cuts->items[i].tree;
		commits[i] = cuts->items[i].commit;
	}
	status = git_import(git, source->path, trees, commits, err, err_size);
	free(trees);
	free(commits);
	return status;
}

/*
 * What the working tree is based on, and its tree, to be freed; a repository without a commit has
 * none. Its objects are copied only because one pack is faster than a file for each of them.
 */
static void find_head(const struct source *source, const struct git *git, char **head, char **tree)
{
	char ignored[256];

	*head = *tree = NULL;
	if (source->in_git &&
	    !tree_of_revision(source, "HEAD", head, tree, ignored, sizeof(ignored)))
		git_import(git, source->path, ARGS(*tree), ARGS(*head), ignored, sizeof(ignored));
}

int cuts_of_directory(const struct source *source, const struct git *git, const char *name,
		      struct cut_list *cuts, char *err, size_t err_size)
{
	struct cut *cut = cuts_add(cuts);
	char *head, *tree;
	int status;

	record_set_text(&cut->name, name);
	find_head(source, git, &head, &tree);
	status = tree_of_directory(git, source, &cut->tree, err, err_size);
	if (!status && head) {
		status = cut_describe(cut, source, head, err, err_size);
		cut->dirty = strcmp(tree, cut->tree) != 0;
	}
	free(head);
	free(tree);
	return status;
}

int cuts_base(const struct source *source, const struct git *git, const char *revision,
	      const char *prefix, struct cut_list *cuts, char *err, size_t err_size)
{
	char *commit = NULL;
	int status;

	if (!source->in_git && revision)
		return refuse(err, err_size, "%s is not in git: it has no commit %s", source->path,
			      revision);
	if (source->in_git) {
		status = tree_of_revision(source, revision ?: "HEAD", &commit, NULL, err, err_size);
		if (!status)
			status = add_commit(source, cuts, commit, err, err_size)
					 ?: import_all(source, git, cuts, err, err_size);
	} else {
		status = cuts_of_directory(source, git, "base", cuts, err, err_size);
	}
	if (!status)
		cut_set_name(&cuts->items[cuts->count - 1], prefix, 0, 0, NULL);
	free(commit);
	return status;
}

void split_onto(const char *onto, char **directory, char **revision)
{
	const char *at = strrchr(onto, '@');
	struct stat st;

	*revision = NULL;
	if (!at || !stat(onto, &st)) {
		*directory = xstrdup(onto);
		return;
	}
	*directory = xasprintf("%.*s", (int)(at - onto), onto);
	*revision = xstrdup(at + 1);
}

static size_t count_lines(const char *text, size_t *merges)
{
	size_t lines = 0, words;

	for (*merges = 0; *text; lines++) {
		for (words = 1; *text && *text != '\n'; text++)
			words += *text == ' ';
		*merges += words > 2;
		text += *text == '\n';
	}
	return lines;
}

/* A cut for each line of the list, or only for the last. */
static int add_commits(const struct source *source, char *commits, bool ends, const char *prefix,
		       struct cut_list *cuts, char *err, size_t err_size)
{
	size_t merges, total = count_lines(commits, &merges), number;
	char *line = commits, *next;
	struct cut *cut;
	int status = 0;

	if (merges)
		log_info("%zu commit%s of the range %s; each is one cut, as its first parent has "
			 "it",
			 merges, merges == 1 ? "" : "s", merges == 1 ? "is a merge" : "are merges");
	for (number = 1; !status && number <= total; number++, line = next) {
		next = strchr(line, '\n') + 1;
		if (ends && number < total)
			continue;
		line[strcspn(line, " \n")] = '\0';
		status = add_commit(source, cuts, line, err, err_size);
		cut = &cuts->items[cuts->count - 1];
		if (!status)
			cut_set_name(cut, prefix, number, total, cut->subject);
	}
	return status;
}

int cuts_of_range(const struct source *source, const struct git *git, const char *range, bool ends,
		  const char *prefix, struct cut_list *cuts, char *err, size_t err_size)
{
	char *base = NULL, *tip = NULL, *base_id = NULL, *tip_id = NULL, *commits = NULL;
	int status = split_range(range, &base, &tip, err, err_size);

	if (!status)
		status = tree_of_revision(source, base, &base_id, NULL, err, err_size);
	if (!status)
		status = tree_of_revision(source, tip, &tip_id, NULL, err, err_size);
	if (status)
		goto out;
	status = list_commits(source, base_id, tip_id, &commits, err, err_size);
	if (!status)
		status = check_base(source, range, commits, base_id, tip_id, err, err_size);
	if (!status)
		status = add_commit(source, cuts, base_id, err, err_size);
	if (status)
		goto out;
	cut_set_name(&cuts->items[0], prefix, 0, count_lines(commits, &(size_t){ 0 }), NULL);
	status = add_commits(source, commits, ends, prefix, cuts, err, err_size);
	if (!status)
		status = import_all(source, git, cuts, err, err_size);
out:
	free(base);
	free(tip);
	free(base_id);
	free(tip_id);
	free(commits);
	return status;
}
