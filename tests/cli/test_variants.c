/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Variants of one's own: cuts and QEMUs of the cache, specs, --variants, --kernel-args;
 * what list says of them, and what a run records.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "bench/config/images.h"
#include "lib/exit_status.h"
#include "tests/helpers/deny.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/tiny.h"

/* A QEMU whose balloon has no ranges, and boots nothing. */
#define OLD_QEMU                                                                                   \
	"#!/bin/sh\ncase \"$*\" in\n"                                                              \
	"--version) echo 'QEMU emulator version 7.2.22 (Debian)' ;;\n"                             \
	"*balloon-pci,help) echo '  deflate-on-oom=<bool>'; echo '  free-page-reporting=<bool>' "  \
	";;\n*) exit 1 ;;\nesac\n"

/* Path of the kernel of the cut finalize. */
static char kernel[512];

static void register_cut(const char *name, const char *facts)
{
	char file[128], text[2048];

	snprintf(file, sizeof(file), "cache/cuts/%s.ini", name);
	snprintf(text, sizeof(text), "[cut %s]\nimage = %s\n%s", name, kernel, facts);
	write_file(test_dir, file, text);
}

static void register_qemu(const char *name)
{
	char file[128], text[512];

	chmod(write_file(test_dir, "old-qemu", OLD_QEMU), 0755);
	snprintf(file, sizeof(file), "cache/qemus/%s.ini", name);
	snprintf(text, sizeof(text), "[qemu %s]\npath = %s/old-qemu\nsource = image %s/old-qemu\n",
		 name, test_dir, test_dir);
	write_file(test_dir, file, text);
}

static int set_up(void **state)
{
	struct images images;
	char err[512];

	if (tiny_set_up(state, TINY_WITHIN("5 s", "1 s")) ||
	    images_load(&images, path_images(), err, sizeof(err)))
		return -1;
	snprintf(kernel, sizeof(kernel), "%s", images_find(&images, "finalize")->image);
	images_release(&images);
	setenv("BALLOONBENCH_CACHE", in_test_dir("cache"), 1);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	remove_tree(in_test_dir("cache"));
	return 0;
}

static struct outcome list(const char *option, const char *value)
{
	return run_program("balloonbench", (const char *[]){ "list", option, value, NULL });
}

static struct outcome dry_run(const char *variant, const char *option, const char *value)
{
	const char *args[] = { "run", "--dry-run", "--accel", "tcg",  "--boots", "1", "--scenario",
			       tiny,  "--variant", variant,   option, value,	 NULL };

	return run_program("balloonbench", args);
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

#define FACTS                                                                                      \
	"build_id = ab\nsource = git /home/u/linux\ncommit = 0123456789abcdef0123\n"               \
	"subject = mm/balloon: do less\nauthor_date = 2026-11-20T10:00:00+01:00\ndirty = yes\n"    \
	"fuzz = 1\ntrace_events = no: mm/balloon.c has changed\n"

static void list_shows_where_they_come_from(void **state)
{
	struct outcome outcome;
	const json_t *item;
	json_t *all;

	(void)state;
	register_cut("01-mm-balloon-do-less", FACTS);
	register_cut("huge", "build_id = ab\nmessage_id = <1@example.org>\n");
	register_qemu("qemu-7.2");
	outcome = list(NULL, NULL);
	assert_int_equal(outcome.status, EXIT_FINE);
	assert_contains(outcome.output, "\n01-mm-balloon-do-less 01-mm-balloon-do-less -  ");
	assert_contains(outcome.output, "git /home/u/linux");
	assert_contains(outcome.output, " 0123456789ab 2026-11-20 mm/balloon: do less "
					"[differs from its commit] [a patch applied with fuzz 1] "
					"[trace events: no: mm/balloon.c has changed]\n");
	assert_contains(outcome.output, "<1@example.org>");
	assert_contains(outcome.output, "[hidden by the shipped cut of this name: ");
	assert_contains(outcome.output, "qemu-7.2     7.2.22 (Debian)");
	outcome_release(&outcome);

	outcome = list("--json", NULL);
	assert_int_equal(outcome.status, EXIT_FINE);
	all = json_loads(outcome.output, 0, NULL);
	assert_non_null(all);
	item = find_named(json_object_get(all, "cuts"), "01-mm-balloon-do-less");
	assert_string_equal(text_of(item, "commit"), "0123456789abcdef0123");
	assert_string_equal(text_of(item, "trace_events"), "no: mm/balloon.c has changed");
	assert_contains(text_of(item, "file"), "cache/cuts/01-mm-balloon-do-less.ini");
	item = find_named(json_object_get(all, "variants"), "01-mm-balloon-do-less");
	assert_string_equal(text_of(item, "cut"), "01-mm-balloon-do-less");
	assert_string_equal(text_of(item, "description"), "mm/balloon: do less");
	item = find_named(json_object_get(all, "qemus"), "qemu-7.2");
	assert_string_equal(text_of(item, "version"), "7.2.22 (Debian)");
	find_named(json_object_get(all, "qemus"), "default");
	json_decref(all);
	outcome_release(&outcome);
}

static void list_without_images(void **state)
{
	(void)state;
	register_cut("mine", "build_id = ab\n");
	expect_outcome(run_shell("mkdir -p '%1$s/bin' && cp '%2$s' '%1$s/bin/' && mkdir -p "
				 "'%1$s/data' && cp -r " TEST_SOURCE
				 "/bench/variants.ini " TEST_SOURCE "/bench/scenarios " TEST_SOURCE
				 "/bench/workloads '%1$s/data/' && BALLOONBENCH_DATA='%1$s/data' "
				 "'%1$s/bin/balloonbench' list",
				 test_dir, build_path("balloonbench")),
		       EXIT_FINE, "\nmine ", "\npfn-array ");
}

static void specs_boot_what_they_say(void **state)
{
	struct outcome outcome;

	(void)state;
	register_cut("01-x", "build_id = ab\n");
	register_qemu("qemu-7.2");
	outcome = dry_run("01-x,x-a=on,x-b=off", NULL, NULL);
	assert_int_equal(outcome.status, EXIT_FINE);
	assert_contains(outcome.output, kernel);
	assert_contains(outcome.output, "id=balloon0,x-a=on,x-b=off ");
	assert_contains(outcome.output, "tiny/01-x,x-a=on,x-b=off boot 1");
	outcome_release(&outcome);
	outcome = dry_run("01-x@qemu-7.2+off", NULL, NULL);
	assert_int_equal(outcome.status, EXIT_FINE);
	assert_contains(outcome.output, "/old-qemu -nodefaults");
	outcome_release(&outcome);
	expect_outcome(dry_run("01-x@qemu-8", NULL, NULL), EXIT_USAGE,
		       "variant '01-x@qemu-8': no QEMU 'qemu-8'; there are: default, qemu-7.2");
	expect_outcome(dry_run("02-x", NULL, NULL), EXIT_USAGE, "no variant '02-x' in ",
		       "`balloonbench list` shows them");
	expect_outcome(dry_run("huge,x-a=on", "--aa", NULL), EXIT_FINE,
		       "tiny/huge,x-a=on-again boot 1");
}

/* A name of variants.ini wins over a cut, and a shipped cut over a registered one. */
static void hidden_cuts_are_said(void **state)
{
	(void)state;
	register_cut("chunks", "build_id = ab\n");
	expect_outcome(dry_run("chunks", NULL, NULL), EXIT_FINE,
		       "variant chunks boots the shipped cut 'chunks', not that of ",
		       "with another --name to use it", "page-chunks=on");
	register_cut("host-merge", "build_id = ab\n");
	expect_outcome(
		dry_run("host-merge", NULL, NULL), EXIT_FINE, "variant host-merge is that of ",
		"which boots the cut 'finalize', not the cut 'host-merge' of ", "x-merge-pfns=on");
}

/* A file that cannot be used is named, and does no harm to a run without it. */
static void damaged_registry(void **state)
{
	(void)state;
	register_cut("good", "build_id = ab\n");
	write_file(test_dir, "cache/cuts/bad.ini", "[cut good]\n");
	write_file(test_dir, "cache/cuts/gone.ini",
		   "[cut gone]\nimage = /nowhere/vmlinux\nbuild_id = ab\nbuilt_from = balloonbench "
		   "build --image /x --name gone\n");
	expect_outcome(dry_run("good", NULL, NULL), EXIT_FINE, "cache/cuts/bad.ini",
		       "no kernel of cut 'gone' at /nowhere/vmlinux; make it again with "
		       "`balloonbench build --image /x --name gone`, or remove ",
		       "tiny/good boot 1");
	expect_outcome(list(NULL, NULL), EXIT_FINE, "/nowhere/vmlinux", "\ngood ");
	expect_outcome(dry_run("gone", NULL, NULL), EXIT_USAGE, "no variant 'gone'");
}

static void own_variants(void **state)
{
	const char *const shipped = TEST_SOURCE "/bench/variants.ini";
	char file[256];

	(void)state;
	snprintf(file, sizeof(file), "%s",
		 write_file(test_dir, "mine.ini",
			    "[mine]\ncut = finalize\nkernel_args = variant=1\n"
			    "[chunks]\ncut = huge\ndevice = x-mine=on\n"));
	expect_outcome(dry_run("mine", "--variants", file), EXIT_FINE, kernel, " variant=1 ",
		       "variant chunks of ", shipped);
	expect_outcome(dry_run("chunks,x-b=on", "--variants", file), EXIT_FINE,
		       "balloon0,x-mine=on,x-b=on ");
	expect_outcome(list("--variants", file), EXIT_FINE, "\nmine ", "x-mine=on");
	write_file(test_dir, "mine.ini", "[mine]\nkernel = x\n");
	expect_outcome(dry_run("mine", "--variants", file), EXIT_USAGE,
		       "mine.ini:2: [mine] kernel: unknown key");
	expect_outcome(dry_run("mine", "--variants", "/nowhere/x.ini"), EXIT_USAGE,
		       "/nowhere/x.ini: No such file");
	write_file(test_dir, "mine.ini", "[mine]\ncut = nothing\n");
	expect_outcome(dry_run("mine", "--variants", file), EXIT_ENVIRONMENT,
		       "variant mine needs the kernel of cut 'nothing'", "make all builds");
	write_file(test_dir, "mine.ini", "[mine]\ncut = finalize\nqemu = none\n");
	expect_outcome(dry_run("mine", "--variants", file), EXIT_ENVIRONMENT,
		       "variant mine needs the QEMU 'none', which is not registered");
}

static void kernel_args(void **state)
{
	char scenario[256], mine[256];
	const char *args[] = { "run",
			       "--accel",
			       "tcg",
			       "--boots",
			       "1",
			       "--scenario",
			       scenario,
			       "--variants",
			       mine,
			       "--variant",
			       "mine",
			       "--kernel-args",
			       "line=1 b=\"c d\"",
			       "--trace",
			       "off",
			       "-o",
			       NULL,
			       NULL };
	json_t *plan, *result;

	(void)state;
	snprintf(mine, sizeof(mine), "%s",
		 write_file(test_dir, "mine.ini",
			    "[mine]\ncut = finalize\nkernel_args = variant=1\n"));
	snprintf(scenario, sizeof(scenario), "%s",
		 write_file(test_dir, "args.ini",
			    TINY_WITHIN("5 s", "1 s") "[guest]\nkernel_args = scenario=1\n"));
	args[16] = in_test_dir("args");
	expect_outcome(run_program("balloonbench", args), EXIT_FINE, "1 boots ok");
	plan = load_json(in_test_dir("args/plan.json"));
	assert_string_equal(text_of(plan, "kernel_args"), "line=1 b=\"c d\"");
	assert_string_equal(text_of(item_of(plan, "scenarios", 0), "kernel_args"), "scenario=1");
	assert_string_equal(text_of(item_of(plan, "variants", 0), "kernel_args"), "variant=1");
	result = load_json(in_test_dir("args/args/mine/boot-01/result.json"));
	assert_string_equal(text_of(result, "kernel_args"),
			    "scenario=1 variant=1 line=1 b=\"c d\"");
	expect_outcome(run_shell("cat '%s/args/args/mine/boot-01/cmd.sh'", test_dir), EXIT_FINE,
		       " scenario=1 variant=1 line=1 b=\"c d\"'");
	json_decref(plan);
	json_decref(result);
	result = load_json(in_test_dir("args/env.json"));
	assert_contains(text_of(result, "command"), " --kernel-args 'line=1 b=\"c d\"' ");
	json_decref(result);
	expect_outcome(dry_run("finalize", "--kernel-args", "quiet init=/bin/sh"), EXIT_USAGE,
		       "--kernel-args: 'init=/bin/sh': the first process has to be the agent");
	expect_outcome(dry_run("finalize", "--kernel-args", "a\nb"), EXIT_USAGE,
		       "--kernel-args: expected one line");
	write_file(test_dir, "args.ini",
		   TINY_WITHIN("5 s", "1 s") "[guest]\nkernel_args = panic=5\n");
	args[16] = in_test_dir("refused");
	expect_outcome(run_program("balloonbench", args), EXIT_USAGE,
		       "args.ini:", "[guest] kernel_args: 'panic=5': a guest that panics");
}

/* The spec is the variant's name in every file of the tree, and that of its directory. */
static void results_have_the_spec(void **state)
{
	const char *const spec = "finalize,x-a=on@default+off";
	char path[512];
	struct outcome outcome;
	json_t *result;

	(void)state;
	expect_outcome(tiny_run("spec", "--variant", spec, "--boots", "1", "--trace", "off"),
		       EXIT_FINE, "2 boots ok");
	snprintf(path, sizeof(path), "spec/tiny/%s/boot-01/result.json", spec);
	result = load_json(in_test_dir(path));
	assert_string_equal(text_of(result, "variant"), spec);
	assert_string_equal(text_of(result, "cut"), "finalize");
	json_decref(result);
	outcome = EXPORT("spec", "--format", "csv");
	assert_int_equal(outcome.status, EXIT_FINE);
	assert_contains(outcome.output, "\"finalize,x-a=on@default+off\"");
	outcome_release(&outcome);
	expect_outcome(run_program("balloonstat", (const char *[]){ "compare", in_test_dir("spec"),
								    "--base", spec, NULL }),
		       EXIT_FINE, spec, "base");
	write_file(test_dir, "qos.ini",
		   "[a]\nclaim = inflate.duration_ns <= 1000 x finalize,x-a=on@default+off\n"
		   "variant = finalize\n[b]\nclaim = inflate.duration_ns <= 1000 x finalize\n"
		   "variant = finalize,x-a=on@default+off\n");
	outcome = run_program("balloonstat", (const char *[]){ "gate", in_test_dir("spec"), "--qos",
							       in_test_dir("qos.ini"), NULL });
	assert_contains(outcome.output, spec);
	assert_lacks(outcome.output, "no such variant");
	assert_lacks(outcome.output, "unexpected");
	outcome_release(&outcome);
}

static void suites_take_specs(void **state)
{
	(void)state;
	expect_outcome(run_shell("mkdir -p '%1$s/suite' && cp '%2$s' '%1$s/suite/' && cp '%3$s' "
				 "'%1$s/suite/' && cp -r " TEST_SOURCE
				 "/bench/scenarios " TEST_SOURCE
				 "/bench/variants.ini '%1$s/suite/' && printf "
				 "'[s]\\nscenarios = smoke\\nvariants = finalize,x-a=1+off "
				 "huge,x-b=2\\nboots = 1\\n' >'%1$s/suite/suites.ini' && "
				 "BALLOONBENCH_DATA='%1$s/suite' '%1$s/suite/balloonbench' run "
				 "--suite s --dry-run --accel tcg",
				 test_dir, TEST_BUILD "/balloonbench", TEST_BUILD "/images.ini"),
		       EXIT_FINE, "smoke/finalize,x-a=1+off boot 1", "page-chunks=on,x-b=2 ");
}

/* What a kernel is and where it comes from stands in env.json, and so does each QEMU. */
static void environment_is_recorded(void **state)
{
	const json_t *cut, *qemu;
	struct outcome outcome;
	json_t *env;

	(void)state;
	register_cut("01-mm-balloon-do-less", FACTS "built_from = balloonbench build\n");
	register_qemu("qemu-7.2");
	/* The fake guest may say that it runs another kernel. */
	outcome = tiny_run("env", "--variant", "01-mm-balloon-do-less", "--variant",
			   "finalize@qemu-7.2", "--boots", "1", "--trace", "off");
	outcome_release(&outcome);
	env = load_json(in_test_dir("env/env.json"));
	cut = json_at(env, "cuts.01-mm-balloon-do-less");
	assert_string_equal(text_of(cut, "build_id"), "ab");
	assert_string_equal(text_of(cut, "commit"), "0123456789abcdef0123");
	assert_string_equal(text_of(cut, "subject"), "mm/balloon: do less");
	assert_string_equal(text_of(cut, "author_date"), "2026-11-20T10:00:00+01:00");
	assert_string_equal(text_of(cut, "dirty"), "yes");
	assert_string_equal(text_of(cut, "fuzz"), "1");
	assert_string_equal(text_of(cut, "trace_events"), "no: mm/balloon.c has changed");
	assert_string_equal(text_of(cut, "source"), "git /home/u/linux");
	assert_string_equal(text_of(cut, "built_from"), "balloonbench build");
	cut = json_at(env, "cuts.finalize");
	assert_string_not_equal(text_of(cut, "compiler"), "(none)");
	assert_string_not_equal(text_of(cut, "config_sha256"), "(none)");
	qemu = json_object_get(json_object_get(env, "qemus"), "qemu-7.2");
	assert_string_equal(text_of(qemu, "version"), "7.2.22 (Debian)");
	assert_contains(text_of(qemu, "path"), "/old-qemu");
	assert_contains(text_of(json_at(env, "qemus.default"), "path"), "fake-qemu");
	assert_contains(text_of(json_at(env, "qemu"), "path"), "fake-qemu");
	json_decref(env);
}

/* Before the first boot: all variants that cannot run, by name. */
static void qemu_without_a_property(void **state)
{
	struct outcome outcome;

	(void)state;
	register_qemu("qemu-7.2");
	outcome = tiny_run("lacks", "--variant", "chunks@qemu-7.2", "--variant",
			   "finalize,x-a=on@qemu-7.2", "--variant", "finalize@qemu-7.2",
			   "--variant", "free-page-reporting@qemu-7.2", "--variant",
			   "finalize,deflate-on-oom=on@qemu-7.2");
	assert_int_equal(outcome.status, EXIT_UNSUPPORTED);
	assert_contains(outcome.output, "variant chunks@qemu-7.2 needs the property page-chunks of "
					"the balloon device, which QEMU qemu-7.2 (/");
	assert_contains(outcome.output, "variant finalize,x-a=on@qemu-7.2 needs the property x-a ");
	assert_contains(outcome.output, "2 of 6 variants cannot run with their QEMU; name the "
					"others with --variant");
	assert_lacks(outcome.output, "free-page-reporting@qemu-7.2 needs");
	outcome_release(&outcome);
	assert_int_not_equal(access(in_test_dir("lacks"), F_OK), 0);
}

/* The status of this process: whether the line was printed for the variant that needs the call. */
static int dry_run_on_old_kernel(void)
{
	const struct denied denied = { SYS_process_madvise, EINVAL, 4, 0, false };
	static const char line[] = "discards as without x-batch-discard";
	struct outcome with, without;

	deny(&denied);
	with = dry_run("finalize,x-batch-discard=on", NULL, NULL);
	without = dry_run("finalize,x-batch-discard=off", NULL, NULL);
	return strstr(with.output, line) && !strstr(without.output, line) ? 0 : 1;
}

static void kernel_without_batches(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0)
		_exit(dry_run_on_old_kernel());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void qemu_without_probes(void **state)
{
	static const char line[] = "translation on the host is not observed";
	struct outcome outcome = tiny_run("probes", "--boots", "1");

	(void)state;
	assert_contains(outcome.output, line);
	outcome_release(&outcome);
	outcome = tiny_run("no-probes", "--boots", "1", "--trace", "off");
	assert_lacks(outcome.output, line);
	outcome_release(&outcome);
	register_qemu("qemu-7.2");
	expect_outcome(dry_run("finalize@qemu-7.2", NULL, NULL), EXIT_FINE, "QEMU qemu-7.2 (/",
		       "old-qemu) is a script: whether the QEMU that it starts");
}

/* Once of a QEMU, however many variants use it; root only has privileges to drop. */
static void qemu_without_privileges(void **state)
{
	static const char line[] = "has no -run-with user=, which came with 9.1";
	struct outcome outcome;
	const char *first;

	(void)state;
	register_qemu("qemu-7.2");
	outcome = tiny_run("user", "--boots", "1", "--dry-run", "--variant", "finalize@qemu-7.2",
			   "--variant", "list@qemu-7.2");
	first = strstr(outcome.output, line);
	assert_int_equal(first != NULL, !geteuid());
	assert_true(!first || !strstr(first + 1, line));
	outcome_release(&outcome);
}

#define TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(list_shows_where_they_come_from),
		TEST(list_without_images),
		TEST(specs_boot_what_they_say),
		TEST(hidden_cuts_are_said),
		TEST(damaged_registry),
		TEST(own_variants),
		TEST(kernel_args),
		TEST(results_have_the_spec),
		TEST(suites_take_specs),
		TEST(environment_is_recorded),
		TEST(qemu_without_a_property),
		TEST(kernel_without_batches),
		TEST(qemu_without_probes),
		TEST(qemu_without_privileges),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
