/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench build --mbox and --series: patches onto a tree. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/build/build.h"
#include "bench/build/patches.h"
#include "lib/alloc.h"
#include "lib/log.h"
#include "lib/record.h"

#define BASE_NAME "00-base"

static char *directory_of_onto(const struct build_options *o)
{
	char *directory, *revision;

	split_onto(o->onto, &directory, &revision);
	free(revision);
	return directory;
}

/* A cut of a "# cut:" line has the name of the line, others that of their last patch. */
static void name_cut(struct cut *cut, const struct patch_cut *of, const char *prefix)
{
	char *name;

	if (!of->name) {
		cut_set_name(cut, prefix, of->number, of->total, of->subject);
		return;
	}
	name = prefix ? xasprintf("%s-%s", prefix, of->name) : xstrdup(of->name);
	record_set_text(&cut->name, name);
	free(name);
}

/* The base is described by its commit, and a cut by its last patch. */
static int add_cut(const struct patch_cut *of, void *context)
{
	struct build *b = context;
	char fuzz[16];
	struct cut *cut;

	/* cuts_base() has it. */
	if (!of->number && !of->name)
		return 0;
	cut = cuts_add(&b->cuts);
	name_cut(cut, of, b->options->name);
	record_set_text(&cut->tree, of->tree);
	record_set_text(&cut->subject, of->subject);
	record_set_text(&cut->message_id, of->message_id);
	record_set_text(&cut->author_date, of->author_date);
	snprintf(fuzz, sizeof(fuzz), "%u", of->fuzz);
	record_set_text(&cut->fuzz, of->number ? fuzz : NULL);
	return 0;
}

/* A series with "# cut:" lines says itself whether its base is a cut. */
static void drop_base(struct cut_list *cuts)
{
	struct cut_list base = { .items = xcalloc(1, sizeof(*base.items)), .count = 1 };

	base.items[0] = cuts->items[0];
	memmove(cuts->items, cuts->items + 1, --cuts->count * sizeof(*cuts->items));
	cuts_release(&base);
}

static int check_names(const struct cut_list *cuts, char *err, size_t err_size)
{
	size_t i, j;

	for (i = 0; i < cuts->count; i++) {
		if (cut_check_name(cuts->items[i].name, err, err_size))
			return -EINVAL;
		for (j = 0; j < i; j++)
			if (!strcmp(cuts->items[i].name, cuts->items[j].name))
				return refuse(err, err_size, "two cuts are called %s",
					      cuts->items[i].name);
	}
	return 0;
}

/* $KERNEL_CUTS: names with blanks between them. */
static size_t next_word(const char **at)
{
	*at += strspn(*at, " ");
	return strcspn(*at, " ");
}

bool name_is_in(const char *name, const char *names)
{
	size_t n;

	for (; (n = next_word(&names)); names += n)
		if (strlen(name) == n && !strncmp(names, name, n))
			return true;
	return false;
}

static int check_wanted(const struct build *b, const struct patch_list *list, char *err,
			size_t err_size)
{
	const char *only = b->only;
	size_t n, i;

	for (; (n = next_word(&only)); only += n) {
		for (i = 0; i < list->cut_count; i++)
			if (strlen(list->cuts[i].name) == n &&
			    !strncmp(only, list->cuts[i].name, n))
				break;
		if (i == list->cut_count)
			return refuse(err, err_size, "%s has no cut %.*s; change KERNEL_CUTS",
				      b->options->series, (int)n, only);
	}
	return 0;
}

static void keep_wanted(struct cut_list *cuts, const char *only)
{
	struct cut_list dropped = { .items = xcalloc(cuts->count, sizeof(*cuts->items)) };
	size_t i, kept = 0;

	for (i = 0; i < cuts->count; i++)
		if (name_is_in(cuts->items[i].name, only))
			cuts->items[kept++] = cuts->items[i];
		else
			dropped.items[dropped.count++] = cuts->items[i];
	cuts->count = kept;
	cuts_release(&dropped);
}

static int apply(struct build *b, const struct patch_list *list, char *err, size_t err_size)
{
	const struct git_place place = { .git_dir = b->git.dir };
	const struct cut *base = &b->cuts.items[0];
	char *commit = base->commit && !base->dirty
			       ? xstrdup(base->commit)
			       : git_commit_tree(&b->git, base->tree, NULL, err, err_size);
	int status =
		commit ? patches_apply(&place, commit, list, add_cut, b, err, err_size) : -EINVAL;

	free(commit);
	if (!status && list->cut_count)
		drop_base(&b->cuts);
	if (!status && b->only)
		keep_wanted(&b->cuts, b->only);
	return status ?: check_names(&b->cuts, err, err_size);
}

static int collect_patches(struct build *b, char *err, size_t err_size)
{
	const struct build_options *o = b->options;
	char *directory = NULL, *revision = NULL;
	struct patch_list list = { .directory = NULL };
	int status = o->mbox ? patch_list_read_mbox(&list, o->mbox, err, err_size)
			     : patch_list_read_series(&list, o->series, err, err_size);

	if (!status && b->only && !b->only_known)
		status = check_wanted(b, &list, err, err_size);
	if (status)
		goto out;
	split_onto(o->onto, &directory, &revision);
	if (!b->source_text)
		b->source_text = xasprintf("%s onto %s", o->mbox ?: o->series, o->onto);
	status = b->as_it_lies ? cuts_of_directory(&b->source, &b->git, BASE_NAME, &b->cuts, err,
						   err_size)
			       : cuts_base(&b->source, &b->git, revision, o->name, &b->cuts, err,
					   err_size);
	if (!status)
		status = apply(b, &list, err, err_size);
out:
	patch_list_release(&list);
	free(directory);
	free(revision);
	return status;
}

const struct build_source patches_source = { "onto", directory_of_onto, collect_patches, false };
