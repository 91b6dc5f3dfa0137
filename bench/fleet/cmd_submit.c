/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench submit: a run as jobs of Slurm. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/build/process.h"
#include "bench/fleet/fleet.h"
#include "bench/run/run.h"
#include "bench/series/check.h"
#include "bench/series/tool.h"
#include "lib/alloc.h"
#include "lib/atomic_file.h"
#include "lib/command_text.h"
#include "lib/directory.h"

#define SHARDS 4
/* In the directory of the shards; sbatch makes %a the number of the task. */
#define SHARD_SCRIPT "shard.sh"
#define SHARD_LOG "shard-%a.log"
#define MERGE_SCRIPT "merge.sh"
#define MERGE_LOG "merge.log"

struct submit_options {
	unsigned int shards;
	bool dry_run;
	struct words sbatch;
	char **run;
};

#define OPTIONS struct submit_options

static const struct submit_options defaults = { .shards = SHARDS };

static const struct option_row rows[] = {
	OPTION(COUNT, shards, "shards", 0, "N", "tasks that the plan is divided into", .min = 1,
	       .max = SHARDS_MAX),
	OPTION(FLAG, dry_run, "dry-run", 0, NULL, "print the scripts, submit nothing"),
	OPTION(WORDS, sbatch, "slurm", 0, "[SBATCH OPTION]... --",
	       "submit to Slurm, with these options for sbatch; must be given, as the last option"),
	OPTION(OPERANDS, run, NULL, 0, "RUN OPTION", "options of `balloonbench run`"),
	{ 0 },
};

/* Whether a word is an option of sbatch, with or without a value. "-a1-4" is a short one. */
static bool is_option(const char *word, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(word, name, n) && (n == 2 || !word[n] || word[n] == '=');
}

/* What the scripts set themselves. */
static int check_sbatch(const struct words *words)
{
	static const char *const ours[] = { "--array",	  "-a", "--dependency", "-d", "--wrap",
					    "--parsable", NULL };
	const char *const *name;
	size_t i;

	if (!words->given)
		return fails(EXIT_USAGE, "--slurm is missing: balloonbench submit --slurm [SBATCH "
					 "OPTION]... -- RUN OPTION...");
	for (i = 0; i < words->count; i++)
		for (name = ours; *name; name++)
			if (is_option(words->list[i], *name))
				return fails(
					EXIT_USAGE,
					"%s: submit sets it itself; --shards sets the number of "
					"tasks",
					words->list[i]);
	return 0;
}

static int check_run(const struct run_options *run)
{
	const char *wrong = run->shard.of	    ? "--shard: submit gives each task its own"
			    : run->resume.dir	    ? "--resume: a task resumes its shard itself"
			    : run->until.half_width ? "--until-ci: a shard does not know the "
						      "interval of all of them; use --boots"
						    : NULL;

	return wrong ? fails(EXIT_USAGE, "%s", wrong) : check_scenarios(&run->scenarios);
}

/* Parse the options of the run. @words, which getopt_long() reorders, begins with the command. */
static int parse_run(struct run_options *run, char **words)
{
	struct command_line line = { .command = &run_command, .argv = words, .options = run };
	int status;

	while (words[line.argc])
		line.argc++;
	status = options_parse(&line);
	return status < 0 ? EXIT_USAGE : status ?: check_run(run);
}

/* Whether the word is, or ends with, the value of an option, as in "-oDIR" and "-qoDIR". */
static bool has_value(const char *word, const char *value)
{
	return word && value >= word && value <= word + strlen(word);
}

/* Leave out -o and its value, and add a seed: all shards need the same. To be freed. */
static char **words_of(char **words, const struct run_options *run, const char *seed)
{
	char **kept, **word;
	size_t n = 0;

	for (word = words; *word; word++)
		n++;
	kept = xcalloc(n + 2, sizeof(*kept));
	n = 0;
	/* The word before the value is "-o", unless both are one. */
	for (word = words + 1; *word; word++)
		if (!has_value(*word, run->output) && (!run->output || word[1] != run->output))
			kept[n++] = *word;
	if (run->seed == SEED_OF_CLOCK)
		kept[n++] = (char *)seed;
	return kept;
}

/* An absolute path of a directory that need not be there. To be freed. */
static char *absolute(const char *path)
{
	char *here = *path == '/' ? NULL : realpath(".", NULL);
	char *whole = xasprintf("%s%s%s", here ?: "", here ? "/" : "", path);
	size_t n = strlen(whole);

	while (n > 1 && whole[n - 1] == '/')
		whole[--n] = '\0';
	free(here);
	return whole;
}

typedef void (*write_script)(const struct job *job, FILE *f);

/* Write a script into the directory of the shards. 0 or an exit status. */
static int put_script(const struct job *job, const char *name, write_script write)
{
	char *path = xasprintf("%s/%s", job->work, name), *text = NULL;
	size_t size;
	FILE *f = xmemstream(&text, &size);
	int err;

	write(job, f);
	fclose(f);
	err = atomic_file_replace(path, text, size);
	if (err)
		err = results_fail(err, "write", path);
	free(text);
	free(path);
	return err;
}

/* A command of sbatch; the user's options come last, so that they win. @after: a job, or NULL. */
static struct arguments sbatch_of(const struct job *job, const char *log, const char *after,
				  const char *script)
{
	struct arguments a = { NULL, 0 };
	size_t i;

	arguments_add(&a, "sbatch");
	arguments_add(&a, "--parsable");
	arguments_add(&a, "--output=%s/%s", job->work, log);
	if (after)
		arguments_add(&a, "--dependency=afterany:%s", after);
	for (i = 0; i < job->sbatch.count; i++)
		arguments_add(&a, "%s", job->sbatch.list[i]);
	arguments_add(&a, "%s/%s", job->work, script);
	return a;
}

/* Returns the number of the job, to be freed, or NULL after a message. */
static char *sbatch(const struct job *job, const char *log, const char *after, const char *script)
{
	struct arguments a = sbatch_of(job, log, after, script);
	struct process process = { .argv = NULL };
	char *id = NULL;
	int err;

	process.argv = (const char *const *)a.list;
	err = process_run(&process, &id);
	if (err == -ENOENT)
		log_error("cannot run sbatch: no such program; install Slurm "
			  "(slurm-client), or submit where it is");
	else if (err)
		log_error("sbatch failed: %s", process_error());
	arguments_release(&a);
	if (err || !id) {
		free(id);
		return NULL;
	}
	/* "JOB", or "JOB;CLUSTER" */
	id[strcspn(id, ";\n")] = '\0';
	return id;
}

static int submit(const struct job *job)
{
	char *shards = sbatch(job, SHARD_LOG, NULL, SHARD_SCRIPT);
	char *merge = shards ? sbatch(job, MERGE_LOG, shards, MERGE_SCRIPT) : NULL;

	if (merge)
		printf("job %s: shards 1 to %u, logs and trees in %s\n"
		       "job %s: merges them into %s, and reports, when all have ended\n",
		       shards, job->shards, job->work, merge, job->dir);
	else if (shards)
		log_warn("job %s runs without the job that merges; `scancel %s` ends it", shards,
			 shards);
	free(merge);
	free(shards);
	return merge ? 0 : EXIT_ENVIRONMENT;
}

/* New or empty: a run that was submitted is not submitted into again. */
static int check_new(const char *dir)
{
	int empty = directory_is_empty(AT_FDCWD, dir);

	if (empty == 1 || empty == -ENOENT)
		return 0;
	return results_fail(empty ? empty : -EEXIST, "submit into", dir);
}

static int make_directories_of(const struct job *job)
{
	int status = check_new(job->dir) ?: check_new(job->work);
	int err = status ? 0 : make_directories(job->work);

	return err ? results_fail(err, "create", job->work) : status;
}

static void print_command(const struct job *job, const char *log, const char *after,
			  const char *script)
{
	struct arguments a = sbatch_of(job, log, after, script);
	char *text = command_text(a.count, a.list);

	printf("# %s\n", text);
	free(text);
	arguments_release(&a);
}

static void print_scripts(const struct job *job)
{
	print_command(job, SHARD_LOG, NULL, SHARD_SCRIPT);
	job_write_shard(job, stdout);
	putchar('\n');
	print_command(job, MERGE_LOG, "JOB", MERGE_SCRIPT);
	job_write_merge(job, stdout);
}

static char *output_of(const struct run_options *run)
{
	char stamp[32], *named, *path;

	if (run->output)
		return absolute(run->output);
	named = xasprintf("results/%s-slurm", utc_now("%Y%m%dT%H%M%SZ", stamp));
	path = absolute(named);
	free(named);
	return path;
}

/* @words: "balloonbench run" and its options. */
static int make_job(const struct submit_options *o, char **words, const struct run_options *run)
{
	char *seed = xasprintf("--seed=%lld", (long long)time(NULL)), *dir = output_of(run);
	char *work = xasprintf("%s.shards", dir);
	const struct job job = {
		.dir = dir,
		.work = work,
		.shards = o->shards,
		.sbatch = o->sbatch,
		.run = words_of(words, run, seed),
		.programs = program_directory(),
	};
	int status = 0;

	if (o->dry_run)
		print_scripts(&job);
	else
		status = make_directories_of(&job) ?:
				 put_script(&job, SHARD_SCRIPT, job_write_shard) ?:
				 put_script(&job, MERGE_SCRIPT, job_write_merge) ?: submit(&job);
	free(job.run);
	free(work);
	free(dir);
	free(seed);
	return status;
}

/* Whether a word was in the list; it is not any more. */
static bool take_out(char **list, size_t *count, const char *word)
{
	size_t kept = 0, before = *count, i;

	for (i = 0; i < before; i++)
		if (strcmp(list[i], word))
			list[kept++] = list[i];
	*count = kept;
	return kept < before;
}

static int run(struct command_line *line)
{
	struct submit_options o = *(const struct submit_options *)line->options;
	struct run_options *run = xcalloc(1, sizeof(*run));
	char **words;
	size_t n = 0;
	int status;

	while (o.run[n])
		n++;
	words = xcalloc(n + 2, sizeof(*words));
	words[0] = "balloonbench run";
	memcpy(words + 1, o.run, n * sizeof(*words));
	/* Neither sbatch nor a shard knows it: wherever it is written, nothing is submitted. */
	o.dry_run |= take_out(words + 1, &n, "--dry-run");
	o.dry_run |= take_out(o.sbatch.list, &o.sbatch.count, "--dry-run");
	words[n + 1] = NULL;
	status = check_sbatch(&o.sbatch) ?: parse_run(run, words);
	if (!status)
		status = make_job(&o, words, run);
	free(words);
	free(run);
	return status;
}

const struct command submit_command = {
	.name = "submit",
	.purpose = "run on several hosts by Slurm",
	.description =
		"Submit a run to Slurm: an array job, a task for each shard of the plan, and a job "
		"that merges the shards and reports when all tasks have ended. Programs, kernels, "
		"QEMU and the directory of -o must be on a file system that all hosts share.\n"
		"A task that is requeued, after a failed node, preemption or its time limit, "
		"resumes "
		"its shard: no finished boot is lost. Slurm gives the CPUs: --cpus-per-task, "
		"--exclusive.\n"
		"The tree of the run is in the directory of -o; shards, scripts and logs are in "
		"that "
		"directory with .shards behind its name.",
	.examples =
		"  balloonbench submit --shards 8 --slurm --partition=lab --cpus-per-task=4 \\\n"
		"    --time=2:00:00 -- --suite full --builds 5 -o results/full\n"
		"      eight tasks\n"
		"  balloonbench submit --dry-run --slurm -- --scenario idle --boots 16\n"
		"      the scripts\n",
	.exits = "0 submitted\n"
		 "2 wrong usage\n"
		 "3 the scripts were not written, or Slurm did not take them",
	.rows = rows,
	.defaults = &defaults,
	.size = sizeof(struct submit_options),
	.run = run,
};
