/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/stress/summary.h"

#include <limits.h>
#include <stdio.h>

#include "analysis/report/report_stress.h"
#include "lib/atomic_file.h"
#include "lib/clock.h"

static json_t *operations(const struct stress_counts *counts)
{
	json_t *object = json_object();
	int op;

	for (op = 0; op < STRESS_OPS; op++)
		json_object_set_new(object, stress_op_name(op),
				    json_pack("{s:I, s:I}", "done", (json_int_t)counts->done[op],
					      "failed", (json_int_t)counts->failed[op]));
	return object;
}

json_t *summary_cut(const struct image_cut *cut, const char *device,
		    const struct stress_counts *counts, uint64_t duration_ns, json_t *findings)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:f, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I, "
			 "s:I, s:I, s:o}",
			 "cut", cut->name, "kernel_release", cut->release, "key", cut->key,
			 "device", device ? device : "", "duration_s",
			 (double)duration_ns / NSEC_PER_SEC, "boots", (json_int_t)counts->boots,
			 "rounds", (json_int_t)counts->rounds, "audits", (json_int_t)counts->audits,
			 "leak_scans", (json_int_t)counts->leak_scans, "operation_count",
			 (json_int_t)stress_orders(counts), "operations", operations(counts),
			 "faults_injected", (json_int_t)counts->faults, "processes_killed",
			 (json_int_t)counts->killed, "inflated_pages",
			 (json_int_t)counts->inflated_pages, "deflated_pages",
			 (json_int_t)counts->deflated_pages, "migrated_pages",
			 (json_int_t)counts->migrated_pages, "findings", findings);
}

int summary_write(const json_t *summary, const char *directory)
{
	struct atomic_stream stream = { .file = NULL };
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "%s/summary.json", directory);
	err = atomic_file_write_json(path, summary);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/summary.md", directory);
	err = atomic_stream_open(&stream, path);
	if (err)
		return err;
	stress_summary_print(stream.file, summary);
	return atomic_stream_commit(&stream);
}
