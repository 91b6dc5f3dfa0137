/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patches in every form that a user may have them make the trees of the commits they came from.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "bench/build/patches.h"
#include "bench/build/slug.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

/* A commit of each kind of change. */
static const char make_repository[] =
	"set -e; export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1\n"
	"git init -q $D/repo; cd $D/repo; git config user.name 'J\xc3\xb6rg A'\n"
	"git config user.email j@example.org; git config core.autocrlf false\n"
	"printf 'VERSION = 6\\nPATCHLEVEL = 17\\nSUBLEVEL = 0\\nEXTRAVERSION = -rc1\\n' >Makefile\n"
	"mkdir sub; seq 1 60 | sed 's/^/line /' >sub/f; seq 1 30 >moved; echo '#!/bin/sh' >run.sh\n"
	"printf 'a\\r\\nb\\r\\nc\\r\\n' >dos; ln -s sub link; echo gone >gone\n"
	"git add -A; git commit -qm base; git tag base\n"
	"c() { git add -A; git commit -qm \"$1\" -m \"${2-Why.}\"; }\n"
	"export GIT_AUTHOR_DATE='2026-11-21T10:00:00+0200'\n"
	"sed -i 's/line 10$/line ten = 10/' sub/f; sed -i '40d' sub/f\n"
	"c 'sub: change lines' $'From here on:\\n\\n  diff --git a/no b/no\\n  --- "
	"a/no\\n\\nDone.'\n"
	"git mv moved sub/to; echo x >>sub/to; chmod +x run.sh; git rm -q gone; c 'move and "
	"remove'\n"
	"head -c 2000 /dev/zero | tr '\\0' '\\377' >bin; printf '\\0\\1' >>bin; : >empty; c 'a "
	"binary'\n"
	"sed -i 's/^b/B \xc3\xa4/' dos; printf 'x  \\r\\ny\\r\\n' >dos2; c 'line ends'\n"
	"printf 'no\\nend' >end; sed -i 's/line 60/\\tline = 60  /' sub/f; c 'no end of line'\n"
	"git tag tip; git log --reverse --format=%T base~0^! >$D/trees 2>/dev/null || :\n"
	"git log --reverse --format=%T base..tip >$D/rest; git log -1 --format=%T base >$D/trees\n"
	"cat $D/rest >>$D/trees\n";

struct cuts {
	char trees[2048];   /* a line each */
	char names[1024];   /* "a b c" */
	char commits[2048]; /* a line each */
	char last[512];	    /* "subject|message_id|author_date" of the last */
	unsigned int fuzz[16];
	size_t count;
};

static char err[1024];
static char *logged;

static void append(char *text, size_t size, const char *part, const char *end)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s%s", part, end);
}

static int keep(const struct patch_cut *cut, void *context)
{
	struct cuts *cuts = context;
	char slug[CUT_NAME_SIZE];

	cut_slug(NULL, cut->number, cut->total, cut->subject, slug);
	append(cuts->trees, sizeof(cuts->trees), cut->tree, "\n");
	append(cuts->commits, sizeof(cuts->commits), cut->commit, "\n");
	append(cuts->names, sizeof(cuts->names), cut->name ?: slug, " ");
	snprintf(cuts->last, sizeof(cuts->last), "%s|%s|%s", cut->subject ? cut->subject : "",
		 cut->message_id ? cut->message_id : "", cut->author_date ? cut->author_date : "");
	cuts->fuzz[cuts->count++] = cut->fuzz;
	return 0;
}

/* Read and apply a directory, or a mailbox: the name ends with "mbox", "mbx" or "gz". */
static int apply_to(const char *base, const char *name, struct cuts *cuts)
{
	const struct git_place place = { .git_dir = in_test_dir("repo/.git") };
	char path[4096];
	struct patch_list list;
	int status, log = open(in_test_dir("log"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int kept = dup(STDERR_FILENO);

	*cuts = (struct cuts){ .count = 0 };
	*err = '\0';
	snprintf(path, sizeof(path), "%s/%s", test_dir, name);
	fflush(stderr);
	dup2(log, STDERR_FILENO);
	if (strstr(name, "mb") || strstr(name, ".gz"))
		status = patch_list_read_mbox(&list, path, err, sizeof(err));
	else
		status = patch_list_read_series(&list, path, err, sizeof(err));
	if (!status)
		status = patches_apply(&place, base, &list, keep, cuts, err, sizeof(err));
	patch_list_release(&list);
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(log);
	free(logged);
	logged = read_file(in_test_dir("log"));
	return status;
}

static void in_repo(const char *script)
{
	struct outcome outcome =
		run_shell("set -e; export D=%s GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1; "
			  "cd $D/repo; %s",
			  test_dir, script);

	expect_outcome(outcome, 0, "");
}

static void expect_trees(const char *name, struct cuts *cuts)
{
	char *wanted = read_file(in_test_dir("trees"));

	if (apply_to("base", name, cuts))
		fail_msg("%s: %s", name, err);
	assert_string_equal(cuts->trees, wanted);
	free(wanted);
}

/* The first trees of all. */
static void expect_first(const char *name, struct cuts *cuts, size_t count)
{
	char *wanted = read_file(in_test_dir("trees"));

	if (apply_to("base", name, cuts))
		fail_msg("%s: %s", name, err);
	assert_int_equal(cuts->count, count);
	wanted[strlen(cuts->trees)] = '\0';
	assert_string_equal(cuts->trees, wanted);
	free(wanted);
}

static void expect_the_same(const char *script, const char *name)
{
	struct cuts cuts;
	size_t i;

	in_repo(script);
	expect_trees(name, &cuts);
	assert_string_equal(cuts.names,
			    "00-base 01-sub-change-lines 02-move-and-remove 03-a-binary "
			    "04-line-ends 05-no-end-of-line ");
	for (i = 0; i < cuts.count; i++)
		assert_int_equal(cuts.fuzz[i], 0);
	assert_contains(cuts.last, "no end of line|");
	assert_contains(cuts.last, "|2026-11-21T10:00:00+02:00");
}

static void format_patch_directories(void **state)
{
	(void)state;
	expect_the_same("git format-patch -q -o $D/p base..tip", "p");
	expect_the_same("git format-patch -q --cover-letter -v3 -o $D/cover base..tip", "cover");
	assert_contains(logged, "v3-0000-cover-letter.patch: there is no patch in it; skipped");
	assert_contains(logged, "6 files in the order of their names");
	expect_the_same("git format-patch -q -N -k -o $D/keep base..tip", "keep");
	expect_the_same("mkdir $D/all; git format-patch -q --stdout base..tip >$D/all/a.patch",
			"all");
	/* A series that lists the cover letter. */
	expect_the_same("(cd $D/cover; ls *.patch >series)", "cover");
	assert_contains(logged, "v3-0000-cover-letter.patch: there is no patch in it; skipped");
}

static void mails_of_every_kind(void **state)
{
	(void)state;
	expect_the_same("git format-patch -q --attach -o $D/attach base..tip", "attach");
	expect_the_same("git format-patch -q --inline -o $D/inline base..tip", "inline");
	expect_the_same("cp -r $D/p $D/b64; for f in $D/b64/*; do "
			"{ sed '/^$/,$d' $D/p/${f##*/} | grep -v ^Content-Tr; "
			"printf 'Content-Transfer-Encoding: base64\\n\\n'; "
			"sed '1,/^$/d' $D/p/${f##*/} | base64; } >$f; done",
			"b64");
	expect_the_same("cp -r $D/p $D/qp; for f in $D/qp/*; do "
			"{ sed '/^$/,$d' $D/p/${f##*/} | grep -v ^Content-Tr; "
			"printf 'Content-Transfer-Encoding: quoted-printable\\n\\n'; "
			"sed '1,/^$/d' $D/p/${f##*/} | sed 's/=/=3D/g; s/\\r$/=0D/; s/ $/=20/; "
			"s/\\(change\\)/\\1=\\n/'; } >$f; done",
			"qp");
}

/* Lines that begin with a blank have another one before it. */
static void flowed_mail(void **state)
{
	struct cuts cuts;

	(void)state;
	in_repo("git format-patch -q -o $D/flowed base..tip~4; sed -i -e '1,/^$/!s/^ / &/' -e "
		"'/^Subject/i Content-Type: text/plain; format=flowed' $D/flowed/*");
	expect_first("flowed", &cuts, 2);
}

/* Mails that travelled with CR LF; the changed files have LF. */
static void mails_with_crlf(void **state)
{
	struct cuts cuts;

	(void)state;
	in_repo("git format-patch -q -o $D/crlf base..tip~3; sed -i 's/$/\\r/' $D/crlf/*");
	expect_first("crlf", &cuts, 3);
	/* Only the body has it, as an editor leaves it. */
	in_repo("git format-patch -q -o $D/body base..tip~4; sed -i '/^---$/,$s/$/\\r/' $D/body/*");
	expect_first("body", &cuts, 2);
}

static void quilt_patches(void **state)
{
	struct cuts cuts;
	char *wanted = read_file(in_test_dir("trees"));

	(void)state;
	in_repo("mkdir $D/q; git diff base tip~4 >$D/q/one.diff; "
		"git diff --no-prefix tip~4 tip~3 >$D/q/two.diff; "
		"git diff -R --binary tip~3 tip~2 >$D/q/three.diff; "
		"{ echo 'One line about it'; git diff tip~2 tip~1; } >$D/q/four.diff; "
		"printf '%s\\n' one.diff 'two.diff -p0 # moved' 'three.diff -R' 'four.diff -pab' "
		"'# cut: x' >$D/q/series");
	if (apply_to("base", "q", &cuts))
		fail_msg("%s", err);
	assert_string_equal(cuts.names, "x ");
	assert_memory_equal(cuts.trees, wanted + strlen(cuts.trees) * 4, strlen(cuts.trees));
	assert_string_equal(cuts.last, "One line about it||");
	free(wanted);
}

static void mailboxes(void **state)
{
	(void)state;
	/* As `b4 am` writes it. */
	expect_the_same(
		"git format-patch -q --stdout --thread base..tip | "
		"sed 's/^From [0-9a-f]* .*/From git@z Thu Jan  1 00:00:00 1970/' >$D/b4.mbx",
		"b4.mbx");
	/* As lore has it: two versions, a cover letter, replies with quoted and with real diffs. */
	expect_the_same(
		"{ git format-patch -q --stdout --cover-letter base..tip~1; "
		"git format-patch -q --stdout --cover-letter --thread -v2 base..tip | "
		"awk '/^From [0-9a-f]+ Mon/{n++} {print > (\"'$D'/m\" n)}'; "
		"for n in 6 5 1 4 3 2; do cat $D/m$n; done; "
		"printf 'From x@y Thu Jan  1 00:00:00 1970\\nFrom: R <r@x>\\n"
		"Subject: Re: [PATCH v2 1/5] sub: change lines\\n\\n> --- a/sub/f\\n\\nOr "
		"so:\\n\\n'; "
		"git diff base tip; } | "
		"sed 's/^From [0-9a-f]* .*/From mboxrd@z Thu Jan  1 00:00:00 1970/' >$D/t.mbox; "
		"gzip -k $D/t.mbox",
		"t.mbox");
	assert_contains(logged, "v2 is taken");
	assert_contains(logged, "a reply; skipped");
	assert_contains(logged, "a cover letter; skipped");
	expect_the_same(":", "t.mbox.gz");
}

static void message_ids_are_kept(void **state)
{
	struct cuts cuts;

	(void)state;
	in_repo("git format-patch -q --stdout base..tip | awk '/^Subject/{"
		"print \"Message-ID:\\n <id.\" ++n \"@x>\"} {print}' >$D/ids.mbox");
	expect_trees("ids.mbox", &cuts);
	assert_string_equal(cuts.last, "no end of line|id.5@x|2026-11-21T10:00:00+02:00");
}

/* The same patches on the same base are the same commits; the author is that of the mail. */
static void commits(void **state)
{
	struct cuts one, other;

	(void)state;
	expect_trees("p", &one);
	expect_trees("t.mbox", &other);
	assert_string_equal(one.commits, other.commits);
	in_repo("git format-patch -q -o $D/who base..tip~4");
	assert_int_equal(apply_to("base", "who", &one), 0);
	expect_outcome(run_shell("git -C %s/repo log -1 --format='%%an %%ae %%cn %%s %%b' %s",
				 test_dir, strchr(one.commits, '\n') + 1),
		       0, "J\xc3\xb6rg A j@example.org balloonbench sub: change lines",
		       "diff --git a/no b/no");
	/* A date that nobody can read does not matter. */
	in_repo("sed -i 's/^Date: .*/Date: yesterday-ish 99/; s/^From: .*/From: <>/' $D/who/*");
	assert_int_equal(apply_to("base", "who", &other), 0);
	assert_string_equal(other.trees, one.trees);
}

static void fuzz_is_recorded(void **state)
{
	struct cuts cuts;
	char *text;

	(void)state;
	/* The lines beside the changes differ from those that the patches have. */
	in_repo("git checkout -q -b other base; sed -i 's/line 8$/LINE 8/; s/line 38$/LINE 38/' "
		"sub/f; git commit -qam other; mkdir $D/fuzz; git format-patch -q -o $D/fuzz "
		"base..tip~3; "
		"git show other:sub/f | sed 's/line 10$/line ten = 10/; 40d' >$D/wanted");
	if (apply_to("other", "fuzz", &cuts))
		fail_msg("%s", err);
	assert_int_equal(cuts.count, 3);
	assert_int_equal(cuts.fuzz[0], 0);
	assert_int_equal(cuts.fuzz[1], 2);
	assert_int_equal(cuts.fuzz[2], 2);
	assert_contains(logged, "0001-sub-change-lines.patch: applied with fuzz 2: sub/f hunk 1");
	text = strchr(cuts.trees, '\n') + 1;
	expect_outcome(run_shell("git -C %s/repo cat-file blob %.40s:sub/f | cmp - %s/wanted && "
				 "git -C %s/repo diff-tree -r --name-only other^{tree} %.40s",
				 test_dir, text, test_dir, test_dir, text),
		       0, "sub/f\n");
	assert_int_equal(count_paths(in_test_dir("repo"), "/.git/patches-*"), 0);
	assert_int_equal(count_paths(in_test_dir("repo"), "/*/*.orig"), 0);
}

/* A new, empty file and a mode must not be lost when patch(1) has to help. */
static void fuzz_with_everything_else(void **state)
{
	struct cuts cuts;

	(void)state;
	in_repo("change() { sed -i 's/line 10$/X/' sub/f; : >new; chmod +x run.sh; "
		"git mv moved sub/to; git rm -q gone; git add -A; git commit -qm all; }; "
		"git checkout -q base; change; git format-patch -q -1 -o $D/mixed; "
		"git checkout -q --detach other; change; git log -1 --format=%T >$D/mixed-tree");
	if (apply_to("other", "mixed", &cuts))
		fail_msg("%s", err);
	assert_int_equal(cuts.fuzz[1], 2);
	expect_outcome(run_shell("cat %s/mixed-tree", test_dir), 0, strchr(cuts.trees, '\n') + 1);
}

static void expect_refused(const char *base, const char *name, const char *says)
{
	struct cuts cuts;

	if (apply_to(base, name, &cuts) != -EINVAL)
		fail_msg("%s on %s was applied; expected: %s", name, base, says);
	assert_contains(err, says);
	assert_int_equal(count_paths(in_test_dir("repo"), "/.git/patches-*"), 0);
}

static void what_does_not_apply_is_named(void **state)
{
	struct cuts cuts;

	(void)state;
	in_repo("git checkout -q -b far base; sed -i 's/line 3[0-9]$/far/' sub/f; "
		"git commit -qam far");
	expect_refused(
		"far", "p",
		"cannot apply 0001-sub-change-lines.patch: sub/f: hunk 2 at line 37 does not "
		"match; use the base that it was made for");
	expect_refused(
		"tip", "p",
		"cannot apply 0001-sub-change-lines.patch: already there, in 6.17-rc1; leave "
		"it out, or use an older base");
	expect_refused("nowhere", "p", "nowhere");
	in_repo("mkdir $D/gone; printf '%s\\n' '--- a/none' '+++ b/none' '@@ -1 +1 @@' -a +b "
		">$D/gone/x.patch");
	expect_refused("base", "gone", "cannot apply x.patch: none: does not exist in the tree");
	in_repo("mkdir $D/bin; git diff tip~3 tip~2 >$D/bin/x.patch");
	expect_refused("base", "bin", "cannot apply x.patch: cannot apply binary patch to 'bin'");
	/* -R of what is not there. */
	in_repo("mkdir $D/undo; cp $D/p/0001* $D/undo/x.patch; echo x.patch -R >$D/undo/series");
	expect_refused("base", "undo", "cannot apply x.patch: already there");
	assert_int_equal(apply_to("tip~4", "undo", &cuts), 0);
}

static void paths_stay_in_the_tree(void **state)
{
	static const char *const paths[] = { "../out",	 "a/../../out", ".git/config",
					     "link/out", "sub/.GIT/x",	"" };
	const char *const *path;
	struct cuts cuts;
	char script[512];

	(void)state;
	for (path = paths; **path; path++) {
		snprintf(script, sizeof(script),
			 "rm -rf $D/out; mkdir $D/out; printf '%%s\\n' '--- /dev/null' '+++ b/%s' "
			 "'@@ -0,0 +1 @@' +x >$D/out/x.patch",
			 *path);
		in_repo(script);
		assert_int_equal(apply_to("base", "out", &cuts), -EINVAL);
		assert_contains(err, "x.patch: ");
		assert_contains(err, *path);
	}
	in_repo("printf '%s\\n' '--- /dev/null' '+++ /etc/x' '@@ -0,0 +1 @@' +x >$D/out/x.patch; "
		"echo 'x.patch -p0' >$D/out/series");
	expect_refused("base", "out", "/etc/x");
	/* A link that the patch itself makes; its other part needs fuzz. */
	in_repo("printf '%s\\n' 'diff --git a/l b/l' 'new file mode 120000' '--- /dev/null' '+++ "
		"b/l' "
		"'@@ -0,0 +1 @@' +$D/out '\\ No newline at end of file' 'diff --git a/l/y b/l/y' "
		"'new file mode 100644' '--- /dev/null' '+++ b/l/y' '@@ -0,0 +1 @@' +x "
		">$D/out/x.patch; echo 'x.patch' >$D/out/series");
	expect_refused("base", "out", "x.patch: ");
	assert_int_equal(access(in_test_dir("out/y"), F_OK), -1);
}

/* Neither the user's settings nor where it runs matter; nothing of the work tree changes. */
static void surroundings_do_not_matter(void **state)
{
	struct cuts cuts;

	(void)state;
	in_repo("git checkout -q -f tip; git status --porcelain >$D/before; mkdir -p $D/home; "
		"printf "
		"'[apply]\\n\\twhitespace=error-all\\n[core]\\n\\tautocrlf=true\\n[mailinfo]\\n"
		"\\tscissors=true\\n[am]\\n\\tkeepcr=false\\n' >$D/home/.gitconfig");
	setenv("HOME", in_test_dir("home"), 1);
	setenv("GIT_DIR", "/nowhere", 1);
	setenv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z", 1);
	setenv("LC_ALL", "de_DE.UTF-8", 1);
	assert_int_equal(chdir(in_test_dir("repo/sub")), 0);
	expect_trees("p", &cuts);
	assert_int_equal(chdir("/"), 0);
	unsetenv("GIT_DIR");
	unsetenv("GIT_AUTHOR_DATE");
	unsetenv("LC_ALL");
	in_repo("git status --porcelain | cmp - $D/before; git diff --exit-code tip");
}

static int set_up(void **state)
{
	if (test_dir_set_up(state))
		return -1;
	setenv("D", test_dir, 1);
	expect_outcome(run_shell("%s", make_repository), 0, "");
	return 0;
}

static int tear_down(void **state)
{
	free(logged);
	return test_dir_tear_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_patch_directories),
		cmocka_unit_test(mails_of_every_kind),
		cmocka_unit_test(flowed_mail),
		cmocka_unit_test(mails_with_crlf),
		cmocka_unit_test(quilt_patches),
		cmocka_unit_test(mailboxes),
		cmocka_unit_test(message_ids_are_kept),
		cmocka_unit_test(commits),
		cmocka_unit_test(fuzz_is_recorded),
		cmocka_unit_test(fuzz_with_everything_else),
		cmocka_unit_test(what_does_not_apply_is_named),
		cmocka_unit_test(paths_stay_in_the_tree),
		cmocka_unit_test(surroundings_do_not_matter),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
