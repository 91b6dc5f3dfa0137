/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_RESUME_H
#define BENCH_RUN_RESUME_H

#include <jansson.h>

/*
 * A run that was stopped before its end: what env.json and plan.json say of it.
 * It is gone on with as it was begun, or not at all: the same arguments, seed,
 * scenarios, variants, kernels, QEMU and machine. Starts zeroed.
 */
struct resume {
	const char *dir;
	json_t *env;
	json_t *plan;
};

/* 0, or an exit status after a message. To be released in every case. */
int resume_load(struct resume *resume, const char *dir);
void resume_release(struct resume *resume);

/*
 * The arguments that the run was begun with; they belong to @resume, the array
 * is to be freed. NULL after a message where the tree does not say.
 */
char **resume_arguments(const struct resume *resume, int *argc);

/**
 * resume_check() - whether a run as it would begin now is the one that was begun
 * @env, @plan: as they would be written
 *
 * A plan that grew since, by --until-ci, is the same plan.
 *
 * Return: 0, or an exit status after a message that says what is different.
 */
int resume_check(const struct resume *resume, const json_t *env, const json_t *plan);

#endif
