/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/stress/summary.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "analysis/report/report.h"
#include "lib/atomic_file.h"
#include "lib/clock.h"
#include "lib/directory.h"
#include "lib/log.h"

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
	return json_pack(
		"{s:s, s:s*, s:s*, s:s, s:f, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:o, s:I, s:I, s:I, s:I, s:I, s:o}",
		"cut", cut->name, "kernel_release", cut->release, "key", cut->key, "device",
		device ? device : "", "duration_s", (double)duration_ns / NSEC_PER_SEC, "weight",
		(int)schedule_weight(cut->name), "boots", (json_int_t)counts->boots,
		"boots_with_page_owner", (json_int_t)counts->page_owner_boots,
		"boots_without_page_owner", (json_int_t)(counts->boots - counts->page_owner_boots),
		"boots_with_init_on_alloc", (json_int_t)counts->init_boots, "rounds",
		(json_int_t)counts->rounds, "audits", (json_int_t)counts->audits, "leak_scans",
		(json_int_t)counts->leak_scans, "operation_count",
		(json_int_t)stress_orders(counts), "operations", operations(counts),
		"faults_injected", (json_int_t)counts->faults, "processes_killed",
		(json_int_t)counts->killed, "inflated_pages", (json_int_t)counts->inflated_pages,
		"deflated_pages", (json_int_t)counts->deflated_pages, "migrated_pages",
		(json_int_t)counts->migrated_pages, "findings", findings);
}

/* The section of the report, by itself. */
static int write_markdown(const char *path, const char *summary_path)
{
	struct atomic_stream stream = { .file = NULL };
	struct report report = { .table = NULL };
	struct document *summary;
	struct writer *writer;
	char err[512], ini[PATH_MAX];
	int status;

	summary = document_load(summary_path, err, sizeof(err));
	if (!summary)
		return -EINVAL;
	data_path("analysis", "report/report.ini", ini, sizeof(ini));
	if (topics_load(&report.topics, ini, err, sizeof(err)))
		log_warn("%s", err);
	status = atomic_stream_open(&stream, path);
	if (!status) {
		writer = write_open();
		write_to(writer, WRITE_MARKDOWN, stream.file, NULL, err, sizeof(err));
		stress_summary_write(writer, &report, summary);
		write_close(writer);
		status = atomic_stream_commit(&stream);
	}
	topics_release(&report.topics);
	document_release(summary);
	return status;
}

int summary_write(const json_t *summary, const char *directory)
{
	char json[PATH_MAX], markdown[PATH_MAX];
	int err;

	snprintf(json, sizeof(json), "%s/summary.json", directory);
	snprintf(markdown, sizeof(markdown), "%s/summary.md", directory);
	err = atomic_file_write_json(json, summary);
	return err ? err : write_markdown(markdown, json);
}
