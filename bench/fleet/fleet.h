/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_FLEET_H
#define BENCH_FLEET_H

#include <stdio.h>

#include "lib/options.h"

extern const struct command submit_command;

/* A run to be submitted to Slurm. All is borrowed. */
struct job {
	const char *dir;  /* of the whole tree: absolute */
	const char *work; /* of shards, scripts and logs */
	unsigned int shards;
	struct words sbatch;  /* options of sbatch, for both jobs */
	char **run;	      /* options of `balloonbench run`, NULL-terminated, without -o */
	const char *programs; /* the directory of balloonbench and balloonstat */
};

/*
 * The scripts: an array job with a task for each shard, which a task that runs again resumes; and a
 * job that merges what the tasks left, and reports.
 */
void job_write_shard(const struct job *job, FILE *f);
void job_write_merge(const struct job *job, FILE *f);

#endif
