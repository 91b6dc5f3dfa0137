/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patches as users have them: series files, directories, mailboxes.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "bench/build/patch_list.h"
#include "bench/build/quilt.h"
#include "bench/build/slug.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

#define DIFF "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"
#define MAIL(subject, id, body)                                                                    \
	"From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: A <a@b.c>\nMessage-ID: <" id ">\n"          \
	"Date: Sat, 21 Nov 2026 00:00:00 +0000\nSubject: " subject "\n\n" body "\n"
#define PATCH(subject, id) MAIL(subject, id, "Why.\n---\n" DIFF)

/* What is logged while a list is read. */
static char *logged;
static int stderr_kept = -1;

static void begin_log(void)
{
	int fd = open(in_test_dir("log"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	fflush(stderr);
	stderr_kept = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static void end_log(void)
{
	fflush(stderr);
	dup2(stderr_kept, STDERR_FILENO);
	close(stderr_kept);
	free(logged);
	logged = read_file(in_test_dir("log"));
}

static char err[1024];

static int read_series(struct patch_list *list, const char *directory)
{
	int status;

	*err = '\0';
	begin_log();
	status = patch_list_read_series(list, in_test_dir(directory), err, sizeof(err));
	end_log();
	return status;
}

static int read_mbox(struct patch_list *list, const char *text)
{
	int status;

	*err = '\0';
	write_file(test_dir, "t.mbox", text);
	begin_log();
	status = patch_list_read_mbox(list, in_test_dir("t.mbox"), err, sizeof(err));
	end_log();
	return status;
}

/* The subjects of a list, "a b c"; valid until the next call. */
static const char *subjects(const struct patch_list *list)
{
	static char text[1024];
	size_t i, used = 0;

	*text = '\0';
	for (i = 0; i < list->patches.count; i++)
		used += snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "",
				 list->patches.items[i].subject);
	return text;
}

static void expect_refused(const char *directory, const char *says)
{
	struct patch_list list;

	assert_int_equal(read_series(&list, directory), -EINVAL);
	assert_contains(err, says);
	patch_list_release(&list);
}

static void expect_mbox_refused(const char *text, const char *says)
{
	struct patch_list list;

	assert_int_equal(read_mbox(&list, text), -EINVAL);
	assert_contains(err, says);
	patch_list_release(&list);
}

static void expect_mbox(const char *text, const char *subjects_wanted)
{
	struct patch_list list;

	if (read_mbox(&list, text))
		fail_msg("%s", err);
	assert_string_equal(subjects(&list), subjects_wanted);
	patch_list_release(&list);
}

static void names_of_cuts(void **state)
{
	static const struct {
		unsigned int number;
		const char *subject, *name;
	} rows[] = {
		{ 0, NULL, "00-base" },
		{ 1, "mm/balloon: add trace events", "01-mm-balloon-add-trace-events" },
		{ 2, "[PATCH v2 1/5] x: Y", "02-x-y" },
		{ 3, "[PATCH][RFC] x", "03-x" },
		{ 12, "virtio_balloon: tell the host ranges of pages",
		  "12-virtio-balloon-tell-the-host" },
		{ 4, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
		  "04-abcdefghijklmnopqrstuvwxyzabc" },
		{ 5, "", "05" },
		{ 6, "[only]", "06-only" },
		{ 100, "\xc3\xa4 b", "100-b" },
	};
	char name[CUT_NAME_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cut_slug(NULL, rows[i].number, rows[i].number, rows[i].subject, name);
		assert_string_equal(name, rows[i].name);
	}
}

static void quilt_syntax(void **state)
{
	static const char text[] = "# SPDX\n\n  a.patch\r\n"
				   "b.patch -p1 # why\n"
				   "sub/c.patch -p0\t-R\n"
				   "# cut: first\n"
				   "#d.patch is off\n"
				   "e#1.patch -pab\n"
				   "# cut down from 5 patches\n"
				   "# cut: Last_1.x  \n"
				   "f.patch -p2";
	static const struct quilt_line wanted[] = {
		{ "a.patch", false, 1, false },	   { "b.patch", false, 1, false },
		{ "sub/c.patch", false, 0, true }, { "first", true, 1, false },
		{ "e#1.patch", false, 1, false },  { "Last_1.x", true, 1, false },
		{ "f.patch", false, 2, false },
	};
	struct quilt series;
	size_t i;

	(void)state;
	assert_int_equal(quilt_parse(&series, "series", text, err, sizeof(err)), 0);
	assert_int_equal(series.count, sizeof(wanted) / sizeof(wanted[0]));
	for (i = 0; i < series.count; i++) {
		assert_string_equal(series.lines[i].name, wanted[i].name);
		assert_int_equal(series.lines[i].is_cut, wanted[i].is_cut);
		assert_int_equal(series.lines[i].strip, wanted[i].strip);
		assert_int_equal(series.lines[i].reverse, wanted[i].reverse);
	}
	quilt_release(&series);
}

static void bad_series_are_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "a.patch\n#cut: a\n", "s:2: '#cut: a': expected a line '# cut: NAME'" },
		{ "# Cut: a\n", "s:1: '# Cut: a'" },
		{ "# cut a\n", "s:1: '# cut a'" },
		{ "# cuts: a\n", "s:1: '# cuts: a'" },
		{ "## cut: a\n", "s:1: " },
		{ "# cut:a\n", "s:1: " },
		{ "# cut:\n", "s:1: " },
		{ "a.patch # cut: a\n", "s:1: '# cut: a'" },
		{ "# cut: a b\n", "s:1: 'a b' cannot be the name of a cut" },
		{ "# cut: -a\n", "s:1: '-a' cannot be" },
		{ "# cut: abcdefghijabcdefghijabcdefghijabc\n", "cannot be the name" },
		{ "# cut: a\nx\n# cut: a\n", "s:3: there are two cuts named a" },
		{ "/etc/x.patch\n", "s:1: '/etc/x.patch' is an absolute path" },
		{ "a/../../x.patch\n", "s:1: 'a/../../x.patch' leaves" },
		{ "a.patch b.patch\n", "s:1: 'b.patch' after a.patch; expected -pN" },
		{ "a.patch -p\n", "s:1: '-p' after a.patch" },
		{ "a.patch -p1x\n", "s:1: '-p1x'" },
		{ "a.patch -p-1\n", "s:1: '-p-1'" },
		{ "a.patch -p100\n", "s:1: '-p100'" },
		{ "a.patch -r\n", "s:1: '-r'" },
		{ "a\033.patch\n", "s:1: control character" },
	};
	struct quilt series;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		*err = '\0';
		assert_int_equal(quilt_parse(&series, "s", rows[i].text, err, sizeof(err)),
				 -EINVAL);
		assert_contains(err, rows[i].says);
		quilt_release(&series);
	}
}

static void quilt_directories(void **state)
{
	struct patch_list list;

	(void)state;
	write_file(in_test_dir("quilt"), "series",
		   "sub/one.patch -p1\n# cut: a\ntwo.patch -R\n"
		   "cover.patch\n# cut: b\nthree.patch\n");
	write_file(in_test_dir("quilt"), "sub/one.patch", "\nThe first line\nmore\n" DIFF);
	write_file(in_test_dir("quilt"), "two.patch", DIFF);
	write_file(in_test_dir("quilt"), "cover.patch",
		   "Subject: [PATCH 0/2] x\nFrom: a <b@c>\n\nx\n");
	write_file(in_test_dir("quilt"), "three.patch",
		   "From: A <a@b.c>\nSubject: [PATCH 3/3] third\n\nWhy.\n---\n" DIFF);
	if (read_series(&list, "quilt"))
		fail_msg("%s", err);
	assert_string_equal(subjects(&list), "The first line two third");
	assert_true(list.patches.items[1].reverse);
	assert_string_equal(list.patches.items[2].author, "A");
	assert_int_equal(list.cut_count, 2);
	assert_string_equal(list.cuts[0].name, "a");
	assert_int_equal(list.cuts[0].patches, 1);
	assert_int_equal(list.cuts[1].patches, 2);
	assert_contains(logged, "cover.patch: there is no patch in it; skipped");
	assert_contains(logged, "1 patch after the last '# cut:' line is in no cut");
	patch_list_release(&list);
}

static void directories_without_a_series(void **state)
{
	struct patch_list list;

	(void)state;
	expect_refused("nothing-here", "nothing-here: No such file or directory");
	write_file(in_test_dir("empty"), "README", "x");
	expect_refused("empty", "no file 'series' in it, and no *.patch");
	write_file(in_test_dir("sorted"), "0002-b.patch", DIFF);
	write_file(in_test_dir("sorted"), "0001-a.diff", DIFF);
	write_file(in_test_dir("sorted"), "0003-c.eml", DIFF);
	write_file(in_test_dir("sorted"), ".0004-d.patch", DIFF);
	write_file(in_test_dir("sorted"), "0004-d.patch~", DIFF);
	assert_int_equal(read_series(&list, "sorted"), 0);
	assert_string_equal(subjects(&list), "0001-a 0002-b 0003-c");
	assert_int_equal(list.cut_count, 0);
	assert_contains(logged, "3 files in the order of their names");
	patch_list_release(&list);
	write_file(in_test_dir("sorted"), "v2-0002-b.patch", DIFF);
	expect_refused("sorted", "0002-b.patch and v2-0002-b.patch have the same number");
}

static void write_bytes(const char *name, const char *data, size_t size)
{
	FILE *f = fopen(in_test_dir(name), "we");

	if (!f || fwrite(data, 1, size, f) != size || fclose(f))
		abort();
}

static void odd_files_are_refused(void **state)
{
	static const char junk[] = "\x7f"
				   "ELF\0\0\1\2";
	static const char utf16[] = "\xff\xfe-\0-\0-\0 \0";

	(void)state;
	write_file(in_test_dir("odd"), "series", "x.patch\n");
	expect_refused("odd", "odd/x.patch: No such file or directory");
	assert_int_equal(mkdir(in_test_dir("odd/x.patch"), 0700), 0);
	expect_refused("odd", "odd/x.patch: a directory; expected a file");
	assert_int_equal(rmdir(in_test_dir("odd/x.patch")), 0);
	assert_int_equal(mkfifo(in_test_dir("odd/x.patch"), 0600), 0);
	expect_refused("odd", "odd/x.patch: not a regular file");
	assert_int_equal(unlink(in_test_dir("odd/x.patch")), 0);
	write_bytes("odd/x.patch", junk, sizeof(junk));
	expect_refused("odd", "x.patch: there are NUL bytes in it");
	write_bytes("odd/x.patch", utf16, sizeof(utf16) - 1);
	expect_refused("odd", "x.patch: it is UTF-16");
	write_bytes("odd/x.patch", "\x1f\x8b\x08\0junk", 8);
	expect_refused("odd", "x.patch: it ends early or is damaged");
	write_file(in_test_dir("odd"), "x.patch",
		   "*** a/f\n--- b/f\n***************\n*** 1 ****\n");
	expect_refused("odd", "x.patch: it is a context diff");
	write_file(in_test_dir("odd"), "x.patch", "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n-a\n+b\n");
	expect_refused("odd", "x.patch: corrupt patch at");
	write_file(in_test_dir("odd"), "x.patch", "Why\n\n  --- a/f\n@@ -1 +1 @@\n-a\n+b\n");
	expect_refused("odd", "x.patch: patch fragment without header at line 4");
	write_file(in_test_dir("odd"), "x.patch", "nothing\n");
	expect_refused("odd", "odd: there is no patch in it");
	/* A hole takes no space. */
	assert_int_equal(truncate(in_test_dir("odd/x.patch"), 3LL << 30), 0);
	expect_refused("odd", "x.patch: larger than 256 MiB");
	write_bytes("odd/series", "a\0b", 3);
	expect_refused("odd", "series: NUL bytes in it");
	if (!geteuid())
		return;
	assert_int_equal(chmod(in_test_dir("odd/series"), 0), 0);
	expect_refused("odd", "series: Permission denied");
}

static void files_may_be_compressed(void **state)
{
	struct patch_list list;

	(void)state;
	write_file(in_test_dir("gz"), "series", "x.patch.gz\n");
	write_file(in_test_dir("gz"), "x.patch", "Why\n\n" DIFF);
	expect_outcome(run_shell("gzip %s/gz/x.patch", test_dir), 0, "");
	assert_int_equal(read_series(&list, "gz"), 0);
	assert_string_equal(subjects(&list), "Why");
	patch_list_release(&list);
	write_file(test_dir, "gz/t.mbox", PATCH("[PATCH] one", "1@x"));
	expect_outcome(run_shell("gzip %s/gz/t.mbox", test_dir), 0, "");
	assert_int_equal(patch_list_read_mbox(&list, in_test_dir("gz/t.mbox.gz"), err, sizeof(err)),
			 0);
	assert_string_equal(subjects(&list), "one");
	patch_list_release(&list);
}

static void a_thread_of_two_versions(void **state)
{
	struct patch_list list;

	(void)state;
	if (read_mbox(&list,
		      MAIL("[PATCH 0/2] cover", "a0@x", "Two patches.\n---\n f | 1 +\n") PATCH(
			      "[PATCH 1/2] old one", "a1@x") PATCH("[PATCH 2/2] old two", "a2@x")
			      MAIL("Re: [PATCH 1/2] old one", "r1@y",
				   "Like this?\n\n> quoted\n\n" DIFF) PATCH("[PATCH v2 2/2] two",
									    "b2@x")
				      MAIL("[RFC PATCHv2 0/2] cover", "b0@x", "Again.\n")
					      PATCH("[PATCH RFC v2 1/2] one", "b1@x")
						      PATCH("[PATCH RFC v2 1/2] one", "b1@x")
							      PATCH("[PATCH] something else", "c@x")
								      MAIL("RE: [PATCH v2 2/2] two",
									   "r2@y", "Fine.\n")))
		fail_msg("%s", err);
	assert_string_equal(subjects(&list), "one two");
	assert_string_equal(list.patches.items[1].message_id, "b2@x");
	assert_string_equal(list.patches.items[1].email, "a@b.c");
	assert_contains(list.patches.items[1].date, "21 Nov 2026");
	assert_contains(logged, "several versions of the series; v2 is taken");
	assert_contains(logged, "message 1: '[PATCH 0/2] cover': a cover letter; skipped");
	assert_contains(logged, "message 4: 'Re: [PATCH 1/2] old one': a reply; skipped");
	assert_contains(logged, "message 2: '[PATCH 1/2] old one': an older version; skipped");
	assert_contains(logged, "message 8: '[PATCH RFC v2 1/2] one': the same mail as before");
	assert_contains(logged, "message 9: '[PATCH] something else': it has no number");
	patch_list_release(&list);
}

static void mailboxes(void **state)
{
	(void)state;
	expect_mbox(PATCH("[PATCH] b", "1@x") PATCH("[PATCH] a", "2@x"), "b a");
	expect_mbox(PATCH("[PATCH v2] b", "1@x") PATCH("[PATCH] a", "2@x"), "b a");
	expect_mbox(PATCH("[PATCH] a", "1@x") PATCH("[PATCH v2] a", "2@x"), "a");
	expect_mbox(PATCH("[v4,2/2] b", "1@x") PATCH("[net-next PATCH v4 1/2] a", "2@x"), "a b");
}

static void bad_mailboxes_are_refused(void **state)
{
	(void)state;
	expect_mbox_refused(PATCH("[PATCH 1/3] a", "1@x") PATCH("[PATCH 3/3] c", "3@x"),
			    "t.mbox: 2/3 is missing");
	expect_mbox_refused(PATCH("[PATCH 1/2] a", "1@x") PATCH("[PATCH 2/2] b", "2@x")
				    PATCH("[PATCH v2 2/2] b", "3@x"),
			    "t.mbox: 1/2 is missing");
	expect_mbox_refused(PATCH("[PATCH 1/2] a", "1@x") PATCH("[PATCH 1/2] b", "2@x"),
			    "'[PATCH 1/2] a' and '[PATCH 1/2] b' cannot be of one series");
	expect_mbox_refused(PATCH("[PATCH 1/2] a", "1@x") PATCH("[PATCH 2/3] b", "2@x"),
			    "cannot be of one series");
	expect_mbox_refused(MAIL("Re: x", "1@x", "Hello.\n"), "t.mbox: there is no patch in it");
	expect_mbox_refused(DIFF, "t.mbox: it does not begin with a mail");
	expect_mbox_refused("", "t.mbox: it does not begin with a mail");
	expect_mbox_refused(MAIL("[PATCH] x", "1@x", "---\n--- a/f\n+++ b/f\n@@ -1,9 +1 @@\n-a\n"),
			    "'[PATCH] x': corrupt patch at");
}

static void nothing_is_left_behind(void **state)
{
	const char *tmp = in_test_dir("tmp");
	struct patch_list list;

	(void)state;
	assert_int_equal(mkdir(tmp, 0700), 0);
	setenv("TMPDIR", tmp, 1);
	assert_int_equal(read_mbox(&list, PATCH("[PATCH] a", "1@x")), 0);
	assert_int_equal(count_files(in_test_dir("tmp")), 1);
	patch_list_release(&list);
	expect_mbox_refused(DIFF, "t.mbox");
	assert_int_equal(count_files(in_test_dir("tmp")), 0);
	unsetenv("TMPDIR");
}

static int tear_down(void **state)
{
	free(logged);
	return test_dir_tear_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_cuts),
		cmocka_unit_test(quilt_syntax),
		cmocka_unit_test(bad_series_are_refused),
		cmocka_unit_test(quilt_directories),
		cmocka_unit_test(directories_without_a_series),
		cmocka_unit_test(odd_files_are_refused),
		cmocka_unit_test(files_may_be_compressed),
		cmocka_unit_test(a_thread_of_two_versions),
		cmocka_unit_test(mailboxes),
		cmocka_unit_test(bad_mailboxes_are_refused),
		cmocka_unit_test(nothing_is_left_behind),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, tear_down);
}
