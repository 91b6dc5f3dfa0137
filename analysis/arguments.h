/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_ARGUMENTS_H
#define ANALYSIS_ARGUMENTS_H

#include <argp.h>

/*
 * For the parser of a command that takes one result tree: to be called with the
 * keys that it does not know itself. @dir is set to the tree's directory, which
 * belongs to argv.
 */
error_t parse_one_tree(int key, char *arg, struct argp_state *state, const char **dir);

#endif
