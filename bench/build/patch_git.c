/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/patch_git.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/build/process.h"
#include "lib/alloc.h"

#define ARGS_MAX 32
#define ENV_MAX 16

/*
 * Modes are as they are in the tree; no line end is converted. A symbolic link that is checked out
 * is a file with its target, so that nothing follows it.
 */
static const char *const settings[] = {
	"git", "-c", "core.fileMode=true", "-c", "core.symlinks=false", "-c", "core.autocrlf=false",
	NULL,
};

/* No configuration but that of the repository; messages that are parsed are in English. */
static const char *const environment[] = {
	"GIT_CONFIG_NOSYSTEM=1",
	"GIT_CONFIG_GLOBAL=/dev/null",
	"GIT_ATTR_NOSYSTEM=1",
	"GIT_TERMINAL_PROMPT=0",
	"LC_ALL=C",
	NULL,
};

static size_t append(const char **list, size_t used, size_t max, const char *const *more)
{
	for (; more && *more; more++) {
		if (used + 1 >= max)
			abort();
		list[used++] = *more;
	}
	list[used] = NULL;
	return used;
}

int patch_git(const struct patch_git *call, const char *const *args)
{
	char *dir = xasprintf("GIT_DIR=%s", call->git_dir ? call->git_dir : "/dev/null");
	char *index = xasprintf("GIT_INDEX_FILE=%s", call->index ? call->index : "");
	char *work = xasprintf("GIT_WORK_TREE=%s", call->directory ? call->directory : "");
	const char *const places[] = { dir, call->index ? index : "GIT_INDEX_FILE",
				       call->directory && call->git_dir ? work : "GIT_WORK_TREE",
				       NULL };
	const char *argv[ARGS_MAX], *env[ENV_MAX];
	const struct process process = {
		.argv = argv,
		.directory = call->directory,
		.env = env,
		.input = call->input,
	};
	size_t used;
	int status;

	used = append(argv, 0, ARGS_MAX, settings);
	append(argv, used, ARGS_MAX, args);
	used = append(env, 0, ENV_MAX, environment);
	used = append(env, used, ENV_MAX, places);
	append(env, used, ENV_MAX, call->env);
	status = process_run(&process, call->output);
	free(dir);
	free(index);
	free(work);
	return status;
}

const char *patch_git_reason(void)
{
	static const char *const prefixes[] = { "error: ", "fatal: ", NULL };
	static char reason[512];
	const char *text = process_error();
	const char *const *prefix;

	for (prefix = prefixes; *prefix; prefix++)
		if (!strncmp(text, *prefix, strlen(*prefix)))
			text += strlen(*prefix);
	snprintf(reason, sizeof(reason), "%.*s", (int)strcspn(text, "\n"), text);
	return *reason ? reason : "git failed without a message; is it installed?";
}
