/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels x QEMUs: the scenario smoke, with the driver as a module and built in. By hand, for half
 * an hour and more: `make test-matrix`. It writes matrix/compatibility.md of the build, which is to
 * be copied into docs/. What Debian's archive has no more is skipped, with the reason.
 *
 * KERNELS, QEMUS in the environment: names, separated by spaces, to run only these; the page has
 * the last results of the others. BOOTS=N (default 1).
 */
#include "tests/helpers/unit.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "lib/alloc.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/program.h"

/* What has to be done once for a kernel or a QEMU before it can be run. */
struct part {
	const char *name, *what;
	const char *prepare; /* a command of bash, which ends with the path of a QEMU or nothing */
	bool is_prepared;
	char *failed, *skipped; /* the reason; NULL: neither */
	char version[128];	/* as a run recorded it */
	char *lacks;		/* what a run said that it cannot do, lines, or NULL */
};

/* Of a package of the source: a tree in matrix/, of which a build compiles a copy. */
#define SOURCE(version)                                                                            \
	"deb=$($source/vm-images/fetch-source linux-source-" version ") && "                       \
	"dir=$build/matrix/linux-" version " && { [ -e $dir/Kbuild ] || { rm -rf $dir && "         \
	"mkdir -p $dir && dpkg-deb --fsys-tarfile $deb | tar -xOf - --wildcards "                  \
	"'./usr/src/linux-source-*.tar.xz' | tar -C $dir -xJf - --strip-components=1; }; } && "    \
	"$build/balloonbench build --git $dir --worktree --name source-" version
#define DEBIAN(version) "$build/balloonbench build --debian " version
#define QEMU(version)                                                                              \
	"path=$($source/tests/matrix/unpack-qemu " version " $build/matrix/qemu-" version ") && "  \
	"$build/balloonbench build --qemu $path --name debian-" version

#define MODULE "Debian's, a module"
#define BUILT_IN "built in"

#define PART(name_, what_, prepare_)                                                               \
	{                                                                                          \
		.name = name_, .what = what_, .prepare = prepare_                                  \
	}

static struct part kernels[] = {
	PART("debian-6.1", MODULE, DEBIAN("6.1")),
	PART("debian-6.12", MODULE, DEBIAN("6.12")),
	PART("debian-6.18", MODULE, DEBIAN("6.18")),
	PART("debian-7.2", MODULE, DEBIAN("7.2")),
	PART("debian-7.3", MODULE, DEBIAN("7.3")),
	PART("source-6.1", BUILT_IN, SOURCE("6.1")),
	PART("finalize", BUILT_IN ", our series", "true"),
	PART("source-7.2", BUILT_IN, SOURCE("7.2")),
	PART("source-7.3", BUILT_IN, SOURCE("7.3")),
};

/* The default one is that of `make all`. */
static struct part qemus[] = {
	PART("debian-7.2", "Debian's 7.2", QEMU("7.2")),
	PART("default", "10.0, our series", "true"),
	PART("debian-11.1", "Debian's 11.1", QEMU("11.1")),
};

#define KERNELS (sizeof(kernels) / sizeof(kernels[0]))
#define QEMUS (sizeof(qemus) / sizeof(qemus[0]))

enum result { NOT_RUN, OK, FAILED, SKIPPED };

struct cell {
	struct part *kernel, *qemu;
	enum result result;
	char *reason;
	char name[64];
};

static struct cell cells[KERNELS * QEMUS];

/* The last line of an output that has this text, from there on, to be freed; NULL: none has. */
static char *last_line_with(const char *output, const char *text)
{
	const char *at, *last = NULL;

	for (at = output; (at = strstr(at, text)); at++)
		last = at;
	return last ? xasprintf("%.*s", (int)strcspn(last, "\n"), last) : NULL;
}

static char *last_line(const char *output)
{
	size_t n = strlen(output);
	const char *line;

	while (n && output[n - 1] == '\n')
		n--;
	for (line = output + n; line > output && line[-1] != '\n';)
		line--;
	return xasprintf("%.*s", (int)(output + n - line), line);
}

/* What nobody here can change: the archive, and the network. */
static bool is_of_the_archive(const char *reason)
{
	return strstr(reason, "(any more)") || strstr(reason, "cannot download");
}

static void prepare(struct part *part)
{
	struct outcome outcome;
	char *reason;

	if (part->is_prepared)
		return;
	part->is_prepared = true;
	outcome = run_shell("set -o pipefail; source=%s build=%s; %s", TEST_SOURCE, TEST_BUILD,
			    part->prepare);
	if (outcome.status) {
		reason = last_line_with(outcome.output, "error: ") ?: last_line(outcome.output);
		if (is_of_the_archive(outcome.output))
			part->skipped = reason;
		else
			part->failed = reason;
	}
	outcome_release(&outcome);
}

/* Keep the versions that a run has recorded. */
static void take_versions(const struct cell *cell, const char *directory)
{
	char *path = xasprintf("%s/env.json", directory);
	json_t *env = load_json(path);
	const json_t *cut = json_object_get(json_object_get(env, "cuts"), cell->kernel->name);

	snprintf(cell->kernel->version, sizeof(cell->kernel->version), "%s",
		 text_of(cut, "release"));
	snprintf(cell->qemu->version, sizeof(cell->qemu->version), "%s",
		 text_of(json_object_get(env, "qemu"), "version"));
	json_decref(env);
	free(path);
}

/* What was said of a QEMU before the first boot: "QEMU NAME (PATH) has no ...". */
static void take_lacks(struct part *qemu, const char *output)
{
	static const char has_no[] = ") has no ";
	char *start = xasprintf(": QEMU %s (", qemu->name), *text = NULL;
	const char *at, *said;
	size_t size;
	FILE *f = xmemstream(&text, &size);

	for (at = output; (at = strstr(at, start)); at += strlen(start)) {
		said = strstr(at, has_no);
		if (said && said < at + strcspn(at, "\n"))
			fprintf(f, "%.*s\n", (int)strcspn(said + 2, "\n"), said + 2);
	}
	fclose(f);
	if (size) {
		free(qemu->lacks);
		qemu->lacks = text;
		text = NULL;
	}
	free(text);
	free(start);
}

/* The reason why a run failed, to be freed. */
static char *reason_of(const char *output)
{
	static const char *const signs[] = { " is failed: ", " is invalid: ", "error: " };
	char *reason = NULL, *kept;
	size_t i;

	for (i = 0; !reason && i < sizeof(signs) / sizeof(signs[0]); i++) {
		kept = last_line_with(output, signs[i]);
		reason = kept ? xstrdup(kept + strlen(signs[i])) : NULL;
		free(kept);
	}
	return reason ?: last_line(output);
}

static void run_cell(struct cell *cell)
{
	const bool is_default = !strcmp(cell->qemu->name, "default");
	const char *boots = getenv("BOOTS");
	struct outcome outcome;
	char *directory = xasprintf("%s/matrix/results/%s@%s", TEST_BUILD, cell->kernel->name,
				    cell->qemu->name);

	outcome = run_shell("rm -rf %s && mkdir -p %s/matrix/results && %s/balloonbench run "
			    "--scenario %s/matrix/smoke.ini --variant %s%s%s --boots %s -o %s",
			    directory, TEST_BUILD, TEST_BUILD, TEST_BUILD, cell->kernel->name,
			    is_default ? "" : "@", is_default ? "" : cell->qemu->name, boots ?: "1",
			    directory);
	cell->result = outcome.status ? FAILED : OK;
	if (outcome.status)
		cell->reason = reason_of(outcome.output);
	if (!outcome.status)
		take_versions(cell, directory);
	take_lacks(cell->qemu, outcome.output);
	outcome_release(&outcome);
	free(directory);
}

static char *file_of(const struct cell *cell)
{
	return xasprintf("%s/matrix/results/%s@%s.json", TEST_BUILD, cell->kernel->name,
			 cell->qemu->name);
}

static void save(const struct cell *cell)
{
	char *path = file_of(cell);
	json_t *saved = json_pack("{s:i, s:s*, s:s, s:s, s:s*}", "result", (int)cell->result,
				  "reason", cell->reason, "kernel", cell->kernel->version, "qemu",
				  cell->qemu->version, "lacks", cell->qemu->lacks);

	if (json_dump_file(saved, path, JSON_INDENT(1)))
		fail_msg("cannot write %s", path);
	json_decref(saved);
	free(path);
}

static void take_text(char *text, size_t size, const json_t *saved, const char *key)
{
	const char *value = json_string_value(json_object_get(saved, key));

	if (value && *value)
		snprintf(text, size, "%s", value);
}

/* Of a run before this one. */
static void load(struct cell *cell)
{
	char *path = file_of(cell);
	json_t *saved = json_load_file(path, 0, NULL);
	const char *reason = json_string_value(json_object_get(saved, "reason"));
	const char *lacks = json_string_value(json_object_get(saved, "lacks"));

	cell->result = (enum result)json_integer_value(json_object_get(saved, "result"));
	if (reason)
		cell->reason = xstrdup(reason);
	take_text(cell->kernel->version, sizeof(cell->kernel->version), saved, "kernel");
	take_text(cell->qemu->version, sizeof(cell->qemu->version), saved, "qemu");
	if (lacks && *lacks) {
		free(cell->qemu->lacks);
		cell->qemu->lacks = xstrdup(lacks);
	}
	json_decref(saved);
	free(path);
}

static void try_cell(void **state)
{
	struct cell *cell = *state;
	struct part *const parts[] = { cell->kernel, cell->qemu };
	size_t i;

	for (i = 0; i < 2 && cell->result == NOT_RUN; i++) {
		prepare(parts[i]);
		if (!parts[i]->failed && !parts[i]->skipped)
			continue;
		cell->result = parts[i]->failed ? FAILED : SKIPPED;
		cell->reason = xstrdup(parts[i]->failed ?: parts[i]->skipped);
	}
	if (cell->result == NOT_RUN)
		run_cell(cell);
	save(cell);
	if (cell->result == SKIPPED)
		skip_test("%s", cell->reason);
	if (cell->result == FAILED)
		fail_msg("%s", cell->reason);
}

/* With more time: the machine may be busy otherwise. */
static int set_up(void **state)
{
	(void)state;
	expect_outcome(run_shell("mkdir -p %2$s/matrix && { sed 's/^resize_timeout.*/"
				 "resize_timeout = 300 s/' %1$s/bench/scenarios/smoke.ini && "
				 "echo 'boot_timeout = 300 s'; } >%2$s/matrix/smoke.ini",
				 TEST_SOURCE, TEST_BUILD),
		       0, NULL);
	return 0;
}

/* The number of a reason below the table: the same reason has one. */
static size_t number_of_reason(const struct cell *cell)
{
	size_t number = 0, i, j;

	for (i = 0; i < KERNELS * QEMUS; i++) {
		if (!cells[i].reason)
			continue;
		for (j = 0; j < i; j++)
			if (cells[j].reason && !strcmp(cells[j].reason, cells[i].reason))
				break;
		number += j == i;
		if (!strcmp(cells[i].reason, cell->reason))
			break;
	}
	return number;
}

static void print_cell(FILE *f, const struct cell *cell)
{
	static const char *const words[] = { "-", "ok", "failed", "skipped" };

	if (cell->reason)
		fprintf(f, " %s (%zu) |", words[cell->result], number_of_reason(cell));
	else
		fprintf(f, " %s |", words[cell->result]);
}

static const char *version_of(const struct part *part)
{
	return *part->version ? part->version : part->name;
}

/* Whether one of the cells of a row has a result. */
static bool was_run(const struct cell *row)
{
	size_t j;

	for (j = 0; j < QEMUS; j++)
		if (row[j].result != NOT_RUN)
			return true;
	return false;
}

static void print_table(FILE *f)
{
	size_t i, j;

	fputs("| kernel | driver |", f);
	for (j = 0; j < QEMUS; j++)
		fprintf(f, " QEMU %s |", *qemus[j].version ? qemus[j].version : qemus[j].what);
	fputs("\n|---|---|", f);
	for (j = 0; j < QEMUS; j++)
		fputs("---|", f);
	fputc('\n', f);
	for (i = 0; i < KERNELS; i++) {
		if (!was_run(&cells[i * QEMUS]))
			continue;
		fprintf(f, "| %s | %s |", version_of(&kernels[i]), kernels[i].what);
		for (j = 0; j < QEMUS; j++)
			print_cell(f, &cells[i * QEMUS + j]);
		fputc('\n', f);
	}
}

static void print_reasons(FILE *f)
{
	size_t i, last = 0;

	for (i = 0; i < KERNELS * QEMUS; i++)
		if (cells[i].reason && number_of_reason(&cells[i]) > last)
			fprintf(f, "\n(%zu) %s\n", ++last, cells[i].reason);
}

static void print_lacks(FILE *f)
{
	const char *line;
	size_t j;

	for (j = 0; j < QEMUS; j++)
		for (line = qemus[j].lacks; line && *line; line = strchr(line, '\n') + 1)
			fprintf(f, "- QEMU %s %.*s\n", version_of(&qemus[j]),
				(int)strcspn(line, "\n"), line);
}

static void print_page(FILE *f)
{
	const char *boots = getenv("BOOTS");
	struct utsname host;
	time_t now = time(NULL);
	char date[32];

	strftime(date, sizeof(date), "%Y-%m-%d", gmtime(&now));
	uname(&host);
	fprintf(f,
		"<!-- SPDX-License-Identifier: GPL-2.0-or-later -->\n# Compatibility\n\n"
		"This page answers: which kernels and QEMUs does balloonbench work with?\n\n"
		"`make test-matrix` runs the scenario `smoke` on each pair, %s boot%s each, with "
		"all\ncross-checks, and writes this page to build/matrix/compatibility.md. It was "
		"run last on\n%s, on %s.\n\n",
		boots ?: "1", boots && strcmp(boots, "1") ? "s" : "", date, host.machine);
	print_table(f);
	print_reasons(f);
	fputs("\nWhat these QEMUs cannot do is said before the first boot:\n\n", f);
	print_lacks(f);
	fputs("\nOnly the QEMU of `make all` has our trace event: with others translation on the "
	      "host is not\nobserved. A variant that needs a property of the balloon device which "
	      "its QEMU does not have, as\n`page-chunks`, is refused before the first boot.\n",
	      f);
}

static int tear_down(void **state)
{
	char path[PATH_MAX], *text = NULL, *rest, *line;
	size_t size, i;
	FILE *f = xmemstream(&text, &size);

	(void)state;
	for (i = 0; i < KERNELS * QEMUS; i++)
		if (cells[i].result == NOT_RUN)
			load(&cells[i]);
	print_page(f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/matrix/compatibility.md", TEST_BUILD);
	f = fopen(path, "we");
	if (f) {
		fputs(text, f);
		fclose(f);
	}
	for (rest = text; (line = strsep(&rest, "\n"));)
		print_message("# %s\n", line);
	free(text);
	return f ? 0 : -1;
}

static bool is_chosen(const char *variable, const char *name)
{
	const char *names = getenv(variable), *at;
	size_t n = strlen(name);

	if (!names || !*names)
		return true;
	for (at = names; (at = strstr(at, name)); at += n)
		if ((at == names || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
	return false;
}

int main(void)
{
	struct CMUnitTest tests[KERNELS * QEMUS];
	size_t i, count = 0;

	/* tests/run ends programs that take longer than tests do. */
	alarm(0);
	for (i = 0; i < KERNELS * QEMUS; i++) {
		struct cell *cell = &cells[i];

		cell->kernel = &kernels[i / QEMUS];
		cell->qemu = &qemus[i % QEMUS];
		snprintf(cell->name, sizeof(cell->name), "%s with QEMU %s", cell->kernel->name,
			 cell->qemu->name);
		if (is_chosen("KERNELS", cell->kernel->name) &&
		    is_chosen("QEMUS", cell->qemu->name))
			tests[count++] = (struct CMUnitTest){ .name = cell->name,
							      .test_func = try_cell,
							      .initial_state = cell };
	}
	return _cmocka_run_group_tests("matrix", tests, count, set_up, tear_down);
}
