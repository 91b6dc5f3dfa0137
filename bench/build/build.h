/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_BUILD_H
#define BENCH_BUILD_BUILD_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/build/cuts.h"
#include "bench/build/git.h"
#include "bench/build/kernel.h"
#include "bench/build/tree.h"
#include "lib/options.h"

/* balloonbench build: kernels of a user's source, each of them a cut that can be run by name. */

extern const struct command build_command;

/* The command line. */
struct build_options {
	const char *git, *range;
	bool ends, worktree;
	const char *mbox, *series, *onto;
	const char *image, *modules, *debian, *qemu, *qemu_git;
	struct names config;
	const char *arch, *page_size; /* name one of the configurations */
	bool debug;
	const char *name; /* of the cut, or the prefix of names; NULL: none */
	struct names remove;
	const char *images;
	unsigned int builds; /* of each cut; 0: one, or as the suite says */
	const char *suite;   /* whose cuts have more than one; NULL: all have */
	bool quiet, verbose;
};

/* A build of kernels while it runs. */
struct build {
	const struct build_options *options;
	struct recipe recipe;
	struct source source;
	struct git git;
	struct cut_list cuts;
	char *source_text;  /* what it is built from, for people */
	char *built_from;   /* the command line */
	const char *config; /* name of the configuration, which names of cuts end in; NULL: the lean
			       one */
	bool in_series;	    /* another command goes on with the cuts: they are not listed */
	/* Of the shipped series, whose first patch is that of the trace events: */
	bool as_it_lies;	 /* the source is taken so, not as its last commit */
	const char *only;	 /* names of cuts; NULL: all */
	bool only_known;	 /* names that the series does not have are ignored */
	unsigned int builds;	 /* of each cut; 0: one */
	const char *more_builds; /* names of the cuts that have more than one; NULL: all */
	FILE *sections; /* gets the [cut NAME] sections; NULL: they are registered by name */
};

void build_release(struct build *build);

/*
 * A kind of source: the option that names it, and how it becomes cuts. collect() is called with
 * source and git open; it sets source_text, and name, tree and the like of each cut. 0, or -EINVAL
 * or -EINTR and a message.
 */
struct build_source {
	const char *option;
	char *(*directory)(const struct build_options *options); /* that is opened, to be freed */
	int (*collect)(struct build *build, char *err, size_t err_size);
	bool keeps_names; /* of cuts, also with a configuration of ours: no two of them are built */
};

/* --range; --mbox and --series. */
extern const struct build_source range_source, patches_source;

/* Register --image or --debian, and --qemu: the exit status, after a message. */
int register_kernel(const struct build_options *options, const char *built_from);
int register_qemu(const struct build_options *options, const char *built_from);

/* Build the cuts of a source, and register them. The exit status, after a message. */
int build_source_run(const struct build_source *source, struct build *build);

/* The same: 0, or -EINVAL or -EINTR and a message, which build_fail() prints. */
int build_source_try(const struct build_source *source, struct build *build, char *err,
		     size_t err_size);

/* Whether a name is one of several with blanks between them. */
bool name_is_in(const char *name, const char *names);

/* Print an error, below the line of progress, or how to go on after Ctrl-C. The exit status. */
int build_fail(const char *err);

/* Read the configuration that the options name, unless that is done. 0, or -EINVAL and a message.
 */
int build_load_recipe(struct build *build, char *err, size_t err_size);

/*
 * Build the shipped series and QEMU, and write images.ini. $KERNEL_SRC, $KERNEL_PATCHES,
 * $KERNEL_CUTS and $QEMU take the place of ours; $INITRAMFS is that to boot. The exit status, after
 * a message.
 */
int build_shipped(const struct build_options *options);

/* Build QEMU, and write images.ini without a kernel. The exit status, after a message. */
int build_no_kernels(void);

/* The same as build_source_run() with QEMUs, of --qemu-git. */
int build_qemu_range(struct build *build);

#endif
