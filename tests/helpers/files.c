/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/files.h"

#include <dirent.h>
#include <ftw.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/directory.h"

char *test_dir;

int test_dir_set_up(void **state)
{
	(void)state;
	test_dir = strdup(make_temp_dir());
	return test_dir ? 0 : -1;
}

int test_dir_tear_down(void **state)
{
	(void)state;
	remove_tree(test_dir);
	free(test_dir);
	return 0;
}

const char *in_test_dir(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", test_dir, name);
	return path;
}

const char *make_temp_dir(void)
{
	static char dir[64];

	strcpy(dir, "/tmp/balloonbench-test-XXXXXX");
	if (!mkdtemp(dir))
		abort();
	return dir;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *write_file(const char *dir, const char *name, const char *text)
{
	static char path[PATH_MAX];
	char copy[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(copy, sizeof(copy), "%s", path);
	make_directories(dirname(copy));
	f = fopen(path, "we");
	if (!f || fputs(text, f) == EOF || fclose(f) == EOF)
		abort();
	return path;
}

size_t count_paths(const char *dir, const char *pattern)
{
	glob_t found = { .gl_pathc = 0 };
	size_t n;

	if (glob_below(dir, pattern, &found))
		return 0;
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

size_t count_files(const char *dir)
{
	const struct dirent *entry;
	DIR *d = opendir(dir);
	size_t n = 0;

	while (d && (entry = readdir(d)))
		n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	if (d)
		closedir(d);
	return n;
}

char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!f)
		return NULL;
	if (getdelim(&text, &size, '\0', f) < 0) {
		/* It may have allocated without writing anything. */
		free(text);
		text = strdup("");
	}
	fclose(f);
	return text;
}

int count_in_file(const char *path, const char *text)
{
	char *content = read_file(path), *at = content;
	int count = 0;

	while (at && (at = strstr(at, text))) {
		at += strlen(text);
		count++;
	}
	free(content);
	return count;
}
