/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "bench/build/cache.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/ini_file.h"
#include "lib/json_file.h"
#include "lib/log.h"
#include "lib/record.h"

/* The longest line of libinih. */
#define LINE_MAX_LENGTH 197

/* What a file of the registry says. */
struct entry {
	struct record_list files; /* image or path, of each build */
	char *source, *subject;
};

static void entry_release(struct entry *entry)
{
	record_release_texts(&entry->files);
	free(entry->source);
	free(entry->subject);
	*entry = (struct entry){ .source = NULL };
}

static int take_value(const struct ini_entry *e, void *context)
{
	struct entry *entry = context;

	if (!strcmp(e->key, "image") || !strcmp(e->key, "path"))
		record_append_text(&entry->files, e->value);
	else if (!strcmp(e->key, "source"))
		record_set_text(&entry->source, e->value);
	else if (!strcmp(e->key, "subject"))
		record_set_text(&entry->subject, e->value);
	return 0;
}

/* A damaged file has no values. */
static struct entry entry_load(const char *path)
{
	struct entry entry = { .source = NULL };
	char ignored[256];

	ini_file_parse(path, take_value, &entry, ignored, sizeof(ignored));
	return entry;
}

/* " ;" would begin a comment, and a long line is an error. A character is not cut in two. */
static void print_value(FILE *f, const char *key, const char *value)
{
	size_t room = LINE_MAX_LENGTH - strlen(key) - strlen(" = "), n = strlen(value), i;

	if (n > room)
		for (n = room; n && ((unsigned char)value[n] & 0xc0) == 0x80;)
			n--;
	fprintf(f, "%s = ", key);
	for (i = 0; i < n; i++) {
		if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
			fputc(' ', f);
		else if (value[i] == ';' && i && value[i - 1] == ' ')
			fputc(',', f);
		else
			fputc(value[i], f);
	}
	fputc('\n', f);
}

/* The file is needed as it is. */
static int check_length(const struct registry_value *values, char *err, size_t err_size)
{
	for (; values->key; values++)
		if (values->value && *values->value == '/' &&
		    strlen(values->key) + strlen(" = ") + strlen(values->value) > LINE_MAX_LENGTH)
			return refuse(err, err_size,
				      "the path is too long: %s; set BALLOONBENCH_CACHE to a "
				      "shorter one",
				      values->value);
	return 0;
}

/* That of the first build; NULL: it has none. */
static const char *main_file(const struct entry *entry)
{
	return entry->files.count ? ((char **)entry->files.items)[0] : NULL;
}

static const char *value_of(const struct registry_value *values, const char *key)
{
	for (; values->key; values++)
		if (!strcmp(values->key, key))
			return values->value;
	return NULL;
}

static void say_what_is_replaced(const char *path, const char *kind, const char *name,
				 const struct registry_value *values)
{
	const char *file = value_of(values, "image") ?: value_of(values, "path");
	struct entry before = entry_load(path);

	if (main_file(&before) && file && strcmp(main_file(&before), file) != 0)
		log_info("%s %s is replaced; it was of %s%s%s%s", kind, name,
			 before.source ?: "an unknown source", before.subject ? " (" : "",
			 before.subject ?: "", before.subject ? ")" : "");
	entry_release(&before);
}

void registry_print(FILE *f, const char *kind, const char *name,
		    const struct registry_value *values)
{
	fprintf(f, "[%s %s]\n", kind, name);
	for (; values->key; values++)
		if (values->value && *values->value)
			print_value(f, values->key, values->value);
}

int registry_write(const char *kind, const char *name, const struct registry_value *values,
		   const char *more, char *err, size_t err_size)
{
	char *path = cache_path(err, err_size, "%ss/%s.ini", kind, name), *text = NULL;
	size_t size;
	FILE *f = xmemstream(&text, &size);
	int status;

	status = path ? check_length(values, err, err_size) : -EINVAL;
	if (!status) {
		say_what_is_replaced(path, kind, name, values);
		fprintf(f, "# Written by balloonbench build.\n");
		registry_print(f, kind, name, values);
		fputs(more ?: "", f);
	}
	fclose(f);
	if (!status)
		status = cache_write_text(path, text, err, err_size);
	free(path);
	free(text);
	return status;
}

/* What is left after a removal, and what may go. */
struct removal {
	char *root;
	const char *images;
	size_t names;
};

/* Directory of an entry, "ROOT/kernels/KEY", that a file is in, to be freed; NULL: elsewhere. */
static char *entry_of(const struct removal *r, const char *file)
{
	const char *kinds[] = { "kernels", "qemu" }, *rest;
	char *above;
	size_t i, n;

	for (i = 0; file && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		above = xasprintf("%s/%s/", r->root, kinds[i]);
		n = strncmp(file, above, strlen(above)) ? 0 : strlen(above);
		free(above);
		if (!n)
			continue;
		rest = file + n;
		n += strcspn(rest, "/");
		return file[n] == '/' && *rest != '.' ? xasprintf("%.*s", (int)n, file) : NULL;
	}
	return NULL;
}

static bool file_mentions(const char *path, const char *entry)
{
	size_t size, n = strlen(entry);
	char *text = path ? regular_file_read(path, 0, &size) : NULL, *at;
	bool mentions = false;

	for (at = text; at && !mentions && (at = strstr(at, entry)); at += n)
		mentions = at[n] == '/';
	free(text);
	return mentions;
}

/* Whether another name, or the checkout, has a file of the entry. */
static bool is_named(const struct removal *r, const char *entry)
{
	static const char *const patterns[] = { "/cuts/*.ini", "/qemus/*.ini" };
	bool named = file_mentions(r->images, entry);
	glob_t found;
	size_t i, j;

	for (i = 0; !named && i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (glob_below(r->root, patterns[i], &found))
			continue;
		for (j = 0; !named && j < found.gl_pathc; j++)
			named = file_mentions(found.gl_pathv[j], entry);
		globfree(&found);
	}
	return named;
}

/* Whether a kernel or QEMU in the cache was built in this tree. */
static bool tree_is_used(const struct removal *r, const char *tree)
{
	static const char *const patterns[] = { "/kernels/*", "/qemu/*" };
	bool used = false;
	glob_t found;
	size_t i, j;
	char *of;

	for (i = 0; !used && i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (glob_below(r->root, patterns[i], &found))
			continue;
		for (j = 0; !used && j < found.gl_pathc; j++) {
			of = cache_read_line(found.gl_pathv[j], "tree");
			used = of && !strcmp(of, tree);
			free(of);
		}
		globfree(&found);
	}
	return used;
}

static int remove_entry(const struct removal *r, const char *entry, char *err, size_t err_size)
{
	char *tree = cache_read_line(entry, "tree"), *path = NULL;
	int status = cache_remove_tree(entry, err, err_size);

	if (status)
		goto out;
	printf("removed %s\n", entry);
	if (!tree || !*tree || strchr(tree, '/') || *tree == '.' || tree_is_used(r, tree))
		goto out;
	path = xasprintf("%s/trees/%s", r->root, tree);
	if (!access(path, F_OK)) {
		status = cache_remove_tree(path, err, err_size);
		if (!status)
			printf("removed %s\n", path);
	}
out:
	free(tree);
	free(path);
	return status;
}

/* Runs have a shared lock on the file. */
static int check_unused(const char *file, const char *name, char *err, size_t err_size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), status = 0;

	if (fd < 0)
		return 0;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		refuse(err, err_size, "%s is in use by a run; remove it when that has ended", name);
		status = -EBUSY;
	}
	close(fd);
	return status;
}

/* The file of a build, when its name is gone. */
static int remove_unnamed(const struct removal *r, const char *file, char *err, size_t err_size)
{
	char *entry = entry_of(r, file);
	int status = 0;

	if (entry && !access(entry, F_OK) && !is_named(r, entry))
		status = remove_entry(r, entry, err, err_size);
	free(entry);
	return status;
}

static int remove_name(struct removal *r, const char *path, char *err, size_t err_size)
{
	struct entry said = entry_load(path);
	char **files = said.files.items, *entry = entry_of(r, main_file(&said));
	int status = entry ? check_unused(*files, path, err, err_size) : 0;
	size_t i;

	if (status)
		goto out;
	if (unlink(path) < 0) {
		status = -errno;
		refuse(err, err_size, "cannot remove %s: %s", path, strerror(errno));
		goto out;
	}
	printf("removed %s\n", path);
	r->names++;
	for (i = 0; !status && i < said.files.count; i++)
		status = remove_unnamed(r, files[i], err, err_size);
out:
	entry_release(&said);
	free(entry);
	return status;
}

int registry_remove(const char *pattern, const char *images, char *err, size_t err_size)
{
	static const char *const kinds[] = { "cuts", "qemus" };
	struct removal r = { .root = cache_root(err, err_size), .images = images };
	int status = r.root ? 0 : -EINVAL;
	glob_t found;
	size_t i, j;
	char *files;

	if (strchr(pattern, '/'))
		status = refuse(err, err_size, "'%s' is not the name of a cut", pattern);
	for (i = 0; !status && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		files = xasprintf("/%s/%s.ini", kinds[i], pattern);
		if (!glob_below(r.root, files, &found)) {
			for (j = 0; !status && j < found.gl_pathc; j++)
				status = remove_name(&r, found.gl_pathv[j], err, err_size);
			globfree(&found);
		}
		free(files);
	}
	if (!status && !r.names)
		status = refuse(err, err_size,
				"there is no cut or QEMU '%s' in %s; balloonbench list shows what "
				"there is",
				pattern, r.root);
	free(r.root);
	return status;
}
