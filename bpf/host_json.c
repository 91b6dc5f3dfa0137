/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/host_output.h"

#include "bpf/trace_result.h"
#include "lib/record_table.h"

struct summary {
	int64_t schema_version, elapsed_ns, late_processes;
	const char *event, *level;
	struct record_list processes, observations;
	struct trace_counters counters;
};

#define S struct summary
RECORD(host_summary_record, "host_summary", "what balloontrace host --json prints",
	FIELD(COUNT, schema_version), FIELD(TEXT, event), FIELD(TEXT, level),
	FIELD(COUNT, elapsed_ns),
	FIELD(LIST, processes, .required = true, .record = &process_record),
	FIELD(LIST, observations, .required = true, .record = &observed_record),
	FIELD(STRUCT, counters, .record = &counters_record),
	FIELD(COUNT, late_processes,
	      .doc = "more were executed at once than can be traced from their first call on"));
#undef S

void host_show_json(const struct traced_processes *traced, const struct trace_options *options,
		    const char *event, uint64_t elapsed_ns, bool one_line)
{
	char level[TRACE_SETTING_TEXT];
	struct summary s = { .schema_version = RESULT_SCHEMA_VERSION,
			     .event = event,
			     .level = trace_setting_text(&options->tracer.trace, level),
			     .elapsed_ns = elapsed_ns,
			     .late_processes = traced->late };
	uint64_t counters[COUNTER_COUNT] = { 0 };
	const struct observation *seen;
	size_t count;

	host_tracer_counters(traced->tracer, counters);
	seen = host_tracer_observations(traced->tracer, &count);
	traced_processes_summarize(traced, clock_cost_ns(), &s.processes);
	trace_observations(&s.observations, seen, count);
	trace_counters(&s.counters, counters);
	show_json(record_encode(&host_summary_record, &s), one_line);
	/* Its texts are borrowed. */
	s.event = s.level = NULL;
	record_release(&host_summary_record, &s);
}
