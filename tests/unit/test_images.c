/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * images.ini and what is registered in the cache: what a run needs is checked and
 * locked, and a file that cannot be used is named without harm to the rest.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "bench/config/images.h"
#include "tests/helpers/files.h"

#define SHIPPED                                                                                    \
	"[cut one]\nimage = one\nrelease = 6.12-one\nkey = 1\nsource = linux-6.12\n"               \
	"[initramfs]\npath = initramfs\n[qemu]\npath = qemu\n"                                     \
	"[cut two]\nimage = two\nbuild_id = 22\ncompiler = clang 14\n"

static struct images images;
static char err[1024], warnings[8][1024];
static size_t warning_count;

static void note_warning(const char *message)
{
	snprintf(warnings[warning_count++], sizeof(warnings[0]), "%s", message);
}

static int set_up(void **state)
{
	static const char *const files[] = { "initramfs", "qemu", "one", "two", "mine" };
	size_t i;

	if (test_dir_set_up(state))
		return -1;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		write_file(test_dir, files[i], "");
	return 0;
}

static int begin(void **state)
{
	(void)state;
	unsetenv("QEMU");
	remove_tree(in_test_dir("cache"));
	return 0;
}

static int end(void **state)
{
	(void)state;
	images_release(&images);
	return 0;
}

/* Register a file: @text has %1$s for the test's directory. */
static void put(const char *name, const char *text)
{
	char whole[1024], path[128];

	snprintf(whole, sizeof(whole), text, test_dir);
	snprintf(path, sizeof(path), "cache/%s", name);
	write_file(test_dir, path, whole);
}

static void load(const char *text)
{
	warning_count = 0;
	if (images_load(&images, write_file(test_dir, "images.ini", text), err, sizeof(err)))
		fail_msg("%s", err);
	images_add_registered(&images, in_test_dir("cache"), note_warning);
}

static int use(const char *cut, const char *qemu)
{
	*err = '\0';
	return images_use(&images, images_find(&images, cut), images_find_qemu(&images, qemu), err,
			  sizeof(err));
}

static void expect_use(const char *cut, const char *qemu, int status, const char *says)
{
	assert_int_equal(use(cut, qemu), status);
	if (!strstr(err, says))
		fail_msg("%s says: %s", cut, err);
}

static void paths_are_below_the_file(void **state)
{
	(void)state;
	load(SHIPPED);
	assert_int_equal(images.cut_count, 2);
	assert_string_equal(images.cuts[0].source, "linux-6.12");
	assert_string_equal(images.cuts[1].compiler, "clang 14");
	assert_string_equal(images.cuts[1].image, in_test_dir("two"));
	assert_string_equal(images.qemu, in_test_dir("qemu"));
	assert_null(images_find(&images, "three"));
}

static void registered_ones_are_added(void **state)
{
	const struct image_cut *cut;

	(void)state;
	put("cuts/01-mm-x.ini", "# Written by a build.\n[cut 01-mm-x]\nimage = %1$s/mine\n"
				"build_id = ab\ncommit = 1234\nsubject = mm: x = y\ndirty = yes\n"
				"fuzz = 2\ntrace_events = no: drivers/virtio/virtio_balloon.c\n");
	put("cuts/bz.ini", "[cut bz]\nimage = %1$s/mine\nrelease = 7.3\nversion = #1 SMP\n");
	put("qemus/7.2.ini", "[qemu 7.2]\npath = %1$s/mine\nversion = 7.2.1\n");
	load(SHIPPED);
	assert_int_equal(warning_count, 0);
	cut = images_find(&images, "01-mm-x");
	assert_non_null(cut);
	assert_string_equal(cut->subject, "mm: x = y");
	assert_string_equal(cut->fuzz, "2");
	assert_string_equal(cut->dirty, "yes");
	assert_null(cut->message_id);
	assert_string_equal(images_find_qemu(&images, "7.2")->version, "7.2.1");
	assert_string_equal(images_find_qemu(&images, NULL)->path, in_test_dir("qemu"));
	expect_use("01-mm-x", "7.2", 0, "");
	expect_use("bz", "7.2", 0, "");
	/* What is not used need not be there. */
	write_file(test_dir, "images.ini", "[initramfs]\npath = initramfs\n");
	images_release(&images);
	load("[initramfs]\npath = initramfs\n[cut gone]\nimage = gone\nrelease = x\n");
	expect_use("01-mm-x", "7.2", 0, "");
	expect_use("gone", "7.2", -ENOENT, "no kernel of cut 'gone' at ");
	expect_use("01-mm-x", NULL, -ENOENT, "no QEMU; make deps installs Debian's");
}

/* The shipped one is used: a build must not change what its results mean. */
static void shipped_ones_hide_registered_ones(void **state)
{
	(void)state;
	put("cuts/one.ini", "[cut one]\nimage = %1$s/mine\nbuild_id = ab\n");
	put("cuts/two.ini", "[cut two]\nimage = %1$s/two\nbuild_id = 22\n");
	put("qemus/default.ini", "[qemu default]\npath = %1$s/mine\n");
	load(SHIPPED);
	assert_int_equal(warning_count, 0);
	assert_string_equal(images_find(&images, "one")->image, in_test_dir("one"));
	assert_non_null(images_hidden(&images, "one"));
	assert_string_equal(images_hidden(&images, "one")->image, in_test_dir("mine"));
	/* The same kernel: nothing is hidden from the user. */
	assert_null(images_hidden(&images, "two"));
	assert_string_equal(images.qemu, in_test_dir("qemu"));
	assert_true(images.qemus[1].hidden);
}

static const struct {
	const char *file, *text;
	const char *says[2];
} damaged[] = {
	{ "cuts/a.ini", "garbage\n", { "cuts/a.ini:1: expected a [section]", "; remove " } },
	{ "cuts/a.ini", "", { "cuts/a.ini: [cut a] has no image; remove ", "cuts/a.ini" } },
	{ "cuts/a.ini",
	  "[cut b]\nimage = %1$s/mine\n",
	  { "expected only a section [cut a]", "or build 'a' again" } },
	{ "cuts/a.ini",
	  "[cut a]\nimage = %1$s/mine\n[cut b]\nimage = %1$s/mine\n",
	  { "expected only a section [cut a]", "; remove " } },
	{ "cuts/a.ini",
	  "[cut a]\nimage = %1$s/mine\n",
	  { "[cut a] has no build_id, or release and version; remove ", "cuts/a.ini" } },
	/* A release does not tell the kernels of one tree apart. */
	{ "cuts/a.ini",
	  "[cut a]\nimage = %1$s/mine\nrelease = x\n",
	  { "[cut a] has no build_id, or release and version; remove ", "cuts/a.ini" } },
	{ "cuts/a.ini",
	  "[cut a]\nimage = %1$s/mine\nvmlinuz = x\nrelease = x\n",
	  { "cuts/a.ini:3: [cut a] vmlinuz: unknown key", "; remove " } },
	{ "cuts/a.ini",
	  "[cut a]\nimage = %1$s/gone\nbuild_id = ab\nbuilt_from = balloonbench build --x\n",
	  { "no kernel of cut 'a' at ",
	    "make it again with `balloonbench build --x`, or remove " } },
	{ "cuts/a.ini",
	  "[cut a]\nimage = %1$s/mine\nbuild_id = ab\nmodules = %1$s/gone\n",
	  { "no modules of cut 'a' at ", "; remove " } },
	{ "cuts/a b.ini",
	  "[cut a b]\nimage = %1$s/mine\nbuild_id = ab\n",
	  { "expected a name of letters", "; remove " } },
	{ "qemus/a.ini", "[qemu a]\npath = %1$s/gone\n", { "no QEMU of 'a' at ", "; remove " } },
	{ "qemus/a.ini",
	  "[cut a]\nimage = %1$s/mine\n",
	  { "expected only a section [qemu a]", "; remove " } },
};

static void damaged_files_are_named(void **state)
{
	size_t i, j;

	for (i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		begin(state);
		put("cuts/good.ini", "[cut good]\nimage = %1$s/mine\nbuild_id = ab\n");
		put(damaged[i].file, damaged[i].text);
		load(SHIPPED);
		assert_int_equal(warning_count, 1);
		for (j = 0; j < 2; j++)
			if (!strstr(warnings[0], damaged[i].says[j]))
				fail_msg("case %zu says: %s", i, warnings[0]);
		assert_non_null(strstr(warnings[0], damaged[i].file));
		assert_null(images_find(&images, "a"));
		expect_use("good", NULL, 0, "");
		images_release(&images);
	}
}

static void a_file_that_cannot_be_read(void **state)
{
	(void)state;
	mkdir(in_test_dir("cache"), 0755);
	mkdir(in_test_dir("cache/cuts"), 0755);
	assert_int_equal(symlink("/nowhere", in_test_dir("cache/cuts/a.ini")), 0);
	load(SHIPPED);
	assert_int_equal(warning_count, 1);
	assert_non_null(strstr(warnings[0], "cuts/a.ini: No such file or directory; remove "));
}

/* Subjects are other people's texts: they go to terminals and into JSON. */
static void texts_are_made_harmless(void **state)
{
	json_t *json;

	(void)state;
	put("cuts/a.ini", "[cut a]\nimage = %1$s/mine\nbuild_id = ab\nsubject = a\033[2J\xff\n"
			  "source = \xc3\xa9\n");
	load(SHIPPED);
	assert_string_equal(images_find(&images, "a")->subject, "a?[2J?");
	assert_string_equal(images_find(&images, "a")->source, "\xc3\xa9");
	json = record_encode(&image_cut_record, images_find(&images, "a"));
	assert_string_equal(json_string_value(json_object_get(json, "subject")), "a?[2J?");
	json_decref(json);
}

#define BUILDS                                                                                     \
	SHIPPED "[build two/1]\nimage = mine\nbuild_id = 31\nkey = k1\n"                           \
		"[build two/2]\nimage = gone\nbuild_id = 32\n"

static int use_builds(const char *cut, unsigned int builds)
{
	*err = '\0';
	return images_use_builds(&images, images_find(&images, cut), builds, err, sizeof(err));
}

static void further_builds_of_a_cut(void **state)
{
	const struct image_cut *cut;
	json_t *json;

	(void)state;
	put("cuts/mine.ini", "[cut mine]\nimage = %1$s/mine\nbuild_id = ab\nconfig_sha256 = c\n"
			     "built_from = balloonbench build --git x --builds 2 --worktree\n"
			     "[build mine/1]\nimage = %1$s/one\nbuild_id = cd\n");
	put("cuts/ready.ini", "[cut ready]\nimage = %1$s/mine\nbuild_id = ab\n");
	load(BUILDS);
	assert_int_equal(warning_count, 0);
	cut = images_find(&images, "two");
	assert_int_equal(cut->builds.count, 2);
	assert_ptr_equal(image_cut_build(cut, 0), cut);
	assert_string_equal(image_cut_build(cut, 1)->name, "two/1");
	assert_string_equal(image_cut_build(cut, 1)->image, in_test_dir("mine"));
	assert_string_equal(image_cut_build(cut, 2)->build_id, "32");
	assert_null(image_cut_build(cut, 3));
	assert_string_equal(image_cut_build(images_find(&images, "mine"), 1)->build_id, "cd");
	json = record_encode(&image_cut_record, cut);
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json_object_get(json, "builds"), 0), "key")),
			    "k1");
	json_decref(json);
	assert_int_equal(use_builds("one", 1), 0);
	assert_int_equal(use_builds("two", 2), 0);
	assert_int_equal(use_builds("mine", 2), 0);
	assert_int_equal(use_builds("two", 3), -ENOENT);
	assert_non_null(strstr(err, "no kernel of build 'two/2' at "));
	assert_int_equal(use_builds("two", 4), -EINVAL);
	assert_non_null(
		strstr(err, "cut 'two' has 3 builds of 4; `balloonbench build --builds 4`"));
	assert_int_equal(use_builds("mine", 3), -EINVAL);
	assert_non_null(strstr(err, "`balloonbench build --git x --worktree --builds 3` builds"));
	assert_int_equal(use_builds("ready", 2), -EINVAL);
	assert_non_null(strstr(err, "registered as a ready kernel"));
}

static void configurations_of_a_cut(void **state)
{
	const struct image_cut *one, *lean;
	char advice[512];

	(void)state;
	put("cuts/mine.ini", "[cut mine]\nimage = %1$s/mine\nbuild_id = ab\nconfig_sha256 = c\n"
			     "built_from = balloonbench build --git x --worktree --name mine\n");
	put("cuts/ready.ini", "[cut ready]\nimage = %1$s/mine\nbuild_id = ab\n");
	load(SHIPPED "[cut one-distro]\nimage = mine\nbuild_id = 31\nconfig = distro\n"
		     "[build one-distro/1]\nimage = two\nbuild_id = 32\n"
		     "[cut two-distro]\nimage = mine\nbuild_id = 33\n");
	lean = images_find(&images, "one");
	one = images_find_config(&images, lean, "distro");
	assert_string_equal(one->name, "one-distro");
	assert_int_equal(one->builds.count, 1);
	assert_ptr_equal(images_find_config(&images, lean, NULL), lean);
	assert_ptr_equal(images_find_config(&images, one, "distro"), one);
	assert_null(images_find_config(&images, one, "other"));
	/* A name is not enough: the series of a user may have such a cut. */
	assert_null(images_find_config(&images, images_find(&images, "two"), "distro"));
	images_advise_config(&images, lean, "distro", advice, sizeof(advice));
	assert_string_equal(advice, "`balloonbench build --config distro` builds it");
	images_advise_config(&images, images_find(&images, "mine"), "distro", advice,
			     sizeof(advice));
	assert_string_equal(advice, "`balloonbench build --git x --worktree --name mine --config "
				    "distro` builds it");
	images_advise_config(&images, images_find(&images, "ready"), "distro", advice,
			     sizeof(advice));
	assert_non_null(strstr(advice, "registered as a ready kernel"));
}

static void wrong_builds(void **state)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{ SHIPPED "[build two/2]\nimage = mine\n", "there is no [build two/1] before it" },
		{ SHIPPED "[build two/0]\nimage = mine\n", "expected the number of a build, 1 to" },
		{ SHIPPED "[build two/20]\nimage = x\n",
		  "expected the number of a build, 1 to 19" },
		{ SHIPPED "[build two/x]\nimage = mine\n", "expected the number of a build" },
		{ SHIPPED "[build two/1/1]\nimage = mine\n", "expected the number of a build" },
		{ SHIPPED "[build three/1]\nimage = x\n", "there is no [cut three] before it" },
		{ SHIPPED "[build two/1]\nmodules = x\n", "unknown key" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(images_load(&images,
					     write_file(test_dir, "images.ini", wrong[i].text), err,
					     sizeof(err)),
				 -EINVAL);
		if (!strstr(err, wrong[i].says))
			fail_msg("%s says: %s", wrong[i].text, err);
	}
}

static const struct {
	const char *text, *says;
} incomplete[] = {
	{ "[cut a]\nimage = one\nrelease = x\n", "no initramfs; make all builds it" },
	{ "[initramfs]\npath = gone\n[cut a]\nimage = one\nrelease = x\n", "no initramfs at " },
	{ "[initramfs]\npath = one\n[cut a]\nrelease = x\n",
	  "images.ini: [cut a] has no image; make all writes it anew" },
	{ "[initramfs]\npath = one\n[cut a]\nimage = one\nkey = x\n",
	  "images.ini: [cut a] has no build_id or release; make all writes it anew" },
	{ "[initramfs]\npath = one\n[cut a]\nimage = gone\nrelease = x\n", "; make all builds it" },
};

static void incomplete_images_are_named(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(incomplete) / sizeof(incomplete[0]); i++) {
		load(incomplete[i].text);
		assert_int_not_equal(use("a", NULL), 0);
		if (!strstr(err, incomplete[i].says))
			fail_msg("case %zu says: %s", i, err);
		images_release(&images);
	}
	assert_int_equal(images_load(&images,
				     write_file(test_dir, "old.ini", "[cut a]\nvmlinux = one\n"),
				     err, sizeof(err)),
			 -EINVAL);
	assert_non_null(strstr(err, "old.ini:2: [cut a] vmlinux: renamed; write image"));
	assert_int_equal(images_load(&images, in_test_dir("none.ini"), err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "make all builds them"));
}

static bool is_locked(const char *name)
{
	int fd = open(in_test_dir(name), O_RDONLY | O_CLOEXEC);
	bool locked = flock(fd, LOCK_EX | LOCK_NB) < 0;

	close(fd);
	return locked;
}

static void what_is_used_is_locked(void **state)
{
	int fd;

	(void)state;
	load(SHIPPED);
	assert_false(is_locked("one"));
	expect_use("one", NULL, 0, "");
	assert_true(is_locked("one"));
	assert_true(is_locked("qemu"));
	assert_false(is_locked("two"));
	images_release(&images);
	assert_false(is_locked("one"));
	load(SHIPPED);
	fd = open(in_test_dir("two"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	expect_use("one", NULL, 0, "");
	expect_use("two", NULL, -EBUSY, "two is being removed from the cache; make all builds it");
	close(fd);
}

static void environment_names_the_default_qemu(void **state)
{
	(void)state;
	setenv("QEMU", in_test_dir("mine"), 1);
	load(SHIPPED);
	assert_string_equal(images.qemu, in_test_dir("mine"));
	assert_string_equal(images_find_qemu(&images, "default")->path, in_test_dir("mine"));
	assert_string_equal(images_find_qemu(&images, NULL)->source, "$QEMU");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(paths_are_below_the_file),
		TEST(registered_ones_are_added),
		TEST(shipped_ones_hide_registered_ones),
		TEST(damaged_files_are_named),
		TEST(a_file_that_cannot_be_read),
		TEST(texts_are_made_harmless),
		TEST(incomplete_images_are_named),
		TEST(what_is_used_is_locked),
		TEST(further_builds_of_a_cut),
		TEST(configurations_of_a_cut),
		TEST(wrong_builds),
		TEST(environment_names_the_default_qemu),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
