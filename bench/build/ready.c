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
#define HOST_MODULES "host-modules.cpio"

static const char *const image_names[] = {
	[IMAGE_VMLINUX] = "vmlinux",
	[IMAGE_BZIMAGE] = "bzImage",
};

/* What is put together: the entry until it has its name. */
struct draft {
	char *directory, *image, *modules, *host_modules; /* paths */
	struct image_info info;
	int module_count, host_module_count;
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

/* A kernel without KVM is one all the same. */
static void pack_host_modules(struct draft *d, const char *modules)
{
	char why[512];
	int count = modules_pack(modules, d->info.release, MODULES_OF_HOST, d->host_modules, why,
				 sizeof(why));

	d->host_module_count = count < 0 ? 0 : count;
	if (count < 0)
		log_info("%s cannot be a host (--host): %s", d->info.release, why);
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
	d->host_modules = xasprintf("%s/" HOST_MODULES, d->directory);
	status = copy_image(d, image);
	if (!status && modules) {
		d->module_count = modules_pack(modules, d->info.release, MODULES_OF_GUEST,
					       d->modules, d->err, d->err_size);
		status = d->module_count < 0 ? d->module_count : 0;
	}
	if (!status && modules)
		pack_host_modules(d, modules);
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
	char host_modules[DIGEST_LENGTH + 1] = "";
	int status = digest_file(d->image, image);

	if (!status && d->module_count)
		status = digest_file(d->modules, modules);
	if (!status && d->host_module_count)
		status = digest_file(d->host_modules, host_modules);
	if (status) {
		snprintf(d->err, d->err_size, "cannot read %s: %s", d->directory,
			 strerror(-status));
		return status;
	}
	text = xasprintf("v3 ready %s %s %s", image, modules, host_modules);
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
	if (d->host_module_count)
		kernel->host_modules = xasprintf("%s/" HOST_MODULES, entry);
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
	free(d.host_modules);
	return status;
}

void ready_kernel_release(struct ready_kernel *kernel)
{
	free(kernel->image);
	free(kernel->modules);
	free(kernel->host_modules);
	free(kernel->release);
	free(kernel->version);
	free(kernel->build_id);
	free(kernel->source);
	*kernel = (struct ready_kernel){ .image = NULL };
}
