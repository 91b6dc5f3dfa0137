/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_HOSTILE_TREE_H
#define TESTS_HELPERS_HOSTILE_TREE_H

/*
 * A malicious result tree: its texts are HTML or Markdown that runs a script, loads
 * something or breaks out of its context. Each script sets the page's title to "owned",
 * or calls alert().
 */
void hostile_tree_make(const char *dir);

/* Names of its variants in the order of the plan, the base first. */
#define HOSTILE_VARIANTS 3
extern const char *const hostile_variants[HOSTILE_VARIANTS];

/* Number of boots of each that are ok. */
#define HOSTILE_BOOTS 6

#endif
