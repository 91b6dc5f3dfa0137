/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/tree.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/glob_below.h"
#include "lib/json_file.h"
#include "lib/result.h"

const char *json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

size_t names_count(char *const *names)
{
	size_t n = 0;

	while (names[n])
		n++;
	return n;
}

int name_index(char *const *names, const char *name)
{
	int i;

	for (i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

static int add_name(char ***names, const char *name)
{
	size_t count = 0;
	char **longer;

	while (*names && (*names)[count])
		count++;
	if (*names && name && name_index(*names, name) >= 0)
		return 0;
	longer = reallocarray(*names, count + 2, sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	*names = longer;
	longer[count] = name ? strdup(name) : NULL;
	longer[count + 1] = NULL;
	return name && !longer[count] ? -ENOMEM : 0;
}

static int check_version(const json_t *value, const char *path, char *err, size_t err_size)
{
	long long version = json_integer_value(json_object_get(value, "schema_version"));

	if (version <= RESULT_SCHEMA_VERSION)
		return 0;
	snprintf(err, err_size,
		 "%s: written by a newer balloonbench (schema_version %lld, this program knows "
		 "%d): use its balloonstat",
		 path, version, RESULT_SCHEMA_VERSION);
	return -EINVAL;
}

/* A tree without env.json or plan.json can be compared all the same. */
static int load_optional(const struct tree *tree, const char *name, json_t **value, char *err,
			 size_t err_size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", tree->dir, name);
	if (access(path, F_OK) < 0) {
		*value = json_object();
		return 0;
	}
	*value = json_file_load(path, err, err_size);
	if (json_is_object(*value))
		return check_version(*value, path, err, err_size);
	if (*value)
		snprintf(err, err_size, "%s: an object is wanted", path);
	return -EINVAL;
}

/* Copied by hand, a result would count twice: the first of a boot's is the boot's. */
static bool is_new(json_t *seen, const json_t *boot, const char *path, char *err, size_t err_size)
{
	char key[512];
	const json_t *first;

	snprintf(key, sizeof(key), "%s/%s/%lld", json_text(boot, "scenario"),
		 json_text(boot, "variant"),
		 (long long)json_integer_value(json_object_get(boot, "boot")));
	first = json_object_get(seen, key);
	if (!first) {
		json_object_set_new(seen, key, json_string(path));
		return true;
	}
	snprintf(err, err_size, "%s: the same boot as %s", path, json_string_value(first));
	return false;
}

/* A boot, or why it is none. @seen: the paths of those there are, by what they are. */
static void add_result(struct tree *tree, const char *path, json_t *seen, char *err,
		       size_t err_size)
{
	json_t *boot = result_load(path, err, err_size);

	if (boot && is_new(seen, boot, path, err, err_size)) {
		json_array_append_new(tree->boots, boot);
		json_array_append_new(tree->paths, json_string_nocheck(path));
		return;
	}
	json_array_append_new(tree->broken, json_string(err));
	json_decref(boot);
}

static int load_boots(struct tree *tree, json_t *seen, char *err, size_t err_size)
{
	glob_t found;
	size_t i;
	int status;

	status = glob_below(tree->dir, "/*/*/boot-*/result.json", &found);
	if (status == GLOB_NOMATCH) {
		snprintf(err, err_size,
			 "%s: no results in it; a result tree of `balloonbench run` is wanted",
			 tree->dir);
		return -ENOENT;
	}
	if (status) {
		snprintf(err, err_size, "%s: cannot be read", tree->dir);
		return -EIO;
	}
	for (i = 0; i < found.gl_pathc; i++)
		add_result(tree, found.gl_pathv[i], seen, err, err_size);
	globfree(&found);
	/* With none left, the last message says why. */
	return json_array_size(tree->boots) ? 0 : -EINVAL;
}

/* First in the order of the plan, then what the plan does not know. */
static int collect_names(struct tree *tree, const char *plan_key, const char *boot_key,
			 char ***names)
{
	const json_t *item;
	int err = add_name(names, NULL);
	size_t i;

	json_array_foreach (json_object_get(tree->plan, plan_key), i, item) {
		const char *name = json_text(item, "name");

		if (!err && *name)
			err = add_name(names, name);
	}
	json_array_foreach (tree->boots, i, item)
		if (!err)
			err = add_name(names, json_text(item, boot_key));
	return err;
}

static int check_accel(const struct tree *tree, char *err, size_t err_size)
{
	const json_t *boot;
	size_t i;

	json_array_foreach (tree->boots, i, boot) {
		if (!strcmp(json_text(boot, "accel"), tree_accel(tree)))
			continue;
		snprintf(err, err_size,
			 "%s: boots under %s and under %s: accelerators are never compared",
			 tree->dir, tree_accel(tree), json_text(boot, "accel"));
		return -EINVAL;
	}
	return 0;
}

int tree_load(struct tree *tree, const char *dir, char *err, size_t err_size)
{
	json_t *seen = json_object();
	int status;

	*tree = (struct tree){ .dir = strdup(dir),
			       .boots = json_array(),
			       .paths = json_array(),
			       .broken = json_array() };
	snprintf(err, err_size, "out of memory");
	status = load_boots(tree, seen, err, err_size);
	json_decref(seen);
	if (!status)
		status = load_optional(tree, "env.json", &tree->env, err, err_size);
	if (!status)
		status = load_optional(tree, "plan.json", &tree->plan, err, err_size);
	if (!status)
		status = check_accel(tree, err, err_size);
	if (!status)
		status = collect_names(tree, "scenarios", "scenario", &tree->scenarios);
	if (!status)
		status = collect_names(tree, "variants", "variant", &tree->variants);
	if (status)
		tree_release(tree);
	return status;
}

static void free_names(char **names)
{
	char **name;

	for (name = names; name && *name; name++)
		free(*name);
	free(names);
}

void tree_release(struct tree *tree)
{
	free_names(tree->scenarios);
	free_names(tree->variants);
	json_decref(tree->env);
	json_decref(tree->plan);
	json_decref(tree->boots);
	json_decref(tree->paths);
	json_decref(tree->broken);
	free(tree->dir);
	memset(tree, 0, sizeof(*tree));
}

const char *tree_accel(const struct tree *tree)
{
	return json_text(json_array_get(tree->boots, 0), "accel");
}

bool tree_is_icount(const struct tree *tree)
{
	return !strcmp(tree_accel(tree), "icount");
}

bool tree_same_host(const struct tree *tree, const struct tree *other)
{
	static const char *const keys[] = { "cpu_model", "cpus", "memory_bytes", "kernel_release" };
	const json_t *a = json_object_get(tree->env, "host");
	const json_t *b = json_object_get(other->env, "host");
	bool same = true;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *one = json_object_get(a, keys[i]), *two = json_object_get(b, keys[i]);

		same &= !one || !two || json_equal(one, two);
	}
	return same;
}

const json_t *tree_planned(const struct tree *tree, const char *list, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(tree->plan, list), i, item)
		if (!strcmp(json_text(item, "name"), name))
			return item;
	return NULL;
}

static int matches(const json_t *boot, const char *key, const char *wanted)
{
	return !wanted || !strcmp(json_text(boot, key), wanted);
}

size_t tree_count(const struct tree *tree, const char *scenario, const char *variant,
		  const char *status)
{
	const json_t *boot;
	size_t i, count = 0;

	json_array_foreach (tree->boots, i, boot)
		count += matches(boot, "scenario", scenario) && matches(boot, "variant", variant) &&
			 matches(boot, "status", status);
	return count;
}

static int has_boot(const struct tree *tree, const json_t *planned)
{
	json_int_t number = json_integer_value(json_object_get(planned, "boot"));
	const json_t *boot;
	size_t i;

	json_array_foreach (tree->boots, i, boot)
		if (matches(boot, "scenario", json_text(planned, "scenario")) &&
		    matches(boot, "variant", json_text(planned, "variant")) &&
		    json_integer_value(json_object_get(boot, "boot")) == number)
			return 1;
	return 0;
}

size_t tree_count_missing(const struct tree *tree, const char *scenario, const char *variant)
{
	const json_t *planned;
	size_t i, count = 0;

	json_array_foreach (json_object_get(tree->plan, "order"), i, planned)
		count += matches(planned, "scenario", scenario) &&
			 matches(planned, "variant", variant) && !has_boot(tree, planned);
	return count;
}

bool tree_has(const struct tree *tree, const char *scenario, const char *variant)
{
	return tree_count(tree, scenario, variant, NULL) ||
	       tree_count_missing(tree, scenario, variant);
}

bool tree_is_ok(const json_t *boot, const char *scenario, const char *variant)
{
	return matches(boot, "scenario", scenario) && matches(boot, "variant", variant) &&
	       matches(boot, "status", RESULT_OK);
}

bool variant_is_traced(const char *variant)
{
	return strchr(variant, '+') != NULL;
}

const char *tree_twin_of(const struct tree *tree, const char *variant)
{
	return json_string_value(
		json_object_get(tree_planned(tree, "variants", variant), "twin_of"));
}

size_t tree_place(const struct tree *tree, const char *variant)
{
	size_t v, n = strcspn(variant, "+"), place = 0;

	if (tree_compares_levels(tree))
		return name_index(tree->variants, variant);
	for (v = 0; tree->variants[v]; v++) {
		const char *other = tree->variants[v];

		if (strcspn(other, "+") == n && !strncmp(other, variant, n))
			break;
		place += !variant_is_traced(other);
	}
	return place;
}

bool tree_compares_levels(const struct tree *tree)
{
	size_t i, plain = 0;

	for (i = 0; tree->variants[i]; i++)
		plain += !variant_is_traced(tree->variants[i]);
	return plain <= 1;
}
