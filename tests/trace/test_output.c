/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What balloontrace host writes for other programs: metrics, JSON and recordings, each read by a
 * parser that is not ours.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/metrics.h"
#include "lib/exit_status.h"
#include "lib/histogram.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/host_tracing.h"
#include "tests/helpers/schema.h"

#define CALLS 50
#define THREADS 2
#define DONTNEEDS (2 * THREADS * CALLS)
/* A file's name, and so that of the process. */
#define HOSTILE "a\"b\\c"

static pid_t pid;

static void start(void)
{
	struct outcome outcome = run_shell("cp '%s' '%s/" HOSTILE "'",
					   build_path("tests/helpers/advise/advise"), test_dir);

	assert_int_equal(outcome.status, 0);
	outcome_release(&outcome);
	unlink(in_test_dir("go"));
	unlink(in_test_dir("done"));
	pid = fork();
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl(in_test_dir(HOSTILE), HOSTILE, "50", in_test_dir("go"), in_test_dir("done"), NULL);
	_exit(127);
}

/* Run the command on it, with up to 12 words more; it makes its calls once it is traced. */
#define BEGIN(tracing, ...) begin(tracing, (const char *const[]){ __VA_ARGS__, NULL })
static void begin(struct host_tracing *tracing, const char *const *more)
{
	const char *args[16] = { "host", "-p" };
	char id[16];
	int i;

	skip_without_tracer();
	start();
	snprintf(id, sizeof(id), "%d", (int)pid);
	args[2] = id;
	for (i = 0; more[i]; i++)
		args[3 + i] = more[i];
	host_tracing_start(tracing, args);
	write_file(test_dir, "go", "");
	AWAIT(!access(in_test_dir("done"), F_OK));
}

static void end(struct host_tracing *tracing)
{
	host_tracing_end(tracing);
	kill(pid, SIGKILL);
	wait_program(pid);
}

static void expect(struct host_tracing *tracing, int status, const char *says)
{
	end(tracing);
	assert_int_equal(tracing->status, status);
	assert_contains(status ? tracing->messages : tracing->output, says);
	host_tracing_release(tracing);
}

static void expect_python(const char *script, const char *argument, const char *says)
{
	char path[512];
	struct outcome outcome;

	snprintf(path, sizeof(path), "%s", write_file(test_dir, "check.py", script));
	/* Debian's: another one in PATH does not have its packages. */
	outcome = run_shell("/usr/bin/python3 '%s' '%s'", path, argument);
	if (outcome.status == 77)
		skip_test("python3-prometheus-client is not installed; run make deps");
	expect_outcome(outcome, 0, says);
}

static void metrics(void **state)
{
	static const char check[] =
		"import sys\n"
		"try:\n    from prometheus_client.openmetrics.parser import "
		"text_string_to_metric_families as parse\n"
		"except ImportError:\n    sys.exit(77)\n"
		"families = list(parse(open(sys.argv[1]).read()))\n"
		"for family in families:\n"
		"    for s in family.samples:\n"
		"        if s.labels.get('advice') == 'dontneed' and s.labels.get('le', '+Inf') == "
		"'+Inf':\n"
		"            print(s.name, s.labels.get('vm'), s.labels.get('errno'), "
		"int(s.value))\n"
		"print('types', sorted(set(f.type for f in families)))\n";
	struct host_tracing tracing;
	char says[256], path[512];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s", in_test_dir("metrics.prom"));
	BEGIN(&tracing, "--metrics", path);
	expect(&tracing, EXIT_FINE, "dontneed");
	/* Others can read it, and nothing else is left in its directory. */
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(count_paths(test_dir, "metrics.prom?*"), 0);
	snprintf(says, sizeof(says), "balloontrace_calls_total " HOSTILE " None %d\n", DONTNEEDS);
	expect_python(check, path, says);
	snprintf(says, sizeof(says), "balloontrace_call_errors_total " HOSTILE " EINVAL %d\n",
		 DONTNEEDS / 2);
	expect_python(check, path, says);
	snprintf(says, sizeof(says), "balloontrace_call_seconds_bucket " HOSTILE " None %d\n",
		 DONTNEEDS);
	expect_python(check, path, says);
	expect_python(check, path, "types ['counter', 'gauge', 'histogram']");
}

static void metrics_that_cannot_be_written(void **state)
{
	struct host_tracing tracing;

	(void)state;
	BEGIN(&tracing, "--metrics", "/nowhere/metrics.prom");
	expect(&tracing, EXIT_ENVIRONMENT,
	       "cannot write metrics: /nowhere/metrics.prom: No such file");
}

/* Each bound has the values below it, and the last one all. */
static void buckets(void **state)
{
	struct histogram h = { 0 };
	unsigned int i;

	(void)state;
	histogram_add(&h, 1);
	histogram_add(&h, 1023);
	histogram_add(&h, 1024);
	histogram_add(&h, 5000000);
	assert_int_equal(metrics_bound_ns(0), 1024);
	assert_int_equal(metrics_below(&h, metrics_bound_ns(0)), 2);
	assert_int_equal(metrics_below(&h, metrics_bound_ns(1)), 3);
	assert_int_equal(metrics_below(&h, metrics_bound_ns(METRICS_BUCKETS - 1)), 4);
	for (i = 1; i < METRICS_BUCKETS; i++)
		assert_int_equal(metrics_bound_ns(i), 4 * metrics_bound_ns(i - 1));
}

static void assert_line_fits(const char *line)
{
	char path[512];

	snprintf(path, sizeof(path), "%s", write_file(test_dir, "host.json", line));
	assert_fits("bpf/host.schema.json", path);
}

static void json_fits_its_schema(void **state)
{
	struct host_tracing tracing;

	(void)state;
	BEGIN(&tracing, "--json");
	end(&tracing);
	assert_int_equal(tracing.status, EXIT_FINE);
	assert_line_fits(tracing.output);
	host_tracing_release(&tracing);
}

/* With an interval each line is an object. */
static void json_lines(void **state)
{
	struct host_tracing tracing;
	char *line, *rest;
	int lines = 0;

	(void)state;
	BEGIN(&tracing, "--interval", "100ms", "--json");
	AWAIT(host_tracing_says("\n") > 2);
	end(&tracing);
	assert_int_equal(tracing.status, EXIT_FINE);
	rest = tracing.output;
	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		assert_line_fits(line);
		lines++;
	}
	assert_at_least(lines, 3);
	host_tracing_release(&tracing);
}

/* One in eight is timed; all are counted. */
static void sample(void **state)
{
	struct host_tracing tracing;
	const json_t *process;
	json_t *json;

	(void)state;
	BEGIN(&tracing, "--sample", "8", "--json");
	end(&tracing);
	json = json_loads(tracing.output, 0, NULL);
	host_tracing_release(&tracing);
	process = item_of(json, "processes", 0);
	assert_number(number_of(process, "calls.dontneed.calls"), DONTNEEDS);
	assert_number(number_of(process, "calls.dontneed.errors"), DONTNEEDS / 2);
	assert_number(number_of(process, "calls.dontneed.one_in"), 8);
	assert_below(number_of(process, "calls.dontneed.latency_ns.count"), DONTNEEDS / 2);
	assert_above(number_of(process, "calls.dontneed.latency_ns.count"), 0);
	json_decref(json);
}

static void recording(void **state)
{
	struct host_tracing tracing;
	char path[512], drawn[512];
	const json_t *event, *named = NULL;
	json_t *all;
	size_t i, samples = 0;

	(void)state;
	snprintf(path, sizeof(path), "%s", in_test_dir("host.jsonl"));
	snprintf(drawn, sizeof(drawn), "%s", in_test_dir("host-timeline.json"));
	BEGIN(&tracing, "--record", path);
	AWAIT(count_in_file(path, "\"sample\"") > 1);
	expect(&tracing, EXIT_FINE, "dontneed");
	expect_outcome(
		run_program("balloonstat", (const char *[]){ "export", path, "--format", "perfetto",
							     "-o", drawn, NULL }),
		EXIT_FINE, "");
	all = load_json(drawn);
	json_array_foreach (json_object_get(all, "traceEvents"), i, event) {
		if (!strcmp(text_of(event, "name"), "process_name"))
			named = event;
		samples += !strcmp(text_of(event, "name"), "memory");
	}
	assert_non_null(named);
	assert_string_equal(json_string_value(json_at(named, "args.name")), HOSTILE);
	assert_at_least(samples, 2);
	assert_true(json_is_true(json_at(all, "otherData.whole")));
	json_decref(all);
}

static void a_row_an_interval(void **state)
{
	struct host_tracing tracing;

	(void)state;
	BEGIN(&tracing, "--interval", "100ms", "--sort", "name");
	AWAIT(host_tracing_says(HOSTILE "\n") > 1 && host_tracing_says(" s ") > 1);
	expect(&tracing, EXIT_FINE, "RSS");
	BEGIN(&tracing, "--sort", "size");
	expect(&tracing, EXIT_USAGE, "--sort size");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metrics),    cmocka_unit_test(metrics_that_cannot_be_written),
		cmocka_unit_test(buckets),    cmocka_unit_test(json_fits_its_schema),
		cmocka_unit_test(json_lines), cmocka_unit_test(sample),
		cmocka_unit_test(recording),  cmocka_unit_test(a_row_an_interval),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
