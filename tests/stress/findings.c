/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/stress/findings.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines of the excerpt before and after; about the length of a stack trace. */
#define LINES_BEFORE 4
#define LINES_AFTER 40

/* The general ones last: the reports of the others contain such lines, too. */
static const struct finding_sign signs[] = {
	{ "list_add corruption", "list corruption" },
	{ "list_del corruption", "list corruption" },
	{ "BUG: KASAN", "KASAN" },
	{ "pagealloc: memory corruption", "page poison" },
	{ "pagealloc: single bit error", "page poison" },
	{ "refcount_t:", "refcount" },
	{ "ODEBUG:", "object life time" },
	{ "BUG: Bad page", "bad page" },
	{ "page dumped because", "bad page" },
	{ "sleeping function called from invalid context", "sleep in atomic context" },
	{ "scheduling while atomic", "sleep in atomic context" },
	{ "possible circular locking dependency", "lockdep" },
	{ "possible recursive locking", "lockdep" },
	{ "possible irq lock inversion", "lockdep" },
	{ "inconsistent lock state", "lockdep" },
	{ "bad unlock balance", "lockdep" },
	{ "held lock freed", "lockdep" },
	{ "suspicious RCU usage", "lockdep" },
	{ "DEBUG_LOCKS_WARN_ON", "lockdep" },
	{ "non-static key", "lockdep" },
	{ "self-detected stall", "stall" },
	{ "detected stalls on CPUs", "stall" },
	{ "INFO: task", "hung task" },
	{ "kernel BUG at", "BUG" },
	{ "general protection fault", "fault" },
	{ "Oops:", "fault" },
	{ "BUG:", "BUG" },
	{ "WARNING:", "WARNING" },
	{ "Kernel panic", "panic" },
};

/*
 * A warning that has nothing to do with the balloon: request_irq() does not notice that an entry in
 * /proc cannot be allocated, and free_irq() warns that it is not there. An unbind that follows a
 * bind with failing allocations does that.
 */
static bool is_of_the_injection(const struct finding_sign *sign, const char *line)
{
	return !strcmp(sign->kind, "WARNING") && strstr(line, " remove_proc_entry+");
}

#define SIGNS (sizeof(signs) / sizeof(signs[0]))

const struct finding_sign *finding_in_line(const char *line)
{
	size_t i;

	for (i = 0; i < SIGNS; i++)
		if (strstr(line, signs[i].needle))
			return is_of_the_injection(&signs[i], line) ? NULL : &signs[i];
	return NULL;
}

/* Replace all but printable ASCII, for JSON. */
static void make_text(char *line)
{
	char *at;

	line[strcspn(line, "\r\n")] = '\0';
	for (at = line; *at; at++)
		if ((unsigned char)*at < ' ' || (unsigned char)*at > '~')
			*at = '?';
}

struct scan {
	const struct finding_sign *sign;
	char *line; /* with the sign */
	char *before[LINES_BEFORE];
	size_t next; /* index in @before to overwrite */
	json_t *excerpt;
};

static void keep(struct scan *scan, const char *line)
{
	free(scan->before[scan->next]);
	scan->before[scan->next] = strdup(line);
	scan->next = (scan->next + 1) % LINES_BEFORE;
}

static void start_excerpt(struct scan *scan)
{
	size_t i;

	scan->excerpt = json_array();
	for (i = 0; i < LINES_BEFORE; i++) {
		const char *line = scan->before[(scan->next + i) % LINES_BEFORE];

		if (line)
			json_array_append_new(scan->excerpt, json_string(line));
	}
}

static void scan_line(struct scan *scan, const char *line)
{
	const struct finding_sign *sign = finding_in_line(line);

	if (!scan->sign && sign)
		start_excerpt(scan);
	if (sign && (!scan->sign || sign < scan->sign)) {
		scan->sign = sign;
		free(scan->line);
		scan->line = strdup(line);
	}
	if (scan->sign)
		json_array_append_new(scan->excerpt, json_string(line));
	else
		keep(scan, line);
}

json_t *findings_scan(const char *path, long *offset)
{
	struct scan scan = { .sign = NULL };
	json_t *finding = NULL;
	char *line = NULL;
	size_t size = 0, i;
	FILE *f;

	f = fopen(path, "re");
	if (!f)
		return NULL;
	if (fseek(f, *offset, SEEK_SET))
		goto out;
	while (getline(&line, &size, f) > 0 &&
	       (!scan.excerpt || json_array_size(scan.excerpt) < LINES_BEFORE + LINES_AFTER)) {
		if (!strchr(line, '\n'))
			break; /* incomplete */
		*offset = ftell(f);
		make_text(line);
		scan_line(&scan, line);
	}
	if (scan.sign)
		finding = json_pack("{s:s, s:s, s:o}", "kind", scan.sign->kind, "line", scan.line,
				    "excerpt", scan.excerpt);
out:
	fclose(f);
	free(line);
	free(scan.line);
	for (i = 0; i < LINES_BEFORE; i++)
		free(scan.before[i]);
	return finding;
}
