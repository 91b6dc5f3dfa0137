/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STRESS_FINDINGS_H
#define STRESS_FINDINGS_H

#include <jansson.h>
#include <stddef.h>

/* What the kernel's own checks say on its console when something is wrong. */
struct finding_sign {
	const char *needle;
	const char *kind; /* for the summary: "list corruption", "KASAN", ... */
};

/* NULL, or what the line tells; the first sign of the table that fits. */
const struct finding_sign *finding_in_line(const char *line);

/**
 * findings_scan() - look through a console's log from where the last look ended
 * @path: the log; one that is not there yet says nothing
 * @offset: where to begin; where the next look will
 *
 * Return: NULL where nothing was found, or a new object: "kind", "line", and
 * "excerpt", the lines around it. Of several signs in a row that are one
 * complaint the one that is highest in the table names it.
 */
json_t *findings_scan(const char *path, long *offset);

#endif
