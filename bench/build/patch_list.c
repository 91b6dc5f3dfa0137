/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/patch_list.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/build/patch_file.h"
#include "bench/build/quilt.h"
#include "lib/alloc.h"
#include "lib/json_file.h"
#include "lib/log.h"

void patch_release(struct patch *patch)
{
	free(patch->name);
	free(patch->diff);
	free(patch->message);
	free(patch->subject);
	free(patch->title);
	free(patch->author);
	free(patch->email);
	free(patch->date);
	free(patch->message_id);
	free(patch->problem);
	*patch = (struct patch){ .name = NULL };
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void patch_list_release(struct patch_list *list)
{
	size_t i;

	for (i = 0; i < list->patches.count; i++)
		patch_release(&list->patches.items[i]);
	for (i = 0; i < list->cut_count; i++)
		free(list->cuts[i].name);
	if (list->directory)
		nftw(list->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(list->patches.items);
	free(list->cuts);
	free(list->directory);
	*list = (struct patch_list){ .copies = 0 };
}

/* Keep the patches that were read from a file; those without a diff are skipped. */
static int take(struct patch_list *list, struct patches *from, bool reverse, char *err,
		size_t err_size)
{
	struct patch *patch;
	int status = 0;
	size_t i;

	for (i = 0; i < from->count; i++) {
		patch = &from->items[i];
		patch->reverse = reverse;
		if (!status && patch->problem)
			status = refuse(err, err_size, "%s: %s", patch->name, patch->problem);
		if (!status && patch->empty)
			log_info("%s: there is no patch in it; skipped", patch->name);
		if (status || patch->empty)
			patch_release(patch);
		else
			*patches_add(&list->patches) = *patch;
	}
	return status;
}

static int add_file(struct patch_list *list, const char *directory, const struct quilt_line *line,
		    char *err, size_t err_size)
{
	struct patches found = { .count = 0 };
	char *path = xasprintf("%s/%s", directory, line->name);
	const struct patch_file file = { .path = path, .name = line->name, .strip = line->strip };
	int status = patch_file_read(list, &file, &found, err, err_size);
	size_t i;

	if (!status && line->reverse && found.count > 1)
		status = refuse(err, err_size,
				"%s: -R of a file with %zu mails; make it a file for each of them",
				line->name, found.count);
	if (!status)
		status = take(list, &found, line->reverse, err, err_size);
	else
		for (i = 0; i < found.count; i++)
			patch_release(&found.items[i]);
	free(found.items);
	free(path);
	return status;
}

static void add_cut(struct patch_list *list, const char *name)
{
	list->cuts = xreallocarray(list->cuts, list->cut_count + 1, sizeof(*list->cuts));
	list->cuts[list->cut_count++] =
		(struct cut_mark){ .name = xstrdup(name), .patches = list->patches.count };
}

static void tell_left_over(const struct patch_list *list)
{
	size_t left;

	if (!list->cut_count)
		return;
	left = list->patches.count - list->cuts[list->cut_count - 1].patches;
	if (left)
		log_warn("%zu patch%s after the last '# cut:' line %s in no cut", left,
			 left == 1 ? "" : "es", left == 1 ? "is" : "are");
}

static int read_quilt(struct patch_list *list, const char *directory, const char *path,
		      const char *text, char *err, size_t err_size)
{
	struct quilt series;
	int status = quilt_parse(&series, path, text, err, err_size);
	const struct quilt_line *line;

	for (line = series.lines; !status && line < series.lines + series.count; line++) {
		if (line->is_cut)
			add_cut(list, line->name);
		else
			status = add_file(list, directory, line, err, err_size);
	}
	quilt_release(&series);
	if (!status)
		tell_left_over(list);
	return status;
}

static int is_patch_name(const struct dirent *entry)
{
	static const char *const suffixes[] = { ".patch", ".diff", ".eml", NULL };
	const char *const *suffix;
	size_t n = strlen(entry->d_name), length;

	for (suffix = suffixes; *suffix; suffix++) {
		length = strlen(*suffix);
		if (n > length && *entry->d_name != '.' &&
		    !strcmp(entry->d_name + n - length, *suffix))
			return 1;
	}
	return 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The number of a file of `git format-patch`: 3 of "v2-0003-fix.patch"; -1: it has none. */
static long patch_number(const char *name)
{
	size_t version = *name == 'v' ? strspn(name + 1, "0123456789") : 0;

	if (version && name[version + 1] == '-')
		name += version + 2;
	if (strspn(name, "0123456789") < 4)
		return -1;
	return strtol(name, NULL, 10);
}

/* Patches of two versions, or of an older run of format-patch, lie in one directory. */
static int check_numbers(const char *directory, struct dirent *const *entries, int count, char *err,
			 size_t err_size)
{
	long number;
	int i, k;

	for (i = 0; i < count; i++) {
		number = patch_number(entries[i]->d_name);
		for (k = 0; k < i && number >= 0; k++)
			if (patch_number(entries[k]->d_name) == number)
				return refuse(err, err_size,
					      "%s: %s and %s have the same number; remove one of "
					      "them, or write a file 'series'",
					      directory, entries[k]->d_name, entries[i]->d_name);
	}
	return 0;
}

static int read_sorted(struct patch_list *list, const char *directory, char *err, size_t err_size)
{
	struct quilt_line line = { .strip = 1 };
	struct dirent **entries = NULL;
	int count = scandir(directory, &entries, is_patch_name, compare_names), i, status = 0;

	if (count < 0)
		return refuse(err, err_size, "cannot read %s: %s", directory, strerror(errno));
	if (!count)
		status = refuse(err, err_size,
				"%s: there is no file 'series' in it, and no *.patch, *.diff or "
				"*.eml; name a directory with patches",
				directory);
	else
		log_info("%s: no file 'series'; %d file%s in the order of their names", directory,
			 count, count == 1 ? "" : "s");
	if (!status)
		status = check_numbers(directory, entries, count, err, err_size);
	for (i = 0; i < count; i++) {
		line.name = entries[i]->d_name;
		if (!status)
			status = add_file(list, directory, &line, err, err_size);
		free(entries[i]);
	}
	free(entries);
	return status;
}

int patch_list_read_series(struct patch_list *list, const char *directory, char *err,
			   size_t err_size)
{
	char *path = xasprintf("%s/series", directory), *text;
	size_t size = 0;
	int status;

	*list = (struct patch_list){ .copies = 0 };
	text = regular_file_read(path, 0, &size);
	if (text && strlen(text) != size)
		status = refuse(err, err_size, "%s: NUL bytes in it; expected the names of patches",
				path);
	else if (text)
		status = read_quilt(list, directory, path, text, err, err_size);
	else if (errno == ENOENT)
		status = read_sorted(list, directory, err, err_size);
	else
		status = refuse(err, err_size, "cannot read %s: %s", path,
				errno == EINVAL ? "not a regular file" : strerror(errno));
	if (!status && !list->patches.count && !list->cut_count)
		status = refuse(err, err_size, "%s: there is no patch in it", directory);
	free(text);
	free(path);
	return status;
}
