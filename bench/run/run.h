/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_RUN_H
#define BENCH_RUN_RUN_H

#include <jansson.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/boot/boot.h"
#include "bench/config/images.h"
#include "bench/config/suite.h"
#include "bench/run/hosts.h"
#include "bench/run/plan.h"
#include "bench/run/shard.h"
#include "bench/run/until_ci.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/options.h"

extern const struct command run_command, list_command, doctor_command;

/* Values of --accel. */
extern const char *const accel_choices[];

/*
 * Many boots. Functions that return an exit status have printed the error, by fails(): below
 * the line of progress. Its value is @status.
 */
#define fails(status, ...) (progress_end(), log_error(__VA_ARGS__), (status))

/*
 * Progress on stderr: one line that is rewritten on a terminal, else plain lines. @total,
 * of boots, may grow. A boot is borrowed from progress_boot() to progress_done(); a step is
 * as of boot.progress; progress_skip() is for a boot that had finished before.
 */
void progress_begin(const size_t *total, bool quiet);
void progress_skip(void);
void progress_boot(const struct boot *boot);
void progress_step(const char *what, void *context);
void progress_done(const char *outcome);
void progress_end(void);

/* The largest guest: available memory minus 512 MiB for QEMU and the page cache. */
uint64_t host_guest_memory_limit(void);

/*
 * The value in the first line "KEY SEPARATORS VALUE" of a file, or ""; with both "", the
 * first line. Returns @value.
 */
const char *host_file_value(const char *path, const char *key, const char *separators, char *value,
			    size_t size);

/*
 * A run to resume: its env.json and plan.json. Arguments, seed, scenarios, variants,
 * kernels, QEMU and machine must be the same. Starts zeroed.
 */
struct resume {
	const char *dir;
	json_t *env, *plan;
	char **argv; /* the arguments of the run, NULL-terminated; NULL before resume_load() */
	int argc;
};

/* Load the tree: 0, or EXIT_USAGE after a message. Release @resume in every case. */
int resume_load(struct resume *resume, const char *dir);
void resume_release(struct resume *resume);

/*
 * Compare env.json and plan.json of this run with those of the run to resume, whose plan
 * --until-ci may have extended. 0 or an exit status.
 */
int resume_check(const struct resume *resume, const json_t *env, const json_t *plan);

/* The seed where --seed is not given. */
#define SEED_OF_CLOCK UINT64_MAX

/* The command line of `balloonbench run`; of a resumed run, the one it was begun with. */
struct run_options {
	const char *suite_name;
	struct names scenarios; /* in place of the suite's */
	struct names variants;
	const char *variants_file;  /* in addition to variants.ini, or NULL */
	const char *kernel_args;    /* or NULL */
	const char *host;	    /* the kernel of the host, or NULL: this machine */
	unsigned int boots, builds; /* 0: as the suite says */
	struct suite suite;	    /* what to compare: names only */
	unsigned int cycles;	    /* 0: as the scenario says */
	uint64_t rate_bytes_per_s;  /* likewise */
	struct until_ci_goal until; /* half_width 0: boots are as many as the suite says */
	struct shard shard;
	bool aa; /* the base has an A/A control, the suite's SUITE_CONTROL */
	uint64_t seed;
	const char *accel;
	struct trace_setting trace;
	bool perf;
	struct resume resume; /* its dir NULL: a new run */
	const char *output;   /* NULL: results/<UTC time>-<suite> */
	cpu_set_t pin;	      /* empty: not pinned */
	bool dry_run, quiet, verbose;
};

/*
 * Writer of a result tree: env.json, plan.json, journal.jsonl and a directory per boot,
 * which has a temporary name until all of it is on disk. Its functions return 0 or an
 * exit status, after a message that names the file and says what to do.
 */
struct results {
	const char *dir; /* as it was named; borrowed */
	int fd;		 /* of the directory: all of the tree is found from it; -1: closed */
	int journal_fd;	 /* -1: closed */
};
#define RESULTS_NONE ((struct results){ .fd = -1, .journal_fd = -1 })

/* Create and lock the tree. EXIT_USAGE if the directory is not empty. */
int results_create(struct results *results, const char *dir);

/* Open and lock an existing tree, and remove boots that did not end. */
int results_reopen(struct results *results, const char *dir);

void results_close(struct results *results);

/* Remove a tree that was just created, and close it. */
void results_abandon(struct results *results);

/* Load the result of a boot, if it has finished: @found. Release it in every case. */
int results_find_boot(const struct results *results, const struct boot *boot,
		      struct boot_result *result, bool *found);

/* Write a file of the tree. */
int results_write(const struct results *results, const char *file, const json_t *content);

/*
 * Append a line to the journal: the time, an event, and the boot or else a status, either
 * of which may be NULL.
 */
int results_journal(const struct results *results, const char *event,
		    const struct boot_result *result, const char *status);

/* The directory of a boot under way. */
struct boot_directory {
	int fd, parent_fd;
	char name[32];		  /* in its parent */
	char path[PATH_MAX];	  /* by the descriptor: for struct boot */
	char shown[2 * PATH_MAX]; /* as messages name it */
};

/* Make the directory for the logs of a boot. Commit or discard it if that is 0. */
int results_begin_boot(struct boot_directory *directory, const struct results *results,
		       const struct boot *boot);

/* Write result.json, and give the directory its final name. Discard it if that is not 0. */
int results_commit_boot(struct boot_directory *directory, const struct boot_result *result);

void results_discard_boot(struct boot_directory *directory);

/* Print that it cannot do @what, as in "create", to @path. Returns the exit status. */
int results_fail(int err, const char *what, const char *path);

/* CPU model, number of CPUs, memory, kernel, distribution of this host: for env.json. */
json_t *host_to_json(void);

/* Now, in UTC, by a format of strftime(). Returns @text. */
const char *utc_now(const char *format, char text[32]);
#define UTC_ISO "%Y-%m-%dT%H:%M:%SZ"

/* A run with all names resolved. */
struct session {
	const struct command_line *line;
	struct run_options options;
	struct images images;
	struct variants variants; /* of variants.ini, and of --variants */
	const struct variant **chosen;
	char **kernel_args; /* by scenario, then by chosen variant; NULL: none */
	struct scenario *scenarios;
	size_t scenario_count;
	struct plan plan;
	struct plan longer; /* with --until-ci: the source of further blocks */
	struct plan whole;  /* with --shard: the boots of all shards */
	struct until_ci until;
	struct hosts hosts;
	uint64_t memory_limit; /* of a guest */
	enum result_accel accel;
	char accel_reason[1024];
	struct results results;
	unsigned int boots[BOOT_INVALID + 1]; /* by status */
};

/* Load what the options name, choose the accelerator, make the plan. 0 or an exit status. */
int session_resolve(struct session *s);
void session_release(struct session *s);

/* A boot of the plan, without a directory for its logs. All members are borrowed. */
struct boot session_boot(const struct session *s, const struct plan_entry *entry);

/* Read variants.ini and, unless it is NULL, a file of the user's. 0 or an exit status. */
int load_variant_files(struct variants *variants, const char *file);

/* Read images.ini, which may not exist, and what is registered. 0 or an exit status. */
int load_images(struct images *images, bool required);

/*
 * The cut and the QEMU of a variant of the run. session_kernel() is the cut in the configuration of
 * a scenario; NULL if it was not built.
 */
const struct image_cut *session_cut(const struct session *s, const struct variant *variant);
const struct image_cut *session_kernel(const struct session *s, const struct variant *variant,
				       const struct scenario *scenario);
const struct image_qemu *session_qemu(const struct session *s, const struct variant *variant);

/*
 * Say what the QEMUs of the run cannot do. 0, or EXIT_UNSUPPORTED with the variants that need a
 * property which their QEMU does not have.
 */
int check_qemus(const struct session *s);

/* The first line of `QEMU --version`; "" if it cannot be run. Returns @line. */
const char *qemu_version_line(const char *binary, char *line, size_t size);

/* "idle/list boot 3", with several builds "idle/list boot 3 of build 2", until the next call. */
const char *boot_name(const struct boot *boot);

/* Create the result tree, or reopen that of --resume. 0 or an exit status. */
int run_plan_open(struct session *s);

/*
 * Run boot by boot, and store the results. With --until-ci the plan grows meanwhile, and
 * plan.json with it. Returns the exit status of the run.
 */
int run_plan(struct session *s);

#endif
