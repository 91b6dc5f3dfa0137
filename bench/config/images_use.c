/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run uses of the images: whether it is there, and how to get it if it is not. */
#include "bench/config/images.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/log.h"

#define ADVICE "make all builds it"

/* How to get what a file of the registry names, or to get rid of the file. */
static const char *advice_of(const char *built_from, const char *file, char *text, size_t size)
{
	if (built_from)
		snprintf(text, size, "make it again with `%s`, or remove %s", built_from, file);
	else
		snprintf(text, size, "remove %s", file);
	return text;
}

/*
 * The key without which a cut cannot be booted or told from another kernel. The release is the same
 * for all that `balloonbench build` makes of a tree; make all gives each cut one of its own.
 */
static const char *missing_in(const struct image_cut *cut, bool shipped)
{
	if (!cut->image)
		return "image";
	if (cut->build_id || (cut->release && (shipped || cut->version)))
		return NULL;
	return shipped ? "build_id or release" : "build_id, or release and version";
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

int image_cut_check(const struct images *images, const struct image_cut *cut, char *err,
		    size_t err_size)
{
	const bool shipped = images->file && cut->file && !strcmp(cut->file, images->file);
	const char *missing = missing_in(cut, shipped);
	char what[64], advice[1024];
	int status;

	if (missing && shipped)
		return refuse(err, err_size, "%s: [cut %s] has no %s; make all writes it anew",
			      cut->file, cut->name, missing);
	if (shipped)
		snprintf(advice, sizeof(advice), ADVICE);
	else
		advice_of(cut->built_from, cut->file, advice, sizeof(advice));
	if (missing)
		return refuse(err, err_size, "%s: [cut %s] has no %s; %s", cut->file, cut->name,
			      missing, advice);
	snprintf(what, sizeof(what), "kernel of cut '%.40s'", cut->name);
	status = check_there(what, cut->image, advice, err, err_size);
	snprintf(what, sizeof(what), "modules of cut '%.40s'", cut->name);
	if (!status && cut->modules)
		status = check_there(what, cut->modules, advice, err, err_size);
	return status;
}

int image_qemu_check(const struct image_qemu *qemu, char *err, size_t err_size)
{
	char what[64], advice[1024];

	if (!qemu || !strcmp(qemu->name, QEMU_DEFAULT))
		return check_there("QEMU", qemu ? qemu->path : NULL,
				   "make deps installs Debian's, QEMU=PATH names yours", err,
				   err_size);
	snprintf(what, sizeof(what), "QEMU of '%.40s'", qemu->name);
	return check_there(what, qemu->path,
			   advice_of(qemu->built_from, qemu->file, advice, sizeof(advice)), err,
			   err_size);
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

const char *images_initramfs(const struct images *images, const struct arch *arch)
{
	static char path[PATH_MAX];
	const char *slash = images->initramfs ? strrchr(images->initramfs, '/') : NULL;

	if (!slash || !arch_is_foreign(arch))
		return images->initramfs;
	snprintf(path, sizeof(path), "%.*s/%s/initramfs.cpio", (int)(slash - images->initramfs),
		 images->initramfs, arch->name);
	return path;
}

int images_check(const struct images *images, char *err, size_t err_size)
{
	return check_there("initramfs", images->initramfs, ADVICE, err, err_size)
		       ?: image_qemu_check(images_find_qemu(images, NULL), err, err_size);
}

int images_use(struct images *images, const struct image_cut *cut, const struct image_qemu *qemu,
	       char *err, size_t err_size)
{
	const struct arch *arch = arch_of_config(cut->config);
	char advice[160];
	int status;

	snprintf(advice, sizeof(advice), "make %s builds it", arch->name);
	status = check_there("initramfs", images_initramfs(images, arch),
			     arch_is_foreign(arch) ? advice : ADVICE, err, err_size);
	if (!status)
		status = image_cut_check(images, cut, err, err_size);
	if (!status)
		status = image_qemu_check(qemu, err, err_size);
	if (!status)
		status = take_lock(images, qemu->path, err, err_size);
	if (!status)
		status = take_lock(images, cut->image, err, err_size);
	if (!status && cut->modules)
		status = take_lock(images, cut->modules, err, err_size);
	return status;
}

/* The recorded command without its own --builds. */
static void print_command(const char *command, unsigned int builds, char *text, size_t size)
{
	static const char option[] = " --builds";
	const char *at = strstr(command, option), *rest = at ? at + strlen(option) : "";

	if (at && strchr(" =", *rest))
		rest += 1 + strspn(rest + 1, "0123456789");
	snprintf(text, size, "`%.*s%s --builds %u` builds them",
		 (int)(at ? at - command : (long)strlen(command)), command, rest, builds);
}

/* How to get more builds of a cut. */
static void advise_builds(const struct images *images, const struct image_cut *cut,
			  unsigned int builds, char *text, size_t size)
{
	const bool shipped = images->file && cut->file && !strcmp(cut->file, images->file);

	if (!shipped && !cut->config_sha256)
		snprintf(text, size,
			 "it was registered as a ready kernel, whose driver is not compiled here; "
			 "build its source, as in `balloonbench build --git DIR --worktree "
			 "--builds %u`",
			 builds);
	else
		print_command(shipped || !cut->built_from ? "balloonbench build" : cut->built_from,
			      builds, text, size);
}

const char *images_advise_config(const struct images *images, const struct image_cut *cut,
				 const char *config, char *text, size_t size)
{
	const bool shipped = images->file && cut->file && !strcmp(cut->file, images->file);

	if (!shipped && !cut->config_sha256)
		snprintf(text, size,
			 "it was registered as a ready kernel; build its source, as in "
			 "`balloonbench "
			 "build --git DIR --worktree --config %s`",
			 config);
	else
		snprintf(text, size, "`%s --config %s` builds it",
			 shipped || !cut->built_from ? "balloonbench build" : cut->built_from,
			 config);
	return text;
}

int images_use_builds(struct images *images, const struct image_cut *cut, unsigned int builds,
		      char *err, size_t err_size)
{
	const struct image_cut *build;
	char advice[1024], what[64];
	unsigned int i;
	int status = 0;

	advise_builds(images, cut, builds, advice, sizeof(advice));
	if (builds > cut->builds.count + 1)
		return refuse(err, err_size, "cut '%s' has %zu build%s of %u; %s", cut->name,
			      cut->builds.count + 1, cut->builds.count ? "s" : "", builds, advice);
	for (i = 1; !status && i < builds; i++) {
		build = image_cut_build(cut, i);
		/* Layouts have the same release and version. */
		if (!build->build_id)
			return refuse(err, err_size, "%s: [build %s] has no build_id; %s",
				      cut->file, build->name, advice);
		snprintf(what, sizeof(what), "kernel of build '%.40s'", build->name);
		status = check_there(what, build->image, advice, err, err_size)
				 ?: take_lock(images, build->image, err, err_size);
	}
	return status;
}
