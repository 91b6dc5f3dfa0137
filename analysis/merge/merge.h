/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_MERGE_H
#define ANALYSIS_MERGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* `balloonbench run --shard` takes no more. */
#define SHARDS_MAX 999

/*
 * Shards of one plan (`balloonbench run --shard K/N`), to become one tree. Functions that return an
 * exit status have printed the error.
 */
struct shard {
	const char *dir; /* as it was named; borrowed */
	int fd;		 /* of the directory; -1: closed */
	json_t *env, *plan;
	unsigned int number, of;
	size_t planned, missing; /* boots; by shards_check() */
};

struct shards {
	struct shard *list; /* by number */
	size_t count;
};

/* Load env.json and plan.json of each tree. Release @shards in every case. */
int shards_load(struct shards *shards, char *const *dirs);
void shards_release(struct shards *shards);

/*
 * Whether the trees belong together: one plan, each shard once, the same accelerator, level of
 * tracing, kernels and QEMUs, and no boot that the plan does not have. Hosts may differ.
 */
int shards_check(struct shards *shards);

/* The tree of shard @number, or NULL. */
const struct shard *shards_find(const struct shards *shards, unsigned int number);

/* Whether an entry of the plan's order is one of the shard, and whether its boot is there. */
bool shard_has_entry(const struct shard *shard, const json_t *entry);
bool shard_has_boot(const struct shard *shard, const json_t *entry);

/* "idle/list/boot-03", to be freed. */
char *boot_place(const json_t *entry);

/* The files of the whole tree: a new reference. */
json_t *shards_join_env(const struct shards *shards);
json_t *shards_join_plan(const struct shards *shards);

/* The command that runs another shard of the plan, or with 0 all of it; to be freed. */
char *shards_command(const struct shards *shards, unsigned int number);

/* Write the whole tree into a directory, which is new or empty. */
int shards_write(const struct shards *shards, const char *dir);

#endif
