/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_RESULTS_H
#define BENCH_RUN_RESULTS_H

#include <jansson.h>
#include <limits.h>

/*
 * Writes a result tree: env.json, plan.json, journal.jsonl and a directory per
 * boot. A boot's directory bears a temporary name until all of it is on disk,
 * so a directory named boot-NN is always a whole one.
 *
 * All calls return 0 or -errno; after an error results_error() names the file
 * and says what to do.
 */
struct results {
	char dir[PATH_MAX];
	char error[PATH_MAX + 256];
	int journal_fd;
};

/* Create the tree, for this process alone; -EEXIST where the directory is there and not empty. */
int results_create(struct results *results, const char *dir);

/*
 * Open one that is there, and remove what a boot left that did not end. As
 * results_create(), it is -EBUSY where another process writes into the tree.
 */
int results_reopen(struct results *results, const char *dir);

/**
 * results_find_boot() - the result.json of a boot that is finished
 * @result: a new reference; NULL where it has not been run
 *
 * Return: 0; -EINVAL where it is there and cannot be used.
 */
int results_find_boot(struct results *results, const char *scenario, const char *variant,
		      unsigned int boot, json_t **result);

void results_close(struct results *results);

/*
 * The run cannot begin: remove the tree that results_create() made, and what
 * results_write() and results_journal() wrote into it. A tree that is another's stays.
 */
void results_abandon(struct results *results);

/* env.json and plan.json, before the first boot. */
int results_write(struct results *results, const char *file, const json_t *content);

/* One line for the journal; "time_utc" is put in here. The reference is stolen. */
int results_journal(struct results *results, json_t *line);

/**
 * results_begin_boot() - make the directory that a boot writes its logs into
 * @path: its path, PATH_MAX bytes
 */
int results_begin_boot(struct results *results, const char *scenario, const char *variant,
		       unsigned int boot, char *path);

/* Write result.json and, unless NULL, trace.json into @path; give the directory its final name. */
int results_commit_boot(struct results *results, const char *path, const json_t *result,
			const json_t *records);

/* The boot is not to be kept: remove what results_begin_boot() made. */
void results_discard_boot(const char *path);

/* Put into results_error() that @path could not be written; returns @err. */
int results_cannot_write(struct results *results, int err, const char *path);

const char *results_error(const struct results *results);

/* Now, as "2026-11-21T03:30:00Z". */
const char *utc_now(char text[32]);

#endif
