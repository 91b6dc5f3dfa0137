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

#include "bench/config/keys.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/log.h"
#include "lib/record.h"

#define CUT_SECTION "cut "
#define ADVICE "make all builds it"

#define PATH_FUNCTION(function, name)                                                              \
	const char *function(void)                                                                 \
	{                                                                                          \
		static char path[PATH_MAX];                                                        \
                                                                                                   \
		return data_path("bench", name, path, sizeof(path));                               \
	}

PATH_FUNCTION(path_scenarios, "scenarios")
PATH_FUNCTION(path_variants, "variants.ini")
PATH_FUNCTION(path_suites, "suites.ini")

const char *path_images(void)
{
	static char path[PATH_MAX];

	if (data_path_is_told() &&
	    !access(data_path("build", "images.ini", path, sizeof(path)), R_OK))
		return path;
	snprintf(path, sizeof(path), "%s/images.ini", program_directory());
	if (access(path, R_OK) < 0)
		data_path("build", "images.ini", path, sizeof(path));
	return path;
}

const struct image_cut *images_find(const struct images *images, const char *cut)
{
	return find_named(images->cuts, images->cut_count, sizeof(*images->cuts), cut);
}

static int set_path(const struct ini_entry *e, const struct key *key, void *member)
{
	const char *slash = strrchr(e->path, '/');
	char **path = member;

	if (e->value[0] == '/' || !slash)
		return key_set_text(e, key, member);
	*path = xasprintf("%.*s/%s", (int)(slash - e->path), e->path, e->value);
	return 0;
}

#define S struct image_cut
static const struct key cut_keys[] = {
	KEY(NULL, "vmlinux", set_path, vmlinux),
	KEY(NULL, "release", key_set_text, release),
	KEY(NULL, "key", key_set_text, key),
	KEY(NULL, "patches_sha256", key_set_text, patches_sha256),
	{ .name = NULL },
};
#undef S

#define S struct images
static const struct key images_keys[] = {
	KEY("kernel", "source", key_set_text, source),
	KEY("kernel", "compiler", key_set_text, compiler),
	KEY("kernel", "config_sha256", key_set_text, config_sha256),
	KEY("initramfs", "path", set_path, initramfs),
	KEY("qemu", "path", set_path, qemu),
	{ .name = NULL },
};
#undef S

static int set_entry(const struct ini_entry *e, void *context)
{
	struct images *images = context;
	const size_t size = sizeof(*images->cuts);

	if (strncmp(e->section, CUT_SECTION, strlen(CUT_SECTION)))
		return key_set(images_keys, e, images);
	images->cuts = xreallocarray(images->cuts, images->cut_count + 1, size);
	return key_set(cut_keys, e,
		       find_or_add_named(images->cuts, &images->cut_count, size,
					 e->section + strlen(CUT_SECTION)));
}

static int check_there(const char *what, const char *file, const char *advice, char *err,
		       size_t err_size)
{
	if (file && !access(file, R_OK))
		return 0;
	if (file && errno == EACCES)
		refuse(err, err_size,
		       "%s %s: %s; BALLOONBENCH_CACHE=DIR make all builds into a directory that "
		       "you can read",
		       what, file, strerror(errno));
	else
		refuse(err, err_size, "no %s%s%s; %s", what, file ? " at " : "", file ? file : "",
		       advice);
	return -ENOENT;
}

/* 0, also on a file system without locks. */
static int take_lock(struct images *images, const char *path, char *err, size_t err_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	/* A QEMU that can be run but not read is not in the cache. */
	if (fd < 0)
		return 0;
	images->locks = xreallocarray(images->locks, images->lock_count + 1, sizeof(fd));
	images->locks[images->lock_count++] = fd;
	if (!(flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK) && !fstat(fd, &st) &&
	    st.st_nlink)
		return 0;
	refuse(err, err_size, "%s is being removed from the cache; make all builds it", path);
	return -EBUSY;
}

static int check_cut(const struct image_cut *cut, const char *path, char *err, size_t err_size)
{
	char what[64];
	int status;

	snprintf(what, sizeof(what), "kernel of cut '%.40s'", cut->name);
	status = check_there(what, cut->vmlinux, ADVICE, err, err_size);
	if (status || (cut->release && cut->key && cut->patches_sha256))
		return status;
	return refuse(err, err_size, "%s: [cut %s] is incomplete; make all writes it anew", path,
		      cut->name);
}

static int check_complete(const struct images *images, const char *path, char *err, size_t err_size)
{
	int status;
	size_t i;

	if (!images->source || !images->compiler || !images->config_sha256 || !images->cut_count)
		return refuse(err, err_size, "%s is incomplete; make all writes it anew", path);
	status = check_there("initramfs", images->initramfs, ADVICE, err, err_size);
	for (i = 0; !status && i < images->cut_count; i++)
		status = check_cut(&images->cuts[i], path, err, err_size);
	if (!status)
		status = check_there("QEMU", images->qemu,
				     "make deps installs Debian's, QEMU=PATH names yours", err,
				     err_size);
	return status;
}

int images_load(struct images *images, const char *path, char *err, size_t err_size)
{
	const char *qemu = getenv("QEMU");
	int status;
	size_t i;

	memset(images, 0, sizeof(*images));
	status = ini_file_parse(path, set_entry, images, err, err_size);
	if (status == -ENOENT)
		snprintf(err, err_size,
			 "no guest kernels yet (%s does not exist); make all builds them", path);
	if (!status && qemu && *qemu)
		record_set_text(&images->qemu, qemu);
	if (!status)
		status = check_complete(images, path, err, err_size);
	if (!status)
		status = take_lock(images, images->qemu, err, err_size);
	for (i = 0; !status && i < images->cut_count; i++)
		status = take_lock(images, images->cuts[i].vmlinux, err, err_size);
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
		keys_release(cut_keys, &images->cuts[i]);
	}
	for (i = 0; i < images->lock_count; i++)
		close(images->locks[i]);
	free(images->locks);
	free(images->cuts);
	keys_release(images_keys, images);
	free(images->initramfs);
	free(images->qemu);
	memset(images, 0, sizeof(*images));
}
