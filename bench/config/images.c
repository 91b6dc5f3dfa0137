/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/images.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/ini_file.h"

#define CUT_SECTION "cut "

static struct image_cut *find_or_add(struct images *images, const char *name)
{
	struct image_cut *longer;
	size_t i;

	for (i = 0; i < images->cut_count; i++)
		if (!strcmp(images->cuts[i].name, name))
			return &images->cuts[i];
	longer = reallocarray(images->cuts, images->cut_count + 1, sizeof(*longer));
	if (!longer)
		return NULL;
	images->cuts = longer;
	longer[images->cut_count] = (struct image_cut){ .name = strdup(name) };
	return longer[images->cut_count].name ? &longer[images->cut_count++] : NULL;
}

static char **cut_field(struct image_cut *cut, const char *key)
{
	if (!strcmp(key, "vmlinux"))
		return &cut->vmlinux;
	if (!strcmp(key, "release"))
		return &cut->release;
	if (!strcmp(key, "key"))
		return &cut->key;
	return strcmp(key, "patches_sha256") ? NULL : &cut->patches_sha256;
}

static char **images_field(struct images *images, const char *section, const char *key)
{
	char name[128];

	snprintf(name, sizeof(name), "%s.%s", section, key);
	if (!strcmp(name, "kernel.source"))
		return &images->source;
	if (!strcmp(name, "kernel.compiler"))
		return &images->compiler;
	if (!strcmp(name, "kernel.config_sha256"))
		return &images->config_sha256;
	if (!strcmp(name, "initramfs.path"))
		return &images->initramfs;
	return strcmp(name, "qemu.path") ? NULL : &images->qemu;
}

/* A relative path is one beside the file that names it. */
static char *resolve(const struct ini_entry *e, int is_path)
{
	const char *slash = strrchr(e->path, '/');
	char *text;

	if (!is_path || e->value[0] == '/' || !slash)
		return strdup(e->value);
	if (asprintf(&text, "%.*s/%s", (int)(slash - e->path), e->path, e->value) < 0)
		return NULL;
	return text;
}

static int set_entry(const struct ini_entry *e, void *context)
{
	struct images *images = context;
	struct image_cut *cut;
	char **field;

	if (!strncmp(e->section, CUT_SECTION, strlen(CUT_SECTION))) {
		cut = find_or_add(images, e->section + strlen(CUT_SECTION));
		if (!cut)
			return -ENOMEM;
		field = cut_field(cut, e->key);
	} else {
		field = images_field(images, e->section, e->key);
	}
	if (!field)
		return ini_fail(e, "unknown key; make all writes the file anew");
	*field = resolve(e, !strcmp(e->key, "vmlinux") || !strcmp(e->key, "path"));
	return *field ? 0 : -ENOMEM;
}

static int check_there(const char *what, const char *file, const char *advice, char *err,
		       size_t err_size)
{
	if (file && !access(file, R_OK))
		return 0;
	if (file && errno == EACCES) {
		snprintf(err, err_size,
			 "%s %s: %s; BALLOONBENCH_CACHE=DIR make all builds into a directory that "
			 "you can read",
			 what, file, strerror(errno));
		return -EACCES;
	}
	snprintf(err, err_size, "no %s%s%s; %s", what, file ? " at " : "", file ? file : "",
		 advice);
	return -ENOENT;
}

/* Where a file system has no locks there are none; -EBUSY where the file is being removed. */
static int take_lock(struct images *images, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	/* A QEMU that may only be run is nobody's to remove. */
	if (fd < 0)
		return 0;
	images->locks[images->lock_count++] = fd;
	if (flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return -EBUSY;
	return fstat(fd, &st) || !st.st_nlink ? -EBUSY : 0;
}

static int take_locks(struct images *images, char *err, size_t err_size)
{
	const char *path = images->qemu;
	int status;
	size_t i;

	images->locks = calloc(images->cut_count + 1, sizeof(*images->locks));
	if (!images->locks) {
		snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	status = take_lock(images, path);
	for (i = 0; !status && i < images->cut_count; i++) {
		path = images->cuts[i].vmlinux;
		status = take_lock(images, path);
	}
	if (status)
		snprintf(err, err_size, "%s is being removed from the cache; make all builds it",
			 path);
	return status;
}

static int check_complete(const struct images *images, const char *path, char *err, size_t err_size)
{
	static const char advice[] = "make all builds it";
	char what[64];
	int status;
	size_t i;

	if (!images->source || !images->compiler || !images->config_sha256 || !images->cut_count) {
		snprintf(err, err_size, "%s is incomplete; make all writes it anew", path);
		return -EINVAL;
	}
	status = check_there("initramfs", images->initramfs, advice, err, err_size);
	for (i = 0; !status && i < images->cut_count; i++) {
		const struct image_cut *cut = &images->cuts[i];

		snprintf(what, sizeof(what), "kernel of cut '%.40s'", cut->name);
		status = check_there(what, cut->vmlinux, advice, err, err_size);
		if (!status && (!cut->release || !cut->key || !cut->patches_sha256)) {
			snprintf(err, err_size,
				 "%s: [cut %s] is incomplete; make all writes it anew", path,
				 cut->name);
			status = -EINVAL;
		}
	}
	if (status)
		return status;
	return check_there("QEMU", images->qemu,
			   "make deps installs Debian's, QEMU=PATH names yours", err, err_size);
}

int images_load(struct images *images, const char *path, char *err, size_t err_size)
{
	const char *qemu = getenv("QEMU");
	int status;

	memset(images, 0, sizeof(*images));
	status = ini_file_parse(path, set_entry, images, err, err_size);
	if (status == -ENOENT)
		snprintf(err, err_size,
			 "no guest kernels yet (%s does not exist); make all builds them", path);
	if (!status && qemu && *qemu) {
		free(images->qemu);
		images->qemu = strdup(qemu);
	}
	if (!status)
		status = check_complete(images, path, err, err_size);
	if (!status)
		status = take_locks(images, err, err_size);
	if (status)
		images_release(images);
	return status;
}

void images_release(struct images *images)
{
	size_t i;

	for (i = 0; i < images->cut_count; i++) {
		free(images->cuts[i].name);
		free(images->cuts[i].vmlinux);
		free(images->cuts[i].release);
		free(images->cuts[i].key);
		free(images->cuts[i].patches_sha256);
	}
	for (i = 0; i < images->lock_count; i++)
		close(images->locks[i]);
	free(images->locks);
	free(images->cuts);
	free(images->source);
	free(images->compiler);
	free(images->config_sha256);
	free(images->initramfs);
	free(images->qemu);
	memset(images, 0, sizeof(*images));
}

const struct image_cut *images_find(const struct images *images, const char *cut)
{
	size_t i;

	for (i = 0; i < images->cut_count; i++)
		if (!strcmp(images->cuts[i].name, cut))
			return &images->cuts[i];
	return NULL;
}
