/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What names a variant: sections of files, cuts, and specs with properties, QEMU and
 * level; arguments for the guest's kernel; and which name wins.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/config/images.h"
#include "bench/config/kernel_args.h"
#include "bench/config/variant.h"
#include "bench/vm/qemu.h"
#include "tests/helpers/files.h"

#define VARIANTS                                                                                   \
	"[plain]\ncut = one\n"                                                                     \
	"[ranges]\ncut = two\ndevice = page-chunks=on,x-a=on\nkernel_args = from=file\n"           \
	"[old-qemu]\ncut = one\nqemu = qemu-7.2\n"                                                 \
	"[hides]\ncut = one\n"                                                                     \
	"[driver]\ncut = one\nconfig = drivers\nmethod = vmware\n"

static struct images images;
static struct variants variants;
static char err[1024];

static void ignore(const char *message)
{
	fail_msg("%s", message);
}

/* Two shipped cuts, a registered one, one whose name a variant has, and a QEMU. */
static int set_up(void **state)
{
	static const char cut[] =
		"[cut %1$s]\nimage = %2$s/kernel\nbuild_id = ab\nsubject = mm: %1$s\n";
	const char *const registered[] = { "01-mm-x", "hides" };
	char text[1024], name[64];
	size_t i;

	if (test_dir_set_up(state))
		return -1;
	unsetenv("QEMU");
	write_file(test_dir, "kernel", "");
	snprintf(text, sizeof(text),
		 "[initramfs]\npath = kernel\n[qemu]\npath = /bin/true\n[cut one]\nimage = kernel\n"
		 "release = 1\n[cut two]\nimage = kernel\nrelease = 2\n");
	if (images_load(&images, write_file(test_dir, "images.ini", text), err, sizeof(err)))
		return -1;
	for (i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "cache/cuts/%s.ini", registered[i]);
		snprintf(text, sizeof(text), cut, registered[i], test_dir);
		write_file(test_dir, name, text);
	}
	write_file(test_dir, "cache/qemus/qemu-7.2.ini", "[qemu qemu-7.2]\npath = /bin/false\n");
	images_add_registered(&images, in_test_dir("cache"), ignore);
	return variants_load(&variants, write_file(test_dir, "v.ini", VARIANTS), err, sizeof(err));
}

static int tear_down(void **state)
{
	variants_release(&variants);
	images_release(&images);
	return test_dir_tear_down(state);
}

static const struct variant *find(const char *spec)
{
	const struct variant *v = variants_find(&variants, &images, spec, err, sizeof(err));

	if (!v)
		fail_msg("%s", err);
	return v;
}

/* What a spec stands for; NULL: absent. */
static const struct good {
	const char *spec, *cut, *device, *qemu, *trace;
} good[] = {
	{ "plain", "one", NULL, NULL, NULL },
	{ "plain,page-chunks=on", "one", "page-chunks=on", NULL, NULL },
	{ "plain,a=1,b=2", "one", "a=1,b=2", NULL, NULL },
	{ "plain@qemu-7.2", "one", NULL, "qemu-7.2", NULL },
	{ "plain@default", "one", NULL, NULL, NULL },
	{ "plain+pages", "one", NULL, NULL, "pages" },
	{ "plain+pages=1", "one", NULL, NULL, "pages=1" },
	{ "plain,a=1@qemu-7.2+pages=4", "one", "a=1", "qemu-7.2", "pages=4" },
	{ "plain,a=1@qemu-7.2+off", "one", "a=1", "qemu-7.2", "off" },
	/* They come after those of the variant, or in their place. */
	{ "ranges,x-b=off", "two", "page-chunks=on,x-a=on,x-b=off", NULL, NULL },
	{ "ranges,x-a=off", "two", "page-chunks=on,x-a=off", NULL, NULL },
	{ "ranges,x-b=1,page-chunks=off", "two", "x-a=on,x-b=1,page-chunks=off", NULL, NULL },
	{ "old-qemu", "one", NULL, "qemu-7.2", NULL },
	{ "old-qemu@default+phases", "one", NULL, NULL, "phases" },
	/* A cut, shipped or registered, and a variant that has the name of one. */
	{ "two", "two", NULL, NULL, NULL },
	{ "01-mm-x,a=1+pages", "01-mm-x", "a=1", NULL, "pages" },
	{ "hides", "one", NULL, NULL, NULL },
};

static void expect_text(const char *text, const char *expected, const char *what)
{
	if (!text != !expected || (text && strcmp(text, expected)))
		fail_msg("%s: %s, expected %s", what, text ? text : "(none)",
			 expected ? expected : "(none)");
}

static void specs_are_resolved(void **state)
{
	const struct good *g;

	(void)state;
	for (g = good; g < good + sizeof(good) / sizeof(good[0]); g++) {
		const struct variant *v = find(g->spec);

		assert_string_equal(v->name, g->spec);
		expect_text(v->cut, g->cut, g->spec);
		expect_text(v->device, g->device, g->spec);
		expect_text(v->qemu, g->qemu, g->spec);
		expect_text(v->trace, g->trace, g->spec);
	}
	assert_string_equal(find("ranges,a=1")->kernel_args, "from=file");
	assert_string_equal(find("01-mm-x")->description, "mm: 01-mm-x");
}

#define AS_IN "letters, digits, '.', '_' and '-', as in "
#define LONG "a23456789-123456789-123456789-123456789-123456789-123456789-"

static const struct {
	const char *spec, *says;
} bad[] = {
	{ "nothing", "no variant 'nothing' in " },
	{ "nothing,a=1", "no variant 'nothing' in " },
	{ "", "variant '': '': expected a name of " AS_IN "NAME,property=value@QEMU+LEVEL" },
	{ ",a=1", "variant ',a=1': '': expected a name of " AS_IN },
	{ "../plain", "variant '../plain': '../plain': expected a name of " AS_IN },
	{ "a/b", "variant 'a/b': 'a/b': expected a name of " AS_IN },
	{ "plain,", "variant 'plain,': '': expected property=value of " AS_IN "page-chunks=on" },
	{ "plain,a", "variant 'plain,a': 'a': expected property=value of " },
	{ "plain,a=", "variant 'plain,a=': 'a=': expected property=value of " },
	{ "plain,=1", "variant 'plain,=1': '=1': expected property=value of " },
	{ "plain,a=1,,b=2", "variant 'plain,a=1,,b=2': '': expected property=value of " },
	{ "plain,a=x/y", "'a=x/y': expected property=value of " },
	{ "plain,a=b=c", "'a=b=c': expected property=value of " },
	{ "plain,id=x", "variant 'plain,id=x': 'id': the benchmark names the device itself" },
	{ "plain,a=1,a=2", "variant 'plain,a=1,a=2': 'a' is given twice" },
	{ "plain@", "variant 'plain@': no QEMU ''; there are: default, qemu-7.2; " },
	{ "plain@9", "variant 'plain@9': no QEMU '9'; there are: default, qemu-7.2; `balloonbench "
		     "build --qemu PATH --name NAME` adds one" },
	{ "plain@a@b", "no QEMU 'a@b'" },
	{ "plain@qemu-7.2,a=1", "the properties of the device belong before '@'" },
	{ "plain+fast", "variant 'plain+fast': 'fast' is no level of tracing: expected off, "
			"phases, pages or pages=N" },
	{ "plain+pages=0", "'pages=0' is no level of tracing: expected an N in [1, 65536]" },
	{ "plain+pages=1/4", "variant 'plain+pages=1/4': 'pages=1/4': write it +pages=4 in a "
			     "variant" },
	{ "plain+", "'' is no level of tracing" },
	{ "plain+pages@qemu-7.2", "'pages@qemu-7.2' is no level of tracing" },
	{ LONG LONG "x", "longer than 120 characters; give it a name in a file, for --variants" },
};

static void mistakes_are_named(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (variants_find(&variants, &images, bad[i].spec, err, sizeof(err)))
			fail_msg("'%s' is taken", bad[i].spec);
		if (!strstr(err, bad[i].says))
			fail_msg("'%s' says: %s", bad[i].spec, err);
	}
}

/* The name is a directory of result trees: no spec leads elsewhere, and no two share one. */
static void names_are_safe(void **state)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-,=@+";
	char spec[32];
	int c;

	(void)state;
	for (c = 1; c < 256; c++) {
		snprintf(spec, sizeof(spec), "plain,a=b%cc", c);
		if (!variants_find(&variants, &images, spec, err, sizeof(err)))
			continue;
		assert_non_null(strchr(allowed, c));
		assert_string_equal(find(spec)->name, spec);
	}
}

static size_t replaced_count;

static void note_replaced(const struct variant *by, const char *file)
{
	replaced_count++;
	assert_string_equal(by->name, "plain");
	assert_non_null(strstr(file, "v.ini"));
	assert_non_null(strstr(by->file, "mine.ini"));
}

static void own_file_wins(void **state)
{
	struct variants both;

	(void)state;
	assert_int_equal(variants_load(&both, in_test_dir("v.ini"), err, sizeof(err)), 0);
	write_file(test_dir, "mine.ini",
		   "[mine]\ncut = two\nkernel_args = \"a b\" c=1\n"
		   "[plain]\ncut = two\nqemu = qemu-7.2\n");
	assert_int_equal(
		variants_add_file(&both, in_test_dir("mine.ini"), note_replaced, err, sizeof(err)),
		0);
	assert_int_equal(replaced_count, 1);
	assert_int_equal(both.count, 6);
	assert_string_equal(both.list[0].name, "plain");
	assert_string_equal(both.list[0].cut, "two");
	assert_string_equal(both.list[0].qemu, "qemu-7.2");
	assert_string_equal(both.list[5].name, "mine");
	assert_string_equal(both.list[5].kernel_args, "\"a b\" c=1");
	variants_release(&both);
}

static const struct {
	const char *text, *says;
} bad_files[] = {
	{ "[a]\ncut = one\nqemu = ../x\n",
	  "f.ini:3: [a] qemu: '../x': expected the name of a QEMU" },
	{ "[a]\ncut = one\nkernel_args = init=/bin/sh\n",
	  "f.ini:3: [a] kernel_args: 'init=/bin/sh': the first process has to be the agent" },
	{ "[a]\ncut = one\ndevice = id=x\n", "f.ini:3: [a] device: 'id=x': expected properties" },
	{ "[a]\ndescription = x\n",
	  "f.ini: [a] has no cut; name one that `balloonbench list` shows" },
};

static void mistakes_in_files_are_named(void **state)
{
	struct variants v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		write_file(test_dir, "f.ini", bad_files[i].text);
		assert_int_equal(variants_load(&v, in_test_dir("f.ini"), err, sizeof(err)),
				 -EINVAL);
		if (!strstr(err, bad_files[i].says))
			fail_msg("case %zu says: %s", i, err);
	}
}

static const struct {
	const char *text, *says; /* NULL: it is fine */
} args[] = {
	{ "", NULL },
	{ "init_on_alloc=1 mitigations=off", NULL },
	{ "earlyconsole=x panic_on_warn=1 noinit=1", NULL },
	{ "dyndbg=\"file x.c line 1 init=2\" quiet", NULL },
	{ "quiet console=hvc0", "'console=hvc0': the benchmark reads warnings and panics" },
	{ "init=/bin/sh", "'init=/bin/sh': the first process has to be the agent" },
	{ "a  rdinit=/x b", "'rdinit=/x': the first process has to be the agent" },
	{ "panic=0", "'panic=0': a guest that panics has to end at once" },
	{ "\"init=/bin/sh -c\"", "'\"init=/bin/sh -c\"': the first process" },
	{ "a -- b", "'--': what follows would be arguments of the agent" },
	{ "a\nb", "expected one line without control characters" },
	{ "a\tb", "expected one line without control characters" },
};

static void kernel_args_are_checked(void **state)
{
	char *longest = malloc(KERNEL_ARGS_MAX + 2);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		*err = '\0';
		assert_int_equal(kernel_args_check(args[i].text, err, sizeof(err)),
				 args[i].says ? -EINVAL : 0);
		if (args[i].says && !strstr(err, args[i].says))
			fail_msg("'%s' says: %s", args[i].text, err);
	}
	memset(longest, 'a', KERNEL_ARGS_MAX + 1);
	longest[KERNEL_ARGS_MAX + 1] = '\0';
	assert_int_equal(kernel_args_check(longest, err, sizeof(err)), -EINVAL);
	assert_int_equal(kernel_args_check(longest + 1, err, sizeof(err)), 0);
	free(longest);
}

/* Ours come first: the kernel takes the last of two that contradict each other. */
static void kernel_args_are_appended(void **state)
{
	const char *const texts[] = { "scenario=1", NULL, "line=2" }, *const none[] = { NULL, "" };
	struct qemu_config config = { .binary = "/q",
				      .image = "/v",
				      .initramfs = "/i",
				      .append = "ours=1",
				      .accel = RESULT_TCG,
				      .memory_bytes = 256ULL << 20,
				      .directory = "/d" };
	char *all = kernel_args_join(texts, 3), **argv, **arg;

	(void)state;
	assert_string_equal(all, "scenario=1 line=2");
	assert_null(kernel_args_join(none, 2));
	config.kernel_args = all;
	argv = qemu_argv(&config);
	for (arg = argv; *arg && strcmp(*arg, "-append"); arg++)
		;
	assert_non_null(*arg);
	assert_non_null(strstr(arg[1], " ours=1"));
	assert_string_equal(strstr(arg[1], " ours=1"), " ours=1 scenario=1 line=2");
	qemu_argv_free(argv);
	free(all);
}

/* The scenario's configuration goes before the variant's, also in a variant made of it. */
static void configurations_are_chosen(void **state)
{
	struct scenario none = { .config = NULL }, distro = { .config = (char *)"distro" };

	(void)state;
	assert_null(variant_config(find("plain"), &none));
	assert_string_equal(variant_config(find("plain"), &distro), "distro");
	assert_string_equal(variant_config(find("driver"), &none), "drivers");
	assert_string_equal(variant_config(find("driver,huge-pages=on"), &none), "drivers");
	assert_string_equal(variant_config(find("driver"), &distro), "distro");
	assert_true(method_is_balloon(find("driver")->method));
	assert_false(method_is_balloon(RESULT_VIRTIO_MEM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specs_are_resolved),
		cmocka_unit_test(configurations_are_chosen),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(names_are_safe),
		cmocka_unit_test(own_file_wins),
		cmocka_unit_test(mistakes_in_files_are_named),
		cmocka_unit_test(kernel_args_are_checked),
		cmocka_unit_test(kernel_args_are_appended),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
