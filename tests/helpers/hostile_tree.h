/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_HOSTILE_TREE_H
#define TESTS_HELPERS_HOSTILE_TREE_H

/*
 * A result tree by somebody who means ill: where it has a text it has HTML or
 * Markdown that would run a script, load something or break out of its place.
 * Each script would set the page's title to "owned", or call alert().
 */
void hostile_tree_make(const char *dir);

/* Names of its variants, the base first, in the order of the plan. */
#define HOSTILE_VARIANTS 3
extern const char *const hostile_variants[HOSTILE_VARIANTS];

/* Boots of each that are ok. */
#define HOSTILE_BOOTS 6

#endif
