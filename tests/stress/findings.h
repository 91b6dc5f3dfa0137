/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STRESS_FINDINGS_H
#define STRESS_FINDINGS_H

#include <jansson.h>
#include <stddef.h>

/* Messages of the kernel's checks on its console. */
struct finding_sign {
	const char *needle;
	const char *kind; /* for the summary: "list corruption", "KASAN", ... */
};

/* The first sign in the table that matches a line, or NULL. */
const struct finding_sign *finding_in_line(const char *line);

/**
 * findings_scan() - scan the new lines of a console log
 * @path: the log, which may not exist yet
 * @offset: where to start; updated for the next call
 *
 * Return: NULL if nothing was found, or a new object: "kind", "line", and "excerpt", the
 * lines around it. Of several signs in one report, the first in the table names it.
 */
json_t *findings_scan(const char *path, long *offset);

#endif
