/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_TREE_H
#define ANALYSIS_TREE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/result.h"

/*
 * A result tree in memory: every boot of it, also those that failed, but for
 * results that are damaged or contradict themselves. Names of
 * scenarios and variants come in the order of plan.json.
 */
struct tree {
	char *dir;
	json_t *env;	  /* env.json, {} where there is none */
	json_t *plan;	  /* plan.json, {} where there is none */
	json_t *boots;	  /* array of result.json objects, sorted by path */
	json_t *paths;	  /* array of the paths of these files, in the same order */
	json_t *broken;	  /* array of texts: results that cannot be used, file and reason */
	char **scenarios; /* NULL-terminated */
	char **variants;  /* NULL-terminated; the first is the default base */
};

/**
 * tree_load() - read a result tree
 *
 * Return: 0; -ENOENT where there is no result in it, -EINVAL where none of them, or
 * not its plan or environment, can be understood; the message says which. Boots
 * of different accelerators in one tree are -EINVAL too: they are never compared.
 */
int tree_load(struct tree *tree, const char *dir, char *err, size_t err_size);
void tree_release(struct tree *tree);

/* Accelerator of the tree's boots. */
const char *tree_accel(const struct tree *tree);

/* Whether two trees' env.json tell of the same machine; also where one of them does not tell. */
bool tree_same_host(const struct tree *tree, const struct tree *other);

/* Whether the boots ran under icount, where a ns of the guest is an instruction. */
bool tree_is_icount(const struct tree *tree);

/* What plan.json says of a scenario or variant (@list: "scenarios", "variants"), or NULL. */
const json_t *tree_planned(const struct tree *tree, const char *list, const char *name);

/* Names in a NULL-terminated list. */
size_t names_count(char *const *names);

/* Index of @name in a NULL-terminated list, or -1. */
int name_index(char *const *names, const char *name);

/* Number of boots of a scenario and variant with a status; NULLs match all. */
size_t tree_count(const struct tree *tree, const char *scenario, const char *variant,
		  const char *status);

/* Number of boots that plan.json orders and the tree does not have: the run was stopped. */
size_t tree_count_missing(const struct tree *tree, const char *scenario, const char *variant);

/*
 * Whether the tree has, or its plan asks for, a boot of the variant in the
 * scenario: variants may run in some scenarios only.
 */
bool tree_has(const struct tree *tree, const char *scenario, const char *variant);

/* Whether a boot is an ok one of the scenario and variant. */
bool tree_is_ok(const json_t *boot, const char *scenario, const char *variant);

/*
 * "NAME+LEVEL": the variant NAME traced otherwise than the run. Such are there
 * to show what tracing shows and costs; they are not compared as patches are.
 */
bool variant_is_traced(const char *variant);

/* The variant that this one is the twin of (`run --aa`): the same under another name. Or NULL. */
const char *tree_twin_of(const struct tree *tree, const char *variant);

/*
 * The place of a variant of the tree among those of its plan, from 0: by it, it
 * has its colour in every plot, and so have its arms that are traced otherwise,
 * unless they are what was to be compared.
 */
size_t tree_place(const struct tree *tree, const char *variant);

/* Whether there is but one variant that is not: then the levels are what was to be compared. */
bool tree_compares_levels(const struct tree *tree);

/* A member of an object as text, "" where it is absent. */
const char *json_text(const json_t *object, const char *key);

#endif
