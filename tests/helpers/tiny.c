/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/tiny.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/images.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

char tiny[256];

int tiny_set_up(void **state, const char *text)
{
	if (test_dir_set_up(state))
		return -1;
	snprintf(tiny, sizeof(tiny), "%s", write_file(test_dir, "tiny.ini", text));
	setenv("QEMU", build_path("tests/helpers/fake-qemu/fake-qemu"), 1);
	setenv("FAKE_QEMU", "good", 1);
	return 0;
}

/* The words of balloonbench run; @args has room for ARGS_MAX of them. */
static const char *const *arguments(const char **args, const char *tree, const char *const *more)
{
	const char *const begin[] = { "run",	   "--accel",  "tcg", "--scenario",	tiny,
				      "--variant", "finalize", "-o",  in_test_dir(tree) };
	size_t n = sizeof(begin) / sizeof(begin[0]);

	memset(args, 0, (ARGS_MAX + 1) * sizeof(*args));
	memcpy(args, begin, sizeof(begin));
	while (*more && n < ARGS_MAX)
		args[n++] = *more++;
	return args;
}

struct outcome tiny_run_with(const char *tree, const char *const *more)
{
	const char *args[ARGS_MAX + 1];

	return run_program("balloonbench", arguments(args, tree, more));
}

pid_t tiny_start_with(const char *tree, const char *const *more)
{
	const char *args[ARGS_MAX + 1];

	return start_program("balloonbench", arguments(args, tree, more));
}

struct outcome tiny_resume(const char *tree)
{
	return run_program("balloonbench",
			   (const char *[]){ "run", "--resume", in_test_dir(tree), NULL });
}

pid_t tiny_start_resume(const char *tree)
{
	return start_program("balloonbench",
			     (const char *[]){ "run", "--resume", in_test_dir(tree), NULL });
}

const char *tiny_file(const char *tree, int boot, const char *name)
{
	char relative[256];

	snprintf(relative, sizeof(relative), "%s/tiny/finalize/boot-%02d/%s", tree, boot, name);
	return in_test_dir(relative);
}

json_t *tiny_result(const char *tree, int boot)
{
	return load_json(tiny_file(tree, boot, "result.json"));
}

size_t tiny_finished(const char *tree)
{
	return count_paths(in_test_dir(tree), "/*/*/boot-*/result.json");
}

static char *read_journal(const char *tree)
{
	char name[256];

	snprintf(name, sizeof(name), "%s/journal.jsonl", tree);
	return read_file(in_test_dir(name));
}

bool tiny_journal_has(const char *tree, const char *text)
{
	char *journal = read_journal(tree);
	bool has = journal && strstr(journal, text);

	free(journal);
	return has;
}

int tiny_journal_lines(const char *tree)
{
	char *journal = read_journal(tree), *at;
	int lines = 0;

	for (at = journal; at && (at = strchr(at, '\n')); at++)
		lines++;
	free(journal);
	return lines;
}

void tiny_change_cut(const char *cut, const char *line)
{
	const int key = (int)strcspn(line, " ");

	unsetenv("BALLOONBENCH_DATA");
	expect_outcome(run_shell("cd '%s' && rm -rf data && mkdir data && "
				 "ln -s '" TEST_SOURCE "'/bench/* data/ && "
				 "sed '/^.cut %s.$/,/^patches/ { /^build_id/d; /^%.*s/d; "
				 "s/^key .*/&\\n%s/ }' '%s' >data/images.ini",
				 test_dir, cut, key, line, line, path_images()),
		       0, "");
	setenv("BALLOONBENCH_DATA", in_test_dir("data"), 1);
}

int tiny_restore_cuts(void **state)
{
	(void)state;
	return unsetenv("BALLOONBENCH_DATA");
}
