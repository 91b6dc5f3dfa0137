/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/kernel_args.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/log.h"

static const struct {
	const char *begin, *why;
} refused[] = {
	{ "console=", "the benchmark reads warnings and panics of the guest from ttyS0" },
	{ "init=", "the first process has to be the agent of the initramfs" },
	{ "rdinit=", "the first process has to be the agent of the initramfs" },
	{ "panic=", "a guest that panics has to end at once, or the boot waits for its deadline" },
};

/* The end of an argument; blanks in quotes belong to it, as for the kernel. */
static const char *end_of(const char *at)
{
	bool quoted = false;

	for (; *at && (quoted || *at != ' '); at++)
		quoted ^= *at == '"';
	return at;
}

static int check_one(const char *at, char *err, size_t err_size)
{
	size_t i, n = end_of(at) - at;
	const char *name = at + (*at == '"');

	if (n == 2 && !strncmp(at, "--", 2))
		return refuse(err, err_size,
			      "'--': what follows would be arguments of the agent; leave it out");
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (!strncmp(name, refused[i].begin, strlen(refused[i].begin)))
			return refuse(err, err_size, "'%.*s': %s; leave it out", (int)n, at,
				      refused[i].why);
	return 0;
}

int kernel_args_check(const char *text, char *err, size_t err_size)
{
	const char *at;

	for (at = text; *at; at++)
		if (iscntrl((unsigned char)*at))
			return refuse(err, err_size,
				      "expected one line without control characters, as in "
				      "init_on_alloc=1 mitigations=off");
	if (at - text > KERNEL_ARGS_MAX)
		return refuse(err, err_size, "%zu characters; the kernel takes no more than %d",
			      (size_t)(at - text), KERNEL_ARGS_MAX);
	for (at = text; *(at += strspn(at, " ")); at = end_of(at))
		if (check_one(at, err, err_size))
			return -EINVAL;
	return 0;
}

int key_set_kernel_args(const struct ini_entry *e, const struct key *key, void *member)
{
	char why[512];

	if (kernel_args_check(e->value, why, sizeof(why)))
		return ini_fail(e, "%s", why);
	return key_set_text(e, key, member);
}

char *kernel_args_join(const char *const *texts, size_t count)
{
	char *all = NULL, *before;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!texts[i] || !*texts[i])
			continue;
		before = all;
		all = xasprintf("%s%s%s", before ? before : "", before ? " " : "", texts[i]);
		free(before);
	}
	return all;
}
