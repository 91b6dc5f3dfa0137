/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/ready.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/build/cache.h"
#include "bench/build/image.h"
#include "bench/build/modules.h"
#include "bench/build/process.h"
#include "lib/alloc.h"
#include "lib/log.h"

/* Removed by the next build, if this one is killed: see cache_remove_unfinished(). */
#define UNFINISHED "kernels/.ready-kernel-new.%d"
#define MODULES "modules.cpio"

static const char *const image_names[] = {
	[IMAGE_VMLINUX] = "vmlinux",
	[IMAGE_BZIMAGE] = "bzImage",
};

/* What is put together: the entry until it has its name. */
struct draft {
	char *directory, *image, *modules; /* paths */
	struct image_info info;
	int module_count;
	char *err;
	size_t err_size;
};

static int make_directory(struct draft *d)
{
	int status;

	d->directory = cache_path(d->err, d->err_size, UNFINISHED, (int)getpid());
	if (!d->directory)
		return -EINVAL;
	status = cache_remove_tree(d->directory, d->err, d->err_size);
	if (status || !mkdir(d->directory, 0755))
		return status;
	status = -errno;
	snprintf(d->err, d->err_size, "cannot write to the cache: %s: %s", d->directory,
		 strerror(-status));
	return status;
}

static int copy_image(struct draft *d, const char *image)
{
	const char *argv[] = { "cp", "--", image, d->image, NULL };
	int status = process_run(&(struct process){ .argv = argv }, NULL);

	if (status > 0)
		return refuse(d->err, d->err_size, "cannot copy %s: %s", image, process_error());
	if (!status && chmod(d->image, 0644) < 0)
		status = -errno;
	if (status && status != -EINTR)
		snprintf(d->err, d->err_size, "cannot copy %s: %s", image, strerror(-status));
	/* The copy is what will be booted. */
	return status ? status : image_inspect(d->image, &d->info, d->err, d->err_size);
}

static int fill(struct draft *d, const char *image, const char *modules)
{
	int status = image_inspect(image, &d->info, d->err, d->err_size);

	if (!status)
		status = make_directory(d);
	if (status)
		return status;
	d->image = xasprintf("%s/%s", d->directory, image_names[d->info.format]);
	d->modules = xasprintf("%s/" MODULES, d->directory);
	status = copy_image(d, image);
	if (!status && modules) {
		d->module_count =
			modules_pack(modules, d->info.release, d->modules, d->err, d->err_size);
		status = d->module_count < 0 ? d->module_count : 0;
	}
	if (!status)
		status = cache_write_line(d->directory, "release", d->info.release, d->err,
					  d->err_size);
	if (!status)
		status = cache_write_line(d->directory, "version", d->info.version, d->err,
					  d->err_size);
	if (!status && d->info.build_id[0])
		status = cache_write_line(d->directory, "build_id", d->info.build_id, d->err,
					  d->err_size);
	return status;
}

static int make_key(const struct draft *d, char key[KEY_LENGTH + 1])
{
	char image[DIGEST_LENGTH + 1], modules[DIGEST_LENGTH + 1] = "", *text;
	int status = digest_file(d->image, image);

	if (!status && d->module_count)
		status = digest_file(d->modules, modules);
	if (status) {
		snprintf(d->err, d->err_size, "cannot read %s: %s", d->directory,
			 strerror(-status));
		return status;
	}
	text = xasprintf("v2 ready %s %s", image, modules);
	digest_key(text, key);
	free(text);
	return 0;
}

/* Give the entry its name, unless there is one that is the same. */
static int keep(struct draft *d, struct ready_kernel *kernel)
{
	char *entry = cache_path(d->err, d->err_size, "kernels/%s", kernel->key);
	int status = 0;

	if (!entry)
		return -EINVAL;
	if (!cache_has(entry))
		status = cache_keep(d->directory, entry, d->err, d->err_size);
	kernel->image = xasprintf("%s/%s", entry, image_names[d->info.format]);
	if (d->module_count)
		kernel->modules = xasprintf("%s/" MODULES, entry);
	kernel->release = xstrdup(d->info.release);
	kernel->version = xstrdup(d->info.version);
	if (d->info.build_id[0])
		kernel->build_id = xstrdup(d->info.build_id);
	free(entry);
	return status;
}

int ready_kernel(const char *image, const char *modules, struct ready_kernel *kernel, char *err,
		 size_t err_size)
{
	struct draft d = { .err_size = err_size };
	char unused[512];
	int status;

	d.err = err;
	*kernel = (struct ready_kernel){ .source = xasprintf("image %s", image) };
	status = fill(&d, image, modules);
	if (!status)
		status = make_key(&d, kernel->key);
	if (!status)
		status = keep(&d, kernel);
	if (d.directory)
		cache_remove_tree(d.directory, unused, sizeof(unused));
	free(d.directory);
	free(d.image);
	free(d.modules);
	return status;
}

void ready_kernel_release(struct ready_kernel *kernel)
{
	free(kernel->image);
	free(kernel->modules);
	free(kernel->release);
	free(kernel->version);
	free(kernel->build_id);
	free(kernel->source);
	*kernel = (struct ready_kernel){ .image = NULL };
}
