/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_OPEN_TREES_H
#define ANALYSIS_OPEN_TREES_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/data/tree.h"

/* One tree of several that are looked at together. */
struct session {
	struct tree tree;
	char *path;	     /* resolved */
	char *label;	     /* what it is called in tables and plots */
	const char *started; /* started_utc of env.json, "" where it does not say */
};

struct sessions {
	struct session *list;
	size_t count;
};

/**
 * open_trees() - load several trees that can be looked at together
 * @args: "DIR" or "DIR=LABEL"; without a label a tree is called by the last part
 *	of its path, and by the last two where another is called the same
 *
 * Return: 0, with the trees to be given to close_trees(), or an exit status, with
 * the reason logged: a tree that cannot be read, is named twice, or whose
 * accelerator is another's.
 */
int open_trees(struct sessions *s, const char *const *args, size_t count);

/* Release them; @status as of close_tree(). */
int close_trees(struct sessions *s, int status);

/* Order them by when they were started; an exit status where one does not say when. */
int sessions_by_date(struct sessions *s);

/* Two trees that were run on different machines; false where there are none. */
bool sessions_mix_hosts(const struct sessions *s, const struct session **one,
			const struct session **other);

/*
 * The variants, or scenarios, of all trees, each once, in the order of the first tree
 * that has them. NULL-terminated; the list is to be freed, its names are the trees'.
 */
char **sessions_variants(const struct sessions *s);
char **sessions_scenarios(const struct sessions *s);

#endif
