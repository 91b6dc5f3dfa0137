/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench list and doctor: list shows every scenario and every variant with its
 * kernel, doctor reports on the kernels, QEMU and each accelerator, and names what is
 * missing.
 */
#include "tests/helpers/unit.h"

#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

#define BENCH TEST_SOURCE "/bench"
#define NAMES_MAX 64

/* Names that were found, and the kernels of variants. */
static char names[NAMES_MAX][64], cuts[NAMES_MAX][64];

/* The line of a text that begins with @begin, followed by a space; valid until the next call. */
static const char *line_of(const char *text, const char *begin)
{
	static char line[512];
	size_t n = strlen(begin);
	const char *at;

	for (at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (!strncmp(at, begin, n) && at[n] == ' ')
			break;
	if (!at)
		fail_msg("no line '%s' in: %s", begin, text);
	snprintf(line, sizeof(line), "%.*s", at ? (int)strcspn(at, "\n") : 0, at ? at : "");
	return line;
}

/* The scenarios that are shipped, by their files. */
static size_t find_scenarios(void)
{
	glob_t found;
	size_t n;

	assert_int_equal(glob(BENCH "/scenarios/*.ini", 0, NULL, &found), 0);
	assert_in_range(found.gl_pathc, 10, NAMES_MAX);
	for (n = 0; n < found.gl_pathc; n++) {
		const char *base = strrchr(found.gl_pathv[n], '/') + 1;

		snprintf(names[n], sizeof(names[n]), "%.*s", (int)strcspn(base, "."), base);
	}
	globfree(&found);
	return n;
}

/* The sections of an INI file that begin with @prefix, and the values of @key in them. */
static size_t find_sections(const char *path, const char *prefix, const char *key)
{
	char *text = read_file(path), *line, *save, format[32];
	size_t n = 0;

	assert_non_null(text);
	snprintf(format, sizeof(format), "%s = %%63s", key);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (*line == '[' && !strncmp(line + 1, prefix, strlen(prefix))) {
			assert_below(n, NAMES_MAX);
			sscanf(line + 1 + strlen(prefix), "%63[^]]", names[n++]);
		} else if (n) {
			sscanf(line, format, cuts[n - 1]);
		}
	}
	free(text);
	return n;
}

static struct outcome list(const char *option)
{
	struct outcome outcome =
		run_program("balloonbench", (const char *[]){ "list", option, NULL });

	assert_int_equal(outcome.status, EXIT_FINE);
	return outcome;
}

static void scenarios_are_listed(void **state)
{
	struct outcome outcome = list(NULL);
	size_t count = find_scenarios(), i;

	(void)state;
	for (i = 0; i < count; i++)
		assert_contains(line_of(outcome.output, names[i]), "iB");
	assert_contains(line_of(outcome.output, "idle"), " 8 GiB ");
	assert_contains(line_of(outcome.output, "idle"), " 7 GiB ");
	assert_contains(line_of(outcome.output, "fragmented"), " fragmented ");
	outcome_release(&outcome);
}

static void variants_are_listed_with_their_kernels(void **state)
{
	size_t count = find_sections(BENCH "/variants.ini", "", "cut"), i;
	struct outcome outcome = list(NULL);
	char cut[80];

	(void)state;
	assert_above(count, 10);
	for (i = 0; i < count; i++) {
		snprintf(cut, sizeof(cut), " %s ", cuts[i]);
		assert_contains(line_of(outcome.output, names[i]), cut);
	}
	assert_contains(line_of(outcome.output, "chunks"), "page-chunks=on");
	assert_contains(line_of(outcome.output, "finalize"), " - ");
	outcome_release(&outcome);
}

static bool has_section(const char *name, size_t count)
{
	while (count--)
		if (!strcmp(names[count], name))
			return true;
	return false;
}

static const json_t *find_named(const json_t *list, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (!strcmp(text_of(item, "name"), name))
			return item;
	fail_msg("%s is not listed", name);
	return NULL;
}

static void json_lists_the_same(void **state)
{
	struct outcome outcome = list("--json");
	json_t *all = json_loads(outcome.output, 0, NULL);
	const json_t *scenarios = json_object_get(all, "scenarios"), *item;
	const json_t *variants = json_object_get(all, "variants");
	size_t count = find_scenarios(), others = 0, i;

	(void)state;
	assert_non_null(all);
	assert_int_equal(json_array_size(scenarios), count);
	for (i = 0; i < count; i++) {
		item = find_named(scenarios, names[i]);
		assert_contains(text_of(item, "memory"), "iB");
		assert_contains(text_of(item, "inflate"), "iB");
		assert_at_least(number_of(item, "cycles"), 1);
		assert_string_not_equal(text_of(item, "description"), "");
	}
	assert_string_equal(text_of(find_named(scenarios, "touched"), "state"), "touched");
	count = find_sections(BENCH "/variants.ini", "", "cut");
	/* As the shipped cuts in another configuration. */
	json_array_foreach (json_object_get(all, "cuts"), i, item)
		others += !has_section(text_of(item, "name"), count);
	assert_int_equal(json_array_size(variants), count + others);
	for (i = 0; i < count; i++)
		assert_string_equal(text_of(find_named(variants, names[i]), "cut"), cuts[i]);
	assert_string_equal(text_of(find_named(variants, "chunks"), "device"), "page-chunks=on");
	assert_string_equal(text_of(find_named(variants, "chunks"), "policy"), "none");
	assert_string_equal(text_of(find_named(variants, "controller"), "policy"), "controller");
	assert_contains(text_of(find_named(variants, "greedy"), "program"), "target_bytes");
	json_decref(all);
	outcome_release(&outcome);
}

static void wrong_option(void **state)
{
	(void)state;
	expect_outcome(run_program("balloonbench", (const char *[]){ "list", "all", NULL }),
		       EXIT_USAGE, "unexpected argument: all");
}

/* The line of doctor about @what, which follows a mark: "ok", "no" or "FAILED". */
static const char *finding(const struct outcome *outcome, const char *mark, const char *what)
{
	char begin[64];

	snprintf(begin, sizeof(begin), "%-6s %s", mark, what);
	return line_of(outcome->output, begin);
}

/* Whether @what works; if not, the line has a reason. */
static bool works(const struct outcome *outcome, const char *what)
{
	char ok[64];

	snprintf(ok, sizeof(ok), "ok     %s ", what);
	if (strstr(outcome->output, ok))
		return true;
	assert_above(strlen(finding(outcome, "no", what)), 30);
	return false;
}

/*
 * TCG works wherever QEMU does. KVM depends on the machine, and a guest under icount may
 * be too slow for doctor on a busy one.
 */
static void doctor_boots_guests(void **state)
{
	struct outcome outcome = run_program("balloonbench", (const char *[]){ "doctor", NULL });
	size_t count = find_sections(build_path("images.ini"), "cut ", "key");
	char *images = read_file(build_path("images.ini")), text[300], qemu[256];
	struct utsname uts;

	(void)state;
	assert_int_equal(outcome.status, EXIT_FINE);
	uname(&uts);
	assert_contains(finding(&outcome, "ok", "host kernel"), uts.release);
	snprintf(text, sizeof(text), " %ld", sysconf(_SC_NPROCESSORS_ONLN));
	assert_contains(finding(&outcome, "ok", "CPUs"), text);
	assert_above(count, 0);
	snprintf(text, sizeof(text), " %zu cuts ", count);
	assert_contains(finding(&outcome, "ok", "guest kernels"), text);
	assert_int_equal(sscanf(strstr(images, "[qemu]"), "[qemu]\npath = %255s", qemu), 1);
	assert_contains(finding(&outcome, "ok", "QEMU"), qemu);
	finding(&outcome, "ok", "accel tcg");
	works(&outcome, "accel icount");
	works(&outcome, "accel kvm");
	assert_contains(
		finding(&outcome, works(&outcome, "nested KVM") ? "ok" : "no", "nested KVM"),
		"a host in a box runs under ");
	assert_contains(finding(&outcome, "no", "host in a box"),
			"balloonbench build --debian 6.12 adds one");
	works(&outcome, "host tracing");
	works(&outcome, "confinement");
	assert_lacks(outcome.output, "FAILED");
	free(images);
	outcome_release(&outcome);
}

/* A registered kernel with the modules of a host. */
static void doctor_knows_hosts(void **state)
{
	struct outcome outcome;

	(void)state;
	write_file(test_dir, "cache/cuts/vmlinuz", "a kernel");
	write_file(test_dir, "cache/cuts/mine.ini",
		   "[cut mine]\nimage = vmlinuz\nhost_modules = vmlinuz\nrelease = 1\n"
		   "version = 2\n");
	outcome = run_program("balloonbench", (const char *[]){ "doctor", NULL });
	remove_tree(in_test_dir("cache"));
	assert_contains(finding(&outcome, "ok", "host in a box"), "--host mine: guests under KVM");
	outcome_release(&outcome);
}

/* Run a copy of the program, whose images.ini is that of test_dir. */
static struct outcome doctor_elsewhere(void)
{
	return run_shell("mkdir -p '%1$s/bin' && cp '%2$s' '%1$s/bin/' && "
			 "BALLOONBENCH_DATA='%1$s' '%1$s/bin/balloonbench' doctor",
			 test_dir, build_path("balloonbench"));
}

static void doctor_without_qemu(void **state)
{
	struct outcome outcome;

	(void)state;
	expect_outcome(run_shell("sed '/^.qemu.$/{n;s|^path = .*|path = /nowhere/qemu|}' '%s' "
				 ">'%s/images.ini'",
				 build_path("images.ini"), test_dir),
		       0, "");
	outcome = doctor_elsewhere();
	unlink(in_test_dir("images.ini"));
	assert_int_equal(outcome.status, EXIT_ENVIRONMENT);
	assert_contains(finding(&outcome, "FAILED", "images"), "/nowhere/qemu");
	assert_contains(finding(&outcome, "FAILED", "images"), "make deps");
	assert_lacks(outcome.output, "accel ");
	outcome_release(&outcome);
}

/* A program that answers --version, and boots nothing: no accelerator works. */
static void doctor_with_another_program(void **state)
{
	struct outcome outcome;

	(void)state;
	setenv("QEMU", "/bin/false", 1);
	outcome = run_program("balloonbench", (const char *[]){ "doctor", NULL });
	unsetenv("QEMU");
	assert_int_equal(outcome.status, EXIT_ENVIRONMENT);
	assert_contains(finding(&outcome, "ok", "QEMU"), "/bin/false");
	finding(&outcome, "no", "accel kvm");
	finding(&outcome, "no", "accel tcg");
	finding(&outcome, "no", "accel icount");
	outcome_release(&outcome);
}

static void doctor_with_a_program_that_fails(void **state)
{
	struct outcome outcome;

	(void)state;
	chmod(write_file(test_dir, "fails", "#!/bin/sh\nexit 1\n"), 0755);
	setenv("QEMU", in_test_dir("fails"), 1);
	outcome = run_program("balloonbench", (const char *[]){ "doctor", NULL });
	unsetenv("QEMU");
	assert_int_equal(outcome.status, EXIT_ENVIRONMENT);
	assert_contains(finding(&outcome, "FAILED", "QEMU"), in_test_dir("fails"));
	assert_contains(finding(&outcome, "FAILED", "QEMU"), "make deps");
	assert_lacks(outcome.output, "accel ");
	outcome_release(&outcome);
}

static void doctor_without_kernels(void **state)
{
	struct outcome outcome = doctor_elsewhere();

	(void)state;
	assert_int_equal(outcome.status, EXIT_ENVIRONMENT);
	assert_contains(finding(&outcome, "FAILED", "images"), in_test_dir("images.ini"));
	assert_contains(finding(&outcome, "FAILED", "images"), "make all");
	outcome_release(&outcome);
}

/* What the user has registered is in none of the tests. */
static int set_up(void **state)
{
	if (test_dir_set_up(state))
		return -1;
	setenv("BALLOONBENCH_CACHE", in_test_dir("cache"), 1);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scenarios_are_listed),
		cmocka_unit_test(variants_are_listed_with_their_kernels),
		cmocka_unit_test(json_lists_the_same),
		cmocka_unit_test(wrong_option),
		cmocka_unit_test(doctor_boots_guests),
		cmocka_unit_test(doctor_knows_hosts),
		cmocka_unit_test(doctor_without_qemu),
		cmocka_unit_test(doctor_with_another_program),
		cmocka_unit_test(doctor_with_a_program_that_fails),
		cmocka_unit_test(doctor_without_kernels),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
