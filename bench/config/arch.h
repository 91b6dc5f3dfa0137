/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_ARCH_H
#define BENCH_CONFIG_ARCH_H

#include <stdbool.h>

/*
 * The machine that a guest is: that of this host, or one that is emulated. The configuration of the
 * guest's kernel decides: each of ours is for one machine.
 */
struct arch {
	const char *name;      /* as of build --arch */
	const char *page_size; /* as of --page-size; NULL: it has one */
	const char *config;    /* name of its configuration; NULL: that of this host, all others */
	/* How its kernel is built. */
	const char *kernel; /* of make ARCH=; NULL: this host's */
	const char *cross;  /* what the names of the compiler and its tools begin with */
	const char *target; /* of make */
	const char *built;  /* the file that it makes, in the directory of the build */
	const char *image;  /* its name in the cache */
	/* How QEMU runs it. */
	const char *emulator; /* its program; NULL: the QEMU of the run */
	const char *machine, *cpu, *console;
};

/* @config NULL: the lean one, of this host. */
const struct arch *arch_of_config(const char *config);

/* By --arch and --page-size, which may be NULL; NULL: there is none. */
const struct arch *arch_find(const char *name, const char *page_size);

/* Whether it is emulated. */
bool arch_is_foreign(const struct arch *arch);

/* All that are emulated, until NULL. */
const struct arch *arch_foreign(unsigned int i);

#endif
