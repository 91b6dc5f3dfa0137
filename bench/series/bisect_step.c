/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench bisect --step: is a commit worse than the good one? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/build/build.h"
#include "bench/run/run.h"
#include "bench/series/bisect.h"
#include "bench/series/tool.h"
#include "lib/alloc.h"
#include "lib/command_text.h"
#include "lib/directory.h"
#include "lib/log.h"
#include "lib/json_file.h"
#include "lib/record.h"
#include "lib/result.h"

#define ID_SHOWN 12

static char *directory_of(const struct build_options *o)
{
	return xstrdup(o->git);
}

static char *cut_of(const char *commit)
{
	return xasprintf(BISECT_PREFIX "%.*s", ID_SHOWN, commit);
}

static int add_commit(struct build *b, const char *commit, char *err, size_t err_size)
{
	char *name = cut_of(commit);
	int status = cuts_base(&b->source, &b->git, commit, NULL, &b->cuts, err, err_size);

	if (!status)
		record_set_text(&b->cuts.items[b->cuts.count - 1].name, name);
	free(name);
	return status;
}

/* The good commit, then the one of the step: the range is "GOOD..COMMIT". */
static int collect(struct build *b, char *err, size_t err_size)
{
	const char *dots = strstr(b->options->range, "..");
	char *good = xasprintf("%.*s", (int)(dots - b->options->range), b->options->range);
	int status;

	b->source_text = xasprintf("git %s", b->source.path);
	status = add_commit(b, good, err, err_size) ?: add_commit(b, dots + 2, err, err_size);
	free(good);
	return status;
}

static const struct build_source step_source = { "bisect", directory_of, collect, true };

/* Build the good commit and that of the step. */
static int build_two(const struct bisect_options *o, const char *good, const char *commit)
{
	char *range = xasprintf("%s..%s", good, commit);
	const struct build_options options = {
		.git = o->git, .range = range, .config = o->config, .verbose = o->verbose
	};
	char *const command[] = { "balloonbench bisect", "--git",  (char *)o->git, "--good",
				  (char *)good,		 "--step", (char *)commit };
	struct build build = {
		.options = &options,
		.in_series = true,
		.built_from = command_text(sizeof(command) / sizeof(command[0]), command),
	};
	int status = build_source_run(&step_source, &build);

	build_release(&build);
	free(range);
	return status;
}

/* The good commit is booted again with each other: the machine may have changed since. */
static int run_two(const struct bisect_options *o, const char *good, const char *commit,
		   unsigned int boots, const char *dir)
{
	struct arguments a = { NULL, 0 };
	char *base = cut_of(good), *cut = cut_of(commit);
	int status;

	arguments_add(&a, "--scenario=%s", o->scenario);
	arguments_add(&a, "--variant=%s", base);
	arguments_add(&a, "--variant=%s", cut);
	arguments_add(&a, "--boots=%u", boots);
	if (o->host)
		arguments_add(&a, "--host=%s", o->host);
	if (o->accel)
		arguments_add(&a, "--accel=%s", o->accel);
	if (o->trace)
		arguments_add(&a, "--trace=%s", o->trace);
	status = tree_run(&a, dir, o->verbose ? "-v" : NULL);
	arguments_release(&a);
	free(base);
	free(cut);
	return status;
}

static bool is_ok(const char *path)
{
	struct boot_result result;
	char err[1024];
	json_t *json = json_file_load(path, err, sizeof(err));
	bool ok = json && !result_decode(&result, json, path, err, sizeof(err)) &&
		  result.status == BOOT_OK;

	if (json)
		record_release(&boot_record, &result);
	json_decref(json);
	return ok;
}

/* Whether no boot of the commit is ok: more of them would not be. */
static bool never_boots(const char *dir, const char *commit)
{
	char *cut = cut_of(commit), *files = xasprintf("/*/%s/boot-*/result.json", cut);
	bool never = true;
	glob_t found;
	size_t i;

	if (!glob_below(dir, files, &found)) {
		for (i = 0; never && i < found.gl_pathc; i++)
			never = !is_ok(found.gl_pathv[i]);
		globfree(&found);
	}
	free(cut);
	free(files);
	return never;
}

/* Boot the two, and compare them: the status of balloonstat gate; @never: the commit does not boot.
 */
static int compare_two(const struct bisect_options *o, const char *good, const char *commit,
		       unsigned int boots, bool *never)
{
	char *dir = xasprintf("%s/%.*s-%u", o->output, ID_SHOWN, commit, boots);
	char *regress = xasprintf("--max-regress=%s", o->regress);
	int status = run_two(o, good, commit, boots, dir);

	/* Of boots that failed, the others may be enough. */
	if (!status || (status == EXIT_ENVIRONMENT && tree_begun(dir)))
		status = stat_run("gate", dir, regress, NULL);
	*never = status == EXIT_INCONCLUSIVE && never_boots(dir, commit);
	free(regress);
	free(dir);
	return status;
}

/* Boot the two kernels, and more often where that leaves it open. */
static enum step judge(const struct bisect_options *o, const char *good, const char *commit)
{
	unsigned int boots = o->boots;
	bool never;
	int status;

	for (;; boots = boots * 2 < o->max_boots ? boots * 2 : o->max_boots) {
		status = compare_two(o, good, commit, boots, &never);
		if (status != EXIT_INCONCLUSIVE || never || boots >= o->max_boots)
			break;
		log_info("%.*s: inconclusive with %u boots; again with more", ID_SHOWN, commit,
			 boots);
	}
	if (status == EXIT_INCONCLUSIVE)
		log_warn("%.*s: %s; the commit is skipped", ID_SHOWN, commit,
			 never ? "it does not boot, see above"
			       : "still inconclusive; a higher --max-boots may decide it");
	switch (status) {
	case EXIT_FINE:
		return STEP_GOOD;
	case EXIT_REGRESSION:
		return STEP_BAD;
	case EXIT_INCONCLUSIVE:
		return STEP_SKIP;
	default:
		return status == EXIT_INTERRUPTED ? STEP_INTERRUPTED : STEP_ABORT;
	}
}

enum step bisect_step(const struct bisect_options *o, const char *good, const char *commit)
{
	int status = build_two(o, good, commit);

	if (status == EXIT_INTERRUPTED)
		return STEP_INTERRUPTED;
	if (!status)
		return judge(o, good, commit);
	log_warn("%.*s: does not build; the commit is skipped", ID_SHOWN, commit);
	return STEP_SKIP;
}
