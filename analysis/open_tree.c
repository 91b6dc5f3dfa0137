/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/open_tree.h"

#include "lib/exit_status.h"
#include "lib/log.h"

error_t parse_one_tree(int key, char *arg, struct argp_state *state, const char **dir)
{
	switch (key) {
	case ARGP_KEY_ARG:
		if (*dir)
			argp_error(state, "one result tree at a time, '%s' is another", arg);
		*dir = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state,
			   "a result tree is wanted, as in results/20261121T033000Z-default");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int open_tree(struct tree *tree, const char *dir)
{
	const json_t *reason;
	char err[1024];
	size_t i;

	if (tree_load(tree, dir, err, sizeof(err))) {
		log_error("%s", err);
		return EXIT_ENVIRONMENT;
	}
	json_array_foreach (tree->broken, i, reason)
		log_warn("%s; it is left out", json_string_value(reason));
	return 0;
}

int close_tree(struct tree *tree, int status)
{
	size_t broken = json_array_size(tree->broken);

	if (broken)
		log_warn("%s: %zu results were left out, %zu used", tree->dir, broken,
			 json_array_size(tree->boots));
	tree_release(tree);
	return broken && !status ? EXIT_ENVIRONMENT : status;
}
