/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_SHARD_H
#define BENCH_RUN_SHARD_H

#include <jansson.h>

/* Most shards of a plan. */
#define SHARDS_MAX 999

/* Which part of the plan a run has: shard @number, from 1, of so many; @of is 0 without --shard. */
struct shard {
	unsigned int number, of;
};

/* "K/N", of struct option_row. */
const char *shard_parse(const char *text, void *field);

struct session;
struct run_options;

/* Refuse options with which the shards would not be of one plan. 0 or an exit status. */
int shard_check(const struct run_options *options);

/* Keep the boots of the shard in the plan of the session. 0 or an exit status. */
int shard_take(struct session *s);

/*
 * What env.json says of the host of a shard, below its name: results carry the name, because a run
 * can be resumed on another host. @env is that of this run, @old that of the run to resume, or
 * NULL.
 */
void shard_add_host(json_t *env, const json_t *old);

/* The name of this host, as in `uname -n`. */
const char *shard_host_name(void);

#endif
