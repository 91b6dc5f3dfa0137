/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_ARGUMENTS_H
#define ANALYSIS_ARGUMENTS_H

#include <argp.h>
#include <stddef.h>

/*
 * For the parser of a command that takes one result tree: to be called with the
 * keys that it does not know itself. @dir is set to the tree's directory, which
 * belongs to argv.
 */
error_t parse_one_tree(int key, char *arg, struct argp_state *state, const char **dir);

/* Names of one kind that a command line can have. */
#define NAMES_MAX 64

/* Append a name to an array of NAMES_MAX, once: what is named twice must not count twice. */
void add_name_once(struct argp_state *state, const char **names, size_t *count, const char *name);

/* Tell that the results have no @what ("scenario") of that name, and which there are. */
void log_unknown_name(const char *what, const char *name, char *const *there);

#endif
