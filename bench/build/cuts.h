/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_CUTS_H
#define BENCH_BUILD_CUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/build/slug.h"
#include "bench/build/tree.h"

/* A cut: the kernel at one step of a series. All texts are owned; NULL: unknown. */
struct cut {
	char *name;
	char *tree;					   /* id of the git tree that is compiled */
	char *commit, *message_id, *subject, *author_date; /* of its last patch */
	char *fuzz;	    /* the largest that a patch of it needed, "0" to "2" */
	char *trace_events; /* "yes" or "no: REASON" */
	bool dirty;	    /* the working tree differs from @commit */
};

struct cut_list {
	struct cut *items;
	size_t count;
};

/* One more cut at the end, without values. */
struct cut *cuts_add(struct cut_list *cuts);
void cuts_release(struct cut_list *cuts);

/* Name a cut as cut_slug() does. */
void cut_set_name(struct cut *cut, const char *prefix, size_t number, size_t total,
		  const char *subject);

/* 0, or -EINVAL and a message: whether a text may be the name of a cut, or the prefix of some. */
int cut_check_name(const char *name, char *err, size_t err_size);
int cut_check_prefix(const char *prefix, char *err, size_t err_size);

/*
 * The commits of a range "BASE..TIP", first the base, then each commit, or only the last one if
 * @ends. A merge is one cut: the range follows first parents. Trees and commits are in @git then.
 * 0, or -EINVAL or -EINTR and a
 * message.
 */
int cuts_of_range(const struct source *source, const struct git *git, const char *range, bool ends,
		  const char *prefix, struct cut_list *cuts, char *err, size_t err_size);

/* One cut: the source as it lies there, also what is not committed. */
int cuts_of_directory(const struct source *source, const struct git *git, const char *name,
		      struct cut_list *cuts, char *err, size_t err_size);

/*
 * The base of patches that are to follow, named as that of a range. @revision NULL: HEAD, or the
 * directory as it lies there if it is not in git.
 */
int cuts_base(const struct source *source, const struct git *git, const char *revision,
	      const char *prefix, struct cut_list *cuts, char *err, size_t err_size);

/* "DIR[@REV]" of --onto: the two, to be freed; @revision NULL: there is none. */
void split_onto(const char *onto, char **directory, char **revision);

/* Set commit, subject and author_date of a commit of the user's repository. */
int cut_describe(struct cut *cut, const struct source *source, const char *commit, char *err,
		 size_t err_size);

#endif
