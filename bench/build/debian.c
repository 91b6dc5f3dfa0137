/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/build/cache.h"
#include "bench/build/process.h"
#include "bench/build/ready.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/log.h"

#define UNFINISHED "kernels/.debian-kernel-x.%d"
#define PREFIX "linux-image-"

/* The packages of a kernel, unpacked. */
struct unpacked {
	char *packages, *directory;
	char *err;
	size_t err_size;
};

static bool is_version(const char *text)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz.+~-";

	return *text >= '0' && *text <= '9' && strspn(text, allowed) == strlen(text);
}

/* The last line, which is the one of fetch-source, after those of apt. */
static const char *last_line(const char *text)
{
	const char *end = strrchr(text, '\n');

	return end ? end + 1 : text;
}

/* Paths of the packages, one a line. */
static int fetch(struct unpacked *u, const char *version)
{
	char script[PATH_MAX];
	const char *argv[] = { data_path(".", "vm-images/fetch-source", script, sizeof(script)),
			       "--kernel", version, NULL };
	int status = process_run(&(struct process){ .argv = argv }, &u->packages);

	if (status > 0)
		return refuse(u->err, u->err_size, "%s", last_line(process_error()));
	if (status < 0)
		snprintf(u->err, u->err_size, "cannot run %s: %s", script, strerror(-status));
	return status;
}

static int unpack(struct unpacked *u)
{
	char *rest = u->packages, *package;
	const char *argv[] = { "dpkg-deb", "-x", NULL, NULL, NULL };
	int status;

	u->directory = cache_path(u->err, u->err_size, UNFINISHED, (int)getpid());
	if (!u->directory)
		return -EINVAL;
	status = cache_remove_tree(u->directory, u->err, u->err_size);
	if (!status && mkdir(u->directory, 0755) < 0)
		status = -errno;
	argv[3] = u->directory;
	while (!status && (package = strsep(&rest, "\n"))) {
		argv[2] = package;
		if (*package)
			status = process_run(&(struct process){ .argv = argv }, NULL);
	}
	if (status > 0)
		return refuse(u->err, u->err_size, "cannot unpack %s: %s", argv[2],
			      process_error());
	if (status < 0)
		snprintf(u->err, u->err_size, "cannot unpack %s: %s", argv[2] ? argv[2] : "",
			 strerror(-status));
	return status;
}

/* In /boot, or from 7.0 on beside the modules. */
static char *find_image(const struct unpacked *u)
{
	static const char *const patterns[] = { "/boot/vmlinuz-*", "/usr/lib/modules/*/vmlinuz" };
	char *image = NULL;
	glob_t found;
	size_t i;

	for (i = 0; !image && i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (glob_below(u->directory, patterns[i], &found))
			continue;
		image = xstrdup(found.gl_pathv[0]);
		globfree(&found);
	}
	return image;
}

/* "debian linux-image-6.12.117+deb13-cloud-amd64_6.12.117-1_amd64", from the first path. */
static char *source_of(const char *packages)
{
	const char *name = strstr(packages, "/" PREFIX), *end = name ? strstr(name, ".deb") : NULL;

	return end ? xasprintf("debian %.*s", (int)(end - name - 1), name + 1) : xstrdup("debian");
}

static int take(struct unpacked *u, struct ready_kernel *kernel)
{
	char *source = source_of(u->packages), *image = NULL;
	int status = unpack(u);

	if (!status) {
		image = find_image(u);
		status = image ? ready_kernel(image, u->directory, kernel, u->err, u->err_size)
			       : refuse(u->err, u->err_size, "no kernel in the package %s", source);
		free(kernel->source);
		kernel->source = source;
		source = NULL;
	}
	free(source);
	free(image);
	return status;
}

int debian_kernel(const char *version, struct ready_kernel *kernel, char *err, size_t err_size)
{
	struct unpacked u = { .err_size = err_size };
	char unused[512];
	int status;

	u.err = err;
	*kernel = (struct ready_kernel){ .image = NULL };
	if (!is_version(version))
		return refuse(err, err_size,
			      "no version of a kernel of Debian's: '%s'; expected one as 6.12 or "
			      "6.12.117+deb13",
			      version);
	log_info("looking for Debian's kernel %s", version);
	status = fetch(&u, version);
	if (!status)
		status = u.packages ? take(&u, kernel)
				    : refuse(err, err_size, "no package of kernel %s", version);
	if (u.directory)
		cache_remove_tree(u.directory, unused, sizeof(unused));
	free(u.directory);
	free(u.packages);
	return status;
}
