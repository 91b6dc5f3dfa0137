/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/history/open_trees.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "analysis/data/open_tree.h"
#include "analysis/data/utf8.h"
#include "lib/exit_status.h"
#include "lib/log.h"

/* The last @parts parts of a resolved path. */
static const char *tail(const char *path, int parts)
{
	const char *at = path + strlen(path);

	while (at > path && parts)
		parts -= *--at == '/';
	return parts || !at[1] ? path : at + 1;
}

/* "DIR=LABEL" where no directory is called so. @dir is cut at the label. */
static const char *split_label(char *dir)
{
	char *equals = strrchr(dir, '=');
	struct stat st;

	if (!equals || !equals[1] || !stat(dir, &st))
		return NULL;
	*equals = '\0';
	return equals + 1;
}

/* The curves of the moves are nearly half of a tree, and no metric is in them. */
static void drop_curves(const struct tree *tree)
{
	json_t *boot, *cycle, *move;
	const char *name;
	size_t i, k;

	json_array_foreach (tree->boots, i, boot)
		json_array_foreach (json_object_get(boot, "cycles"), k, cycle)
			json_object_foreach (cycle, name, move)
				json_object_del(move, "progress");
}

static int open_session(struct session *session, const char *arg)
{
	char *dir = strdup(arg);
	const char *label;
	int status;

	if (!dir)
		abort();
	label = split_label(dir);
	status = open_tree(&session->tree, dir);
	if (status)
		goto out;
	drop_curves(&session->tree);
	session->path = realpath(dir, NULL);
	session->label = label ? strdup(label) : NULL;
	session->started = json_text(session->tree.env, "started_utc");
	if (!session->path || (label && !session->label))
		abort();
out:
	free(dir);
	return status;
}

static int check_beside(const struct session *session, const struct session *other)
{
	if (!strcmp(session->path, other->path)) {
		log_error("%s is named twice: a tree is one point of a series", session->tree.dir);
		return EXIT_USAGE;
	}
	if (!strcmp(tree_accel(&session->tree), tree_accel(&other->tree)))
		return 0;
	log_error("%s ran under %s and %s under %s: accelerators are never compared",
		  other->tree.dir, printable(tree_accel(&other->tree)), session->tree.dir,
		  printable(tree_accel(&session->tree)));
	return EXIT_USAGE;
}

static void label_all(struct sessions *s)
{
	size_t i, k;

	for (i = 0; i < s->count; i++) {
		const char *path = s->list[i].path;
		int parts = 1;

		if (s->list[i].label)
			continue;
		for (k = 0; k < s->count; k++)
			if (k != i && !strcmp(tail(s->list[k].path, 1), tail(path, 1)))
				parts = 2;
		s->list[i].label = strdup(tail(path, parts));
		if (!s->list[i].label)
			abort();
	}
}

int open_trees(struct sessions *s, const char *const *args, size_t count)
{
	int status = 0;
	size_t i, k;

	*s = (struct sessions){ .list = calloc(count + 1, sizeof(*s->list)) };
	if (!s->list)
		abort();
	for (i = 0; !status && i < count; i++) {
		status = open_session(&s->list[i], args[i]);
		if (status)
			break;
		s->count++;
		for (k = 0; !status && k < i; k++)
			status = check_beside(&s->list[i], &s->list[k]);
	}
	if (status)
		return close_trees(s, status);
	label_all(s);
	return 0;
}

int close_trees(struct sessions *s, int status)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		status = close_tree(&s->list[i].tree, status);
		free(s->list[i].path);
		free(s->list[i].label);
	}
	free(s->list);
	*s = (struct sessions){ .count = 0 };
	return status;
}

/* Times of this form order as texts do. */
static bool is_utc(const char *text)
{
	struct tm tm;
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	return end && !*end && strlen(text) == strlen("2026-11-21T03:30:00Z");
}

static int by_date(const void *left, const void *right)
{
	const struct session *a = left, *b = right;
	int order = strcmp(a->started, b->started);

	return order ? order : strcmp(a->path, b->path);
}

int sessions_by_date(struct sessions *s)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		if (is_utc(s->list[i].started))
			continue;
		log_error("%s: its env.json has no started_utc to order it by; leave --by-date "
			  "out, and name the trees in their order",
			  s->list[i].tree.dir);
		return EXIT_ENVIRONMENT;
	}
	qsort(s->list, s->count, sizeof(*s->list), by_date);
	return 0;
}

bool sessions_mix_hosts(const struct sessions *s, const struct session **one,
			const struct session **other)
{
	size_t i, k;

	for (i = 0; i < s->count; i++) {
		for (k = i + 1; k < s->count; k++) {
			if (tree_same_host(&s->list[i].tree, &s->list[k].tree))
				continue;
			*one = &s->list[i];
			*other = &s->list[k];
			return true;
		}
	}
	return false;
}

static char **all_names(const struct sessions *s, char **(*of)(const struct tree *))
{
	size_t i, n = 0, room = 1;
	char **names, **name;

	for (i = 0; i < s->count; i++)
		room += names_count(of(&s->list[i].tree));
	names = calloc(room, sizeof(*names));
	if (!names)
		abort();
	for (i = 0; i < s->count; i++)
		for (name = of(&s->list[i].tree); *name; name++)
			if (name_index(names, *name) < 0)
				names[n++] = *name;
	return names;
}

static char **variants_of(const struct tree *tree)
{
	return tree->variants;
}

static char **scenarios_of(const struct tree *tree)
{
	return tree->scenarios;
}

char **sessions_variants(const struct sessions *s)
{
	return all_names(s, variants_of);
}

char **sessions_scenarios(const struct sessions *s)
{
	return all_names(s, scenarios_of);
}
