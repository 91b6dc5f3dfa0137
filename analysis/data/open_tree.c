/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/open_tree.h"

#include "lib/exit_status.h"
#include "lib/log.h"

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
