/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source trees and cuts, of real git repositories. */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/build/cuts.h"
#include "bench/build/tree.h"
#include "bench/build/trace_events.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/fake_linux.h"
#include "tests/helpers/files.h"

/* The user's source, and the private directory; each test has its own. */
static char *linux_dir;
static struct git git;
static struct source source;
static struct cut_list cuts;
static char err[2048];

static int set_up(void **state)
{
	static unsigned int number;
	char name[32];

	(void)state;
	snprintf(name, sizeof(name), "linux-%u", ++number);
	linux_dir = strdup(in_test_dir(name));
	return 0;
}

static void close_all(void)
{
	cuts_release(&cuts);
	source_release(&source);
	git_close(&git);
}

static int tear_down(void **state)
{
	(void)state;
	close_all();
	free(linux_dir);
	return 0;
}

#define MUST(call)                                                                                 \
	do {                                                                                       \
		if (call)                                                                          \
			fail_msg("%s: %s", #call, err);                                            \
	} while (0)

static void open_source(const char *dir)
{
	char id[64];

	close_all();
	MUST(source_open(&source, dir, err, sizeof(err)));
	snprintf(id, sizeof(id), "%s", strrchr(linux_dir, '/') + 1);
	MUST(git_open(&git, id, source.format, err, sizeof(err)));
}

/* The id of the directory as it lies there; valid until the fourth call after. */
static const char *tree_of(const char *dir)
{
	static char ids[4][65];
	static unsigned int turn;
	char *id = ids[turn++ % 4], *tree;

	open_source(dir);
	MUST(tree_of_directory(&git, &source, &tree, err, sizeof(err)));
	snprintf(id, 65, "%s", tree);
	free(tree);
	return id;
}

/* Whether what @change does to the directory changes its id, and taking it back restores it. */
static void expect_change(const char *change, const char *back, bool changes)
{
	const char *before = tree_of(linux_dir), *after;

	expect_outcome(run_shell("cd %s && %s", linux_dir, change), 0, NULL);
	after = tree_of(linux_dir);
	if (changes == !strcmp(before, after))
		fail_msg("%s: the tree was %s, and is %s", change, before, after);
	expect_outcome(run_shell("cd %s && %s", linux_dir, back), 0, NULL);
	assert_string_equal(tree_of(linux_dir), before);
}

static void everything_that_is_compiled_counts(void **state)
{
	static const struct {
		const char *change, *back;
		bool changes;
	} cases[] = {
		{ "echo x >>mm/balloon.c", "git checkout -q mm/balloon.c", true },
		{ "echo >drivers.c", "rm drivers.c", true },
		{ "mkdir -p a/b && echo >a/b/c.h", "rm -r a", true },
		{ "rm init/main.c", "git checkout -q init/main.c", true },
		{ "chmod +x Makefile", "chmod -x Makefile", true },
		{ "rm MAINTAINERS && ln -s Kbuild MAINTAINERS",
		  "rm MAINTAINERS && git checkout -q MAINTAINERS", true },
		{ "ln -s Kbuild link", "rm link", true },
		{ "rm -r init && echo >init", "rm init && git checkout -q init", true },
		{ "echo >'a\nb c'", "rm 'a\nb c'", true },
		{ "echo >new.c && git add new.c", "git rm -q -f new.c", true },
		{ "echo >new.o", "rm new.o", false },
		{ "echo >local", "rm local", false },
		{ "mkdir empty", "rmdir empty", false },
		{ "echo >local && git add -f local", "git rm -q -f local", true },
		{ "echo '/mm' >>.gitignore; echo 1 >>mm/balloon.c; git add .",
		  "git reset -q --hard", true },
		/* Settings of the user hide nothing. */
		{ "echo '*.c' >.git/info/exclude; echo >x.c", "rm x.c", true },
		{ "git config core.fileMode false; chmod +x Kbuild", "chmod -x Kbuild", true },
		{ "git update-index --assume-unchanged mm/balloon.c; echo 2 >>mm/balloon.c",
		  "git update-index --no-assume-unchanged mm/balloon.c; git checkout -q .", true },
		{ "echo '* text=auto eol=crlf' >.git/info/attributes; printf '\\r\\n' >>Kbuild",
		  "git cat-file blob HEAD:Kbuild >Kbuild", true },
	};
	size_t i;

	(void)state;
	fake_linux_commit(linux_dir);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_change(cases[i].change, cases[i].back, cases[i].changes);
}

static void expect_clean(void)
{
	char *tree;

	open_source(linux_dir);
	MUST(tree_of_revision(&source, "HEAD", NULL, &tree, err, sizeof(err)));
	assert_string_equal(tree_of(linux_dir), tree);
	free(tree);
}

static void clean_work_tree_is_its_commit(void **state)
{
	(void)state;
	fake_linux_commit(linux_dir);
	expect_clean();
}

static void ignored_file_that_git_knows(void **state)
{
	(void)state;
	fake_linux_commit(linux_dir);
	write_file(linux_dir, "mm/blob.o", "firmware");
	git_in(linux_dir, "add -f mm/blob.o");
	git_in(linux_dir, "commit -q -m blob");
	expect_clean();
	expect_change("echo 2 >mm/blob.o", "git checkout -q .", true);
	expect_change("rm mm/blob.o", "git checkout -q .", true);
}

static void directory_inside_of_another_repository(void **state)
{
	char inner[256];
	const char *before;

	(void)state;
	fake_linux_commit(linux_dir);
	snprintf(inner, sizeof(inner), "%s/vendor/linux", linux_dir);
	fake_linux_write(inner);
	before = tree_of(inner);
	assert_string_not_equal(before, tree_of(linux_dir));
	fake_linux_change(inner, 2, NULL);
	assert_string_not_equal(before, tree_of(inner));
	/* Also where the outer one does not know it at all. */
	write_file(linux_dir, ".gitignore", "vendor\n");
	fake_linux_change(inner, 0, NULL);
	assert_string_equal(before, tree_of(inner));
	assert_false(source.in_git);
}

static void part_of_a_repository(void **state)
{
	char inner[256], *tree;

	(void)state;
	fake_linux_commit(linux_dir);
	snprintf(inner, sizeof(inner), "%s/vendor/linux", linux_dir);
	fake_linux_write(inner);
	git_in(linux_dir, "add -A");
	git_in(linux_dir, "commit -q -m inner");
	open_source(inner);
	assert_string_equal(source.prefix, "vendor/linux");
	MUST(tree_of_revision(&source, "HEAD", NULL, &tree, err, sizeof(err)));
	assert_string_equal(tree_of(inner), tree);
	free(tree);
}

static void plain_directory(void **state)
{
	(void)state;
	fake_linux_write(linux_dir);
	/* What .gitignore names counts: a release tarball has nothing else. */
	expect_change("echo >blob.o", "rm blob.o", true);
	write_file(linux_dir, ".config", "");
	expect_change("echo >built.o", "rm built.o", false);
}

static void expect_refused(const char *part)
{
	char *tree;

	open_source(linux_dir);
	assert_int_not_equal(tree_of_directory(&git, &source, &tree, err, sizeof(err)), 0);
	assert_contains(err, part);
}

static void repositories_inside_are_refused(void **state)
{
	char inner[256];

	(void)state;
	fake_linux_commit(linux_dir);
	snprintf(inner, sizeof(inner), "%s/drivers/mine", linux_dir);
	fake_linux_commit(inner);
	expect_refused("/drivers/mine/ is a git repository inside of the tree");
	remove_tree(inner);
	fake_linux_commit(in_test_dir("module"));
	git_in(linux_dir, "submodule --quiet add %s mod", in_test_dir("module"));
	expect_refused("/mod/ is a git repository inside of the tree");
	git_in(linux_dir, "commit -q -m submodule");
	open_source(linux_dir);
	MUST(cuts_of_range(&source, &git, "base..HEAD", false, NULL, &cuts, err, sizeof(err)));
	assert_int_not_equal(tree_check_out(&git, cuts.items[1].tree, err, sizeof(err)), 0);
	assert_contains(err, "mod is a submodule");
}

static void links_out_of_the_tree_are_refused(void **state)
{
	static const struct {
		const char *target;
		bool good;
	} cases[] = {
		{ "../Kbuild", true },	   { "/etc/passwd", false },
		{ "../../x", false },	   { "a/../../x", true },
		{ "a/../../../x", false }, { "./../mm/balloon.c", true },
		{ "nowhere", true },	   { "../mm/../../linux", false },
	};
	char path[256], *tree;
	size_t i;

	(void)state;
	fake_linux_write(linux_dir);
	snprintf(path, sizeof(path), "%s/init/link", linux_dir);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unlink(path);
		assert_int_equal(symlink(cases[i].target, path), 0);
		open_source(linux_dir);
		MUST(tree_of_directory(&git, &source, &tree, err, sizeof(err)));
		if (!tree_check_out(&git, tree, err, sizeof(err)) != cases[i].good)
			fail_msg("%s: %s", cases[i].target, err);
		if (!cases[i].good)
			assert_contains(err, "init/link is a symbolic link out of the tree");
		free(tree);
	}
}

static time_t changed(const char *name)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", git.src, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

static void checkout_touches_what_differs(void **state)
{
	time_t kbuild, balloon;

	(void)state;
	fake_linux_commit(linux_dir);
	fake_linux_change(linux_dir, 1, "one");
	open_source(linux_dir);
	MUST(cuts_of_range(&source, &git, "base..HEAD", false, NULL, &cuts, err, sizeof(err)));
	MUST(tree_check_out(&git, cuts.items[0].tree, err, sizeof(err)));
	kbuild = changed("Kbuild");
	balloon = changed("mm/balloon.c");
	usleep(20000);
	MUST(tree_check_out(&git, cuts.items[1].tree, err, sizeof(err)));
	assert_int_equal(changed("Kbuild"), kbuild);
	assert_true(changed("mm/balloon.c") > balloon);
}

static void checkout_is_the_tree_and_nothing_else(void **state)
{
	struct outcome outcome;
	char *tree;

	(void)state;
	fake_linux_commit(linux_dir);
	open_source(linux_dir);
	MUST(cuts_base(&source, &git, "base", NULL, &cuts, err, sizeof(err)));
	tree = strdup(cuts.items[0].tree);
	MUST(tree_check_out(&git, tree, err, sizeof(err)));
	outcome = run_shell("cd %s && echo >>Kbuild && rm Kconfig && mkdir x && echo >x/y.o && "
			    "mkdir mm/balloon.h && git init -q z && touch z/z",
			    git.src);
	assert_int_equal(outcome.status, 0);
	outcome_release(&outcome);
	MUST(tree_check_out(&git, tree, err, sizeof(err)));
	outcome = run_shell("diff -r --exclude=.git %s %s", linux_dir, git.src);
	if (outcome.status)
		fail_msg("%s", outcome.output);
	outcome_release(&outcome);
	/* After a full disk or a power cut: from nothing. */
	outcome = run_shell("rm -rf %s && mkdir %s && echo x >%s/index", git.src, git.src, git.dir);
	outcome_release(&outcome);
	MUST(tree_check_out(&git, tree, err, sizeof(err)));
	assert_true(changed("Kbuild") > 0);
	free(tree);
}

static void users_repository_is_not_written_to(void **state)
{
	struct outcome before, after;
	static const char listing[] =
		"cd %s && find . -printf '%%p %%y %%m %%s %%i %%n %%T@ %%C@\\n' | sort";

	(void)state;
	fake_linux_commit(linux_dir);
	fake_linux_change(linux_dir, 1, "one");
	fake_linux_change(linux_dir, 2, NULL);
	write_file(linux_dir, "mm/new.c", "int new;\n");
	git_in(linux_dir, "config core.fsmonitor 'touch %s/hook; false'", linux_dir);
	git_in(linux_dir, "config log.showSignature true");
	before = run_shell(listing, linux_dir);
	tree_of(linux_dir);
	MUST(cuts_of_range(&source, &git, "base..HEAD", false, NULL, &cuts, err, sizeof(err)));
	MUST(cuts_of_directory(&source, &git, "x", &cuts, err, sizeof(err)));
	MUST(tree_check_out(&git, cuts.items[2].tree, err, sizeof(err)));
	after = run_shell(listing, linux_dir);
	if (strcmp(before.output, after.output) != 0) {
		write_file(test_dir, "before", before.output);
		write_file(test_dir, "after", after.output);
		after = run_shell("diff %1$s/before %1$s/after", test_dir);
		fail_msg("%s", after.output);
	}
	outcome_release(&before);
	outcome_release(&after);
}

/* Variables of a shell, as in a hook of git. */
static void environment_does_not_count(void **state)
{
	static const char *const variables[] = { "GIT_DIR",	   "GIT_WORK_TREE",
						 "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY",
						 "GIT_EXEC_PATH",  "GIT_CEILING_DIRECTORIES" };
	const char *before;
	size_t i;

	(void)state;
	fake_linux_commit(linux_dir);
	before = tree_of(linux_dir);
	for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		setenv(variables[i], "/nonexistent", 1);
	assert_string_equal(tree_of(linux_dir), before);
	for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
}

static void expect_cut(size_t i, const char *name, const char *subject)
{
	assert_true(i < cuts.count);
	assert_string_equal(cuts.items[i].name, name);
	assert_string_equal(cuts.items[i].subject, subject);
	assert_int_equal(strlen(cuts.items[i].commit), 40);
	assert_contains(cuts.items[i].author_date, "T");
}

static void cuts_of_a_range(void **state)
{
	(void)state;
	fake_linux_commit(linux_dir);
	fake_linux_change(linux_dir, 1, "virtio_balloon: Send [ranges], not PFNs");
	fake_linux_change(linux_dir, 2, "two");
	open_source(linux_dir);
	MUST(cuts_of_range(&source, &git, "base..", false, NULL, &cuts, err, sizeof(err)));
	assert_int_equal(cuts.count, 3);
	expect_cut(0, "00-base", "Linux 6.12");
	expect_cut(1, "01-virtio-balloon-send-ranges", "virtio_balloon: Send [ranges], not PFNs");
	expect_cut(2, "02-two", "two");
	cuts_release(&cuts);
	MUST(cuts_of_range(&source, &git, "base..main", true, "v2", &cuts, err, sizeof(err)));
	assert_int_equal(cuts.count, 2);
	expect_cut(0, "v2-00-base", "Linux 6.12");
	expect_cut(1, "v2-02-two", "two");
}

static void merges_are_one_cut(void **state)
{
	(void)state;
	fake_linux_commit(linux_dir);
	git_in(linux_dir, "checkout -q -b side");
	fake_linux_change(linux_dir, 1, "on the side");
	git_in(linux_dir, "checkout -q main");
	write_file(linux_dir, "Kconfig", "config SMP\n");
	git_in(linux_dir, "commit -q -a -m main");
	git_in(linux_dir, "merge -q --no-edit side -m merged");
	open_source(linux_dir);
	MUST(cuts_of_range(&source, &git, "base..HEAD", false, NULL, &cuts, err, sizeof(err)));
	assert_int_equal(cuts.count, 3);
	expect_cut(1, "01-main", "main");
	expect_cut(2, "02-merged", "merged");
}

static void wrong_ranges(void **state)
{
	static const struct {
		const char *range, *says;
	} cases[] = {
		{ "base", "expected BASE..TIP" },
		{ "..HEAD", "expected BASE..TIP" },
		{ "base...HEAD", "expected BASE..TIP" },
		{ "gone..HEAD", "no commit 'gone' in " },
		{ "--all..HEAD", "no commit '--all' in " },
		{ "HEAD..base", "there is no commit in it; is it the wrong way round?" },
		{ "side..HEAD", "the base is not an ancestor of the tip; they have" },
		{ "merged..HEAD", "the base came in by a merge" },
		{ "other..HEAD", "no common history" },
	};
	size_t i;

	(void)state;
	fake_linux_commit(linux_dir);
	git_in(linux_dir, "checkout -q -b side");
	fake_linux_change(linux_dir, 1, "side");
	git_in(linux_dir, "checkout -q -b merged main");
	write_file(linux_dir, "merged", "");
	git_in(linux_dir, "add -A");
	git_in(linux_dir, "commit -q -m merged");
	git_in(linux_dir, "checkout -q --orphan other");
	git_in(linux_dir, "commit -q -m other");
	git_in(linux_dir, "checkout -q main");
	fake_linux_change(linux_dir, 3, "main");
	git_in(linux_dir, "merge -q --no-edit merged");
	open_source(linux_dir);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_not_equal(cuts_of_range(&source, &git, cases[i].range, false, NULL,
						   &cuts, err, sizeof(err)),
				     0);
		assert_contains(err, cases[i].says);
		cuts_release(&cuts);
	}
}

static void names_of_cuts(void **state)
{
	static const struct {
		size_t number, total;
		const char *prefix, *subject, *name;
	} cases[] = {
		{ 0, 3, NULL, "x", "00-base" },
		{ 7, 100, NULL, "x", "007-x" },
		{ 1, 3, NULL, "", "01" },
		{ 1, 3, NULL, "...", "01" },
		{ 1, 3, NULL, "[RFC] [x 1/2]  mm: a", "01-mm-a" },
		{ 1, 3, NULL, "[RFC]", "01-rfc" },
		{ 1, 3, NULL, "\xc3\xa4\xc3\xb6 \xe2\x82\xac", "01" },
		{ 1, 3, NULL, "/../$(touch x); rm", "01-touch-x-rm" },
		{ 1, 3, NULL, "mm/balloon: Do it -- now", "01-mm-balloon-do-it-now" },
		{ 1, 3, NULL, "aaaaaaaaaa bbbbbbbbbb cccccccccc", "01-aaaaaaaaaa-bbbbbbbbbb" },
		{ 1, 3, NULL, "aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb",
		  "01-aaaaaaaaaaaaaaaaaaaabbbbbbbbb" },
		{ 1, 3, NULL, "aaaaaaaaaaaaaaaaaaaa bbbbbbbb ccc",
		  "01-aaaaaaaaaaaaaaaaaaaa-bbbbbbbb" },
		{ 1, 3, "v2", "x", "v2-01-x" },
	};
	struct cut cut = { .name = NULL };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cut_set_name(&cut, cases[i].prefix, cases[i].number, cases[i].total,
			     cases[i].subject);
		assert_string_equal(cut.name, cases[i].name);
		assert_int_equal(cut_check_name(cut.name, err, sizeof(err)), 0);
	}
	free(cut.name);
	assert_int_not_equal(cut_check_name("../x", err, sizeof(err)), 0);
	assert_int_not_equal(cut_check_prefix("abcdefghijklmnopq", err, sizeof(err)), 0);
}

static void base_of_patches(void **state)
{
	char *directory, *revision;

	(void)state;
	fake_linux_commit(linux_dir);
	fake_linux_change(linux_dir, 1, "one");
	open_source(linux_dir);
	MUST(cuts_base(&source, &git, "base", NULL, &cuts, err, sizeof(err)));
	expect_cut(0, "00-base", "Linux 6.12");
	cuts_release(&cuts);
	MUST(cuts_base(&source, &git, NULL, "p", &cuts, err, sizeof(err)));
	expect_cut(0, "p-00-base", "one");
	split_onto("/a/b@v6.12", &directory, &revision);
	assert_string_equal(directory, "/a/b");
	assert_string_equal(revision, "v6.12");
	free(directory);
	free(revision);
	split_onto(linux_dir, &directory, &revision);
	assert_string_equal(directory, linux_dir);
	assert_null(revision);
	free(directory);
}

static struct trace_events_base base;

static void expect_events(struct cut *cut, const char *expected, bool same_tree)
{
	char *before = strdup(cut->tree);

	MUST(trace_events_add(&git, cut, &base, err, sizeof(err)));
	assert_string_equal(cut->trace_events, expected);
	assert_int_equal(!strcmp(before, cut->tree), same_tree);
	free(before);
}

static struct cut *open_head(void)
{
	open_source(linux_dir);
	MUST(cuts_base(&source, &git, NULL, NULL, &cuts, err, sizeof(err)));
	return cuts.items;
}

#define NO_EVENTS "no: no patch of them applies: mm/balloon.c differs"

static void trace_events_where_they_apply(void **state)
{
	struct cut *cut;

	(void)state;
	fake_linux_commit(linux_dir);
	cut = open_head();
	expect_events(cut, "yes", false);
	assert_true(tree_has(&git, cut->tree, "include/trace/events/balloon.h"));
	expect_events(cut, "yes", true);
	trace_events_release(&base);
	write_file(linux_dir, "mm/balloon.c", "/* rewritten */\n");
	git_in(linux_dir, "commit -q -a -m rewrite");
	expect_events(open_head(), NO_EVENTS, true);
	git_in(linux_dir, "rm -q mm/balloon.c");
	git_in(linux_dir, "commit -q -m removed");
	expect_events(open_head(), NO_EVENTS, true);
}

/* The patch does not apply, but the series and it change other lines. */
static void trace_events_are_carried_on(void **state)
{
	char *content = NULL, name[128];

	(void)state;
	fake_linux_commit(linux_dir);
	expect_events(open_head(), "yes", false);
	write_file(linux_dir, "mm/balloon.c",
		   "#include <linux/balloon.h>\n\nlong balloon(void)\n{\n\treturn 7;\n}\n");
	git_in(linux_dir, "commit -q -a -m long");
	expect_events(open_head(), "yes", false);
	snprintf(name, sizeof(name), "%s:mm/balloon.c", cuts.items[0].tree);
	assert_int_equal(git_run(&git, &content, "cat-file", "blob", name), 0);
	assert_string_equal(content, "#include <linux/balloon.h>\n#include <trace/events/balloon.h>"
				     "\n\nlong balloon(void)\n{\n\treturn 7;\n}\n");
	free(content);
	write_file(linux_dir, "mm/balloon.c", "#include <linux/new.h>\n\nlong balloon;\n");
	git_in(linux_dir, "commit -q -a -m rewrite");
	expect_events(open_head(), NO_EVENTS, true);
	trace_events_release(&base);
}

static void linked_work_tree_and_bare_clone(void **state)
{
	char other[256], *tree;

	(void)state;
	fake_linux_commit(linux_dir);
	snprintf(other, sizeof(other), "%s-linked", linux_dir);
	git_in(linux_dir, "worktree add -q %s base", other);
	tree = strdup(tree_of(linux_dir));
	assert_string_equal(tree_of(other), tree);
	snprintf(other, sizeof(other), "%s-bare", linux_dir);
	git_in(linux_dir, "clone -q --bare . %s", other);
	open_source(other);
	assert_true(source.is_bare);
	MUST(cuts_base(&source, &git, "base", NULL, &cuts, err, sizeof(err)));
	assert_string_equal(cuts.items[0].tree, tree);
	free(tree);
	assert_int_not_equal(tree_of_directory(&git, &source, &tree, err, sizeof(err)), 0);
	assert_contains(err, "has no working tree");
}

static void objects_of_sha256(void **state)
{
	(void)state;
	fake_linux_write(linux_dir);
	git_in(linux_dir, "init -q --object-format=sha256");
	git_in(linux_dir, "add -A");
	git_in(linux_dir, "commit -q -m 'Linux 6.12'");
	open_source(linux_dir);
	assert_string_equal(source.format, "sha256");
	MUST(cuts_base(&source, &git, NULL, NULL, &cuts, err, sizeof(err)));
	assert_int_equal(strlen(cuts.items[0].tree), 64);
	MUST(tree_check_out(&git, cuts.items[0].tree, err, sizeof(err)));
	assert_true(changed("Kbuild") > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int group_set_up(void **state)
{
	if (test_dir_set_up(state))
		return -1;
	fake_linux_set_up();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_that_is_compiled_counts),
		TEST(clean_work_tree_is_its_commit),
		TEST(ignored_file_that_git_knows),
		TEST(directory_inside_of_another_repository),
		TEST(part_of_a_repository),
		TEST(plain_directory),
		TEST(repositories_inside_are_refused),
		TEST(links_out_of_the_tree_are_refused),
		TEST(checkout_touches_what_differs),
		TEST(checkout_is_the_tree_and_nothing_else),
		TEST(users_repository_is_not_written_to),
		TEST(environment_does_not_count),
		TEST(cuts_of_a_range),
		TEST(merges_are_one_cut),
		TEST(wrong_ranges),
		TEST(names_of_cuts),
		TEST(base_of_patches),
		TEST(trace_events_where_they_apply),
		TEST(trace_events_are_carried_on),
		TEST(linked_work_tree_and_bare_clone),
		TEST(objects_of_sha256),
	};

	return cmocka_run_group_tests(tests, group_set_up, test_dir_tear_down);
}
