/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench build --qemu-git: the QEMUs of a range of commits, each registered by a name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/build.h"
#include "bench/build/build_progress.h"
#include "bench/build/cache.h"
#include "bench/build/qemu_build.h"
#include "bench/build/registry.h"
#include "lib/alloc.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/run_program.h"

/* The QEMUs of a range; cuts are its commits. */
struct range {
	struct build *build;
	struct qemu_recipe recipe;
	struct built_qemu *qemus;
	char *err;
	size_t err_size;
};

static int collect(struct range *r)
{
	struct build *b = r->build;
	const struct build_options *o = b->options;
	char *inputs, id[KEY_LENGTH + 1];
	int status = qemu_recipe_load(&r->recipe, r->err, r->err_size)
			     ?: source_open(&b->source, o->qemu_git, r->err, r->err_size);

	if (status)
		return status;
	if (!b->source.in_git)
		return refuse(r->err, r->err_size,
			      "%s is not a git repository: it has no commits; build it yourself, "
			      "and register it by --qemu PATH",
			      b->source.path);
	inputs = xasprintf("qemu %s %s %s %s", b->source.path, b->source.format, r->recipe.text,
			   r->recipe.compiler);
	digest_key(inputs, id);
	free(inputs);
	status = git_open(&b->git, id, b->source.format, r->err, r->err_size);
	/* Those of roms/ are sources of firmware, which is not built. */
	b->git.empty_submodules = true;
	b->source_text = xasprintf("git %s", b->source.path);
	return status
		       ?: cuts_of_range(&b->source, &b->git, o->range, o->ends, o->name, &b->cuts,
					r->err, r->err_size);
}

static int register_it(struct range *r, size_t i)
{
	const struct cut *cut = &r->build->cuts.items[i];
	const char *const ask[] = { r->qemus[i].binary, "--version", NULL };
	char version[256];
	const struct registry_value values[] = {
		{ "path", r->qemus[i].binary },
		{ "version", version },
		{ "commit", cut->commit },
		{ "subject", cut->subject },
		{ "source", r->build->source_text },
		{ "built_from", r->build->built_from },
		{ NULL, NULL },
	};

	if (program_first_line(ask, version, sizeof(version)))
		return refuse(r->err, r->err_size, "%s was built, but cannot be run",
			      r->qemus[i].binary);
	return registry_write("qemu", cut->name, values, NULL, r->err, r->err_size);
}

static int build_one(struct range *r, size_t i)
{
	const struct build *b = r->build;
	const struct cut *cut = &b->cuts.items[i];
	char reason[2048];
	int status;

	if (built_qemu_find(&r->qemus[i]))
		return 0;
	build_progress_kernel(cut->name, access(b->git.build, F_OK) < 0);
	status = built_qemu_build(&r->qemus[i], &r->recipe, &b->git, &b->source, cut->tree, reason,
				  sizeof(reason));
	if (status)
		refuse(r->err, r->err_size, "QEMU %s, commit %.12s: %s", cut->name, cut->commit,
		       reason);
	else
		build_progress_done();
	return status;
}

/* Build what is missing, and register each as soon as it is there. */
static int build_all(struct range *r)
{
	const struct cut_list *cuts = &r->build->cuts;
	size_t i, missing = 0;
	int status = 0;

	r->qemus = xcalloc(cuts->count, sizeof(*r->qemus));
	for (i = 0; !status && i < cuts->count; i++) {
		status = built_qemu_open(&r->qemus[i], &r->recipe, cuts->items[i].tree, r->err,
					 r->err_size);
		if (!status)
			missing += !built_qemu_find(&r->qemus[i]);
	}
	build_progress_begin(missing, r->build->options->quiet);
	for (i = 0; !status && i < cuts->count; i++)
		status = build_one(r, i) ?: register_it(r, i);
	return status;
}

static void list_all(const struct cut_list *cuts)
{
	const struct cut *cut, *end = cuts->items + cuts->count;

	printf("%-*s %-12s %s\n", CUT_NAME_MAX, "QEMU", "COMMIT", "SUBJECT");
	for (cut = cuts->items; cut < end; cut++)
		printf("%-*s %-12.12s %s\n", CUT_NAME_MAX, cut->name, cut->commit,
		       cut->subject ?: "");
	printf("\nto run:     balloonbench run --scenario smoke");
	for (cut = cuts->items; cut < end; cut++)
		printf(" --variant finalize@%s", cut->name);
	printf("\nto remove:  balloonbench build");
	for (cut = cuts->items; cut < end; cut++)
		printf(" --remove %s", cut->name);
	putchar('\n');
}

int build_qemu_range(struct build *build)
{
	struct range r = { .build = build };
	char err[4096] = "";
	int lock = cache_lock("trees", err, sizeof(err)), status = lock < 0 ? lock : 0;
	size_t i;

	r.err = err;
	r.err_size = sizeof(err);
	if (!status)
		status = cache_remove_unfinished("qemu", err, sizeof(err)) ?: collect(&r)
									    ?: build_all(&r);
	if (status)
		status = build_fail(err);
	else
		list_all(&build->cuts);
	for (i = 0; r.qemus && i < build->cuts.count; i++)
		built_qemu_release(&r.qemus[i]);
	free(r.qemus);
	qemu_recipe_release(&r.recipe);
	if (lock >= 0)
		close(lock);
	return status;
}
