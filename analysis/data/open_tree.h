/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_OPEN_TREE_H
#define ANALYSIS_OPEN_TREE_H

#include "analysis/data/tree.h"

/**
 * open_tree() - load a tree and log what is wrong with it
 *
 * Results that cannot be used are warned of, one by one; the tree has the
 * others.
 *
 * Return: 0, with the tree to be given to close_tree(), or an exit status, with
 * the reason logged.
 */
int open_tree(struct tree *tree, const char *dir);

/*
 * Release the tree. Returns @status, or, where that is 0 and results could not be
 * used, the exit status that says so: a script must not take a part for the whole.
 */
int close_tree(struct tree *tree, int status);

#endif
