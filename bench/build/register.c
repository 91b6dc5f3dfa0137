/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench build: kernels and QEMUs that are ready, registered by a name. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/build.h"
#include "bench/build/cache.h"
#include "bench/build/cuts.h"
#include "bench/build/ready.h"
#include "bench/build/registry.h"
#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/run_program.h"

static int fail(const char *err)
{
	if (interrupted())
		return EXIT_INTERRUPTED;
	log_error("%s", err);
	return EXIT_ENVIRONMENT;
}

/* The name of the user's, or one made of what it is, as "vmlinuz-6.12.9-amd64". */
static char *name_of(const char *told, const char *made)
{
	char *name = xasprintf("%.*s", CUT_NAME_MAX, told ?: made), *c;

	for (c = name; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
			    *c))
			*c = '-';
	return name;
}

static int write_kernel(const char *name, const struct ready_kernel *kernel, const char *built_from,
			char *err, size_t err_size)
{
	const struct registry_value values[] = {
		{ "image", kernel->image },
		{ "modules", kernel->modules },
		{ "host_modules", kernel->host_modules },
		{ "release", kernel->release },
		{ "version", kernel->version },
		{ "build_id", kernel->build_id },
		{ "key", kernel->key },
		{ "source", kernel->source },
		{ "built_from", built_from },
		{ NULL, NULL },
	};

	return registry_write("cut", name, values, NULL, err, err_size);
}

int register_kernel(const struct build_options *o, const char *built_from)
{
	struct ready_kernel kernel = { .image = NULL };
	char err[4096] = "", *name = NULL, *made;
	int lock = cache_lock("trees", err, sizeof(err)), status = lock < 0 ? lock : 0;

	if (!status && o->debian)
		status = debian_kernel(o->debian, &kernel, err, sizeof(err));
	else if (!status)
		status = ready_kernel(o->image, o->modules, &kernel, err, sizeof(err));
	if (!status) {
		made = o->debian ? xasprintf("debian-%s", o->debian) : xstrdup(kernel.release);
		name = name_of(o->name, made);
		free(made);
		status = write_kernel(name, &kernel, built_from, err, sizeof(err));
	}
	if (status)
		status = fail(err);
	else
		printf("cut %s: %s, %s\n\nto run:     balloonbench run --scenario smoke --variant "
		       "%s\n"
		       "to remove:  balloonbench build --remove %s\n",
		       name, kernel.release, kernel.source, name, name);
	ready_kernel_release(&kernel);
	if (lock >= 0)
		close(lock);
	free(name);
	return status;
}

int register_qemu(const struct build_options *o, const char *built_from)
{
	char path[PATH_MAX], version[256], err[1024] = "", *name, *made;
	const char *const ask[] = { path, "--version", NULL };
	char *number;
	int status;

	if (!realpath(o->qemu, path) || access(path, X_OK) < 0 ||
	    program_first_line(ask, version, sizeof(version)) ||
	    strncmp(version, "QEMU emulator version ", 22)) {
		log_error("--qemu %s: not a QEMU that can be run; give the path of a "
			  "qemu-system-x86_64",
			  o->qemu);
		return EXIT_ENVIRONMENT;
	}
	number = version + 22;
	number[strcspn(number, " (")] = '\0';
	made = xasprintf("qemu-%s", number);
	name = name_of(o->name, made);
	free(made);
	status = registry_write("qemu", name,
				(const struct registry_value[]){ { "path", path },
								 { "version", number },
								 { "source", path },
								 { "built_from", built_from },
								 { NULL, NULL } },
				NULL, err, sizeof(err));
	if (status)
		status = fail(err);
	else
		printf("QEMU %s: %s\n\nto run:     balloonbench run --scenario smoke --variant "
		       "finalize@%s\n",
		       name, number, name);
	free(name);
	return status;
}
