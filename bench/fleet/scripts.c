/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scripts that Slurm runs. */
#include "bench/fleet/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "lib/command_text.h"

/* Before the time limit, so that a boot under way can end; in seconds. */
#define NOTICE_S 60

static void begin(FILE *f, const char *name)
{
	fprintf(f,
		"#!/bin/sh\n"
		"#SBATCH --job-name=%s\n"
		"#SBATCH --open-mode=append\n"
		"#SBATCH --nodes=1\n"
		"#SBATCH --ntasks=1\n",
		name);
}

/* NAME=VALUE, as a shell reads it. */
static void assign(FILE *f, const char *name, const char *value)
{
	char *text = command_text(2, (char *const[]){ (char *)name, (char *)value });

	/* The blank between them is that of a command line. */
	fprintf(f, "%s=%s\n", name, text + strlen(name) + 1);
	free(text);
}

static const char run_shard[] =
	"tree=$work/shard-$SLURM_ARRAY_TASK_ID\n"
	"again=\n"
	"echo \"$(date -u +%FT%TZ) shard $SLURM_ARRAY_TASK_ID/$shards on node $SLURMD_NODENAME,\" "
	"\\\n"
	"	\"start $((${SLURM_RESTART_COUNT:-0} + 1))\"\n"
	"\n"
	"# A task that runs again goes on; finished boots stay.\n"
	"if [ -e \"$tree/plan.json\" ]; then\n"
	"	set -- --resume \"$tree\"\n"
	"else\n"
	"	rm -rf \"$tree\"\n"
	"	set -- \"$@\" --shard \"$SLURM_ARRAY_TASK_ID/$shards\" -o \"$tree\"\n"
	"fi\n"
	"\"$programs/balloonbench\" run \"$@\" &\n"
	"pid=$!\n"
	"# scancel and preemption send TERM; Slurm itself requeues what it preempts.\n"
	"trap 'kill -TERM $pid' TERM\n"
	"trap 'again=yes; kill -TERM $pid' USR1\n"
	"# A signal ends a wait before the program has ended.\n"
	"wait $pid\n"
	"status=$?\n"
	"while kill -0 $pid 2>/dev/null; do\n"
	"	wait $pid\n"
	"	status=$?\n"
	"done\n"
	"# The time limit is near: the rest runs in another turn. The job ID of the last task is "
	"that\n"
	"# of the array: it would requeue all.\n"
	"if [ \"$again\" ] && [ $status -ne 0 ]; then\n"
	"	scontrol requeue \"${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID\"\n"
	"fi\n"
	"exit $status\n";

void job_write_shard(const struct job *job, FILE *f)
{
	char *const *word;

	begin(f, "balloonbench");
	fprintf(f,
		"#SBATCH --array=1-%u\n"
		"#SBATCH --requeue\n"
		"#SBATCH --signal=B:USR1@%d\n\n",
		job->shards, NOTICE_S);
	assign(f, "programs", job->programs);
	assign(f, "work", job->work);
	fprintf(f, "shards=%u\nset --", job->shards);
	for (word = job->run; *word; word++)
		command_text_add(f, *word);
	fputc('\n', f);
	fputs(run_shard, f);
}

static const char merge_all[] =
	"# Of one that never began there is no directory.\n"
	"set --\n"
	"for tree in \"$work\"/shard-*/; do\n"
	"	[ ! -e \"$tree/plan.json\" ] || set -- \"$@\" \"${tree%/}\"\n"
	"done\n"
	"if [ $# -eq 0 ]; then\n"
	"	echo \"no shard has begun: see $work/shard-*.log\" >&2\n"
	"	exit 3\n"
	"fi\n"
	"\"$programs/balloonstat\" merge \"$@\" -o \"$dir\"\n"
	"status=$?\n"
	"[ -e \"$dir/plan.json\" ] || exit $status\n"
	"# Without gnuplot (4) there is a report, without plots; one variant (5) is no failure.\n"
	"for command in report compare; do\n"
	"	\"$programs/balloonstat\" $command \"$dir\" && continue\n"
	"	said=$?\n"
	"	[ $status -ne 0 ] || [ $said -eq 4 ] || [ $said -eq 5 ] || status=$said\n"
	"done\n"
	"exit $status\n";

void job_write_merge(const struct job *job, FILE *f)
{
	begin(f, "balloonbench-merge");
	fputc('\n', f);
	assign(f, "programs", job->programs);
	assign(f, "work", job->work);
	assign(f, "dir", job->dir);
	fputs(merge_all, f);
}
