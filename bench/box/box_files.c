/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/box/box_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/build/cpio.h"
#include "bench/vm/initramfs.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/run_program.h"

/* What ldd prints of a program. */
#define LIBRARIES_MAX (1U << 16)

static bool add_path(struct box_files *files, const char *path)
{
	return record_append_once(&files->paths, path, strlen(path));
}

/* By the path without symbolic links, and by that which names it, unless that goes back. */
bool box_files_add(struct box_files *files, const char *path)
{
	char real[PATH_MAX], *here, *whole;
	bool added;

	if (!realpath(path, real))
		return false;
	added = add_path(files, real);
	here = *path == '/' ? NULL : realpath(".", NULL);
	whole = here ? xasprintf("%s/%s", here, path) : xstrdup(path);
	if (strcmp(whole, real) && !strstr(whole, "/.."))
		add_path(files, whole);
	free(whole);
	free(here);
	return added;
}

void box_files_add_all(struct box_files *files, const char *directory, const char *pattern)
{
	char *below = xasprintf("/%s", pattern);
	glob_t found;
	size_t i;

	if (!glob_below(directory, below, &found)) {
		for (i = 0; i < found.gl_pathc; i++)
			box_files_add(files, found.gl_pathv[i]);
		globfree(&found);
	}
	free(below);
}

/* "	libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x...)": all words that are paths. */
int box_files_add_program(struct box_files *files, const char *path)
{
	const char *argv[] = { "ldd", path, NULL };
	char *text, *rest, *word;
	int err;

	if (!box_files_add(files, path))
		return 0;
	text = rest = xcalloc(LIBRARIES_MAX, 1);
	err = program_output(argv, text, LIBRARIES_MAX);
	while (!err && (word = strsep(&rest, " \t\n")))
		if (*word == '/')
			add_path(files, word);
	free(text);
	return err;
}

void box_files_add_directory(struct box_files *files, const char *path)
{
	record_append_once(&files->directories, path, strlen(path));
}

/* With all above it, each once. */
static void put_directory(struct cpio *cpio, struct record_list *done, const char *path)
{
	const char *slash = path;

	for (;;) {
		slash = strchrnul(slash + 1, '/');
		if (slash > path && record_append_once(done, path, slash - path))
			cpio_add_directory(cpio, ((char **)done->items)[done->count - 1]);
		if (!*slash)
			return;
	}
}

static int put_file(struct cpio *cpio, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat st = { .st_size = 0 };
	void *data = NULL;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_size > UINT32_MAX)
		err = -EFBIG;
	else if (st.st_size)
		data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		err = -errno;
	else if (!err && st.st_mode & S_IXUSR)
		cpio_add_program(cpio, path + 1, data, st.st_size);
	else if (!err)
		cpio_add(cpio, path + 1, data, st.st_size);
	if (!err && data)
		munmap(data, st.st_size);
	close(fd);
	return err;
}

static int put_files(struct cpio *cpio, const struct box_files *files, char *failed, size_t size)
{
	char *const *paths = files->paths.items, *const *directories = files->directories.items;
	struct record_list done = { NULL, 0 };
	int err = 0;
	char *above;
	size_t i;

	for (i = 0; i < files->directories.count; i++)
		put_directory(cpio, &done, directories[i] + 1);
	for (i = 0; !err && i < files->paths.count; i++) {
		above = xasprintf("%.*s", (int)(strrchr(paths[i], '/') - paths[i]), paths[i]);
		if (*above)
			put_directory(cpio, &done, above + 1);
		free(above);
		err = put_file(cpio, paths[i]);
		if (err)
			snprintf(failed, size, "%s", paths[i]);
	}
	record_release_texts(&done);
	return err;
}

int box_files_pack(const struct box_files *files, const char *const first[2], char *path,
		   size_t path_size)
{
	int fd = initramfs_create(), err = fd < 0 ? fd : 0;
	struct cpio cpio = { .file = NULL };
	size_t i;

	snprintf(path, path_size, "a file in memory");
	for (i = 0; !err && i < 2; i++) {
		err = first[i] ? initramfs_append(fd, first[i]) : 0;
		if (err)
			snprintf(path, path_size, "%s", first[i]);
	}
	if (err)
		goto out;
	cpio.file = fdopen(dup(fd), "ae");
	if (!cpio.file) {
		err = -errno;
		goto out;
	}
	err = put_files(&cpio, files, path, path_size);
	cpio_end(&cpio);
	if (fclose(cpio.file) == EOF && !err)
		err = -errno;
	if (!err)
		err = initramfs_seal(fd);
out:
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

void box_files_release(struct box_files *files)
{
	record_release_texts(&files->paths);
	record_release_texts(&files->directories);
}
