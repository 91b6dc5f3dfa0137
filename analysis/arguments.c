/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/arguments.h"

#include "analysis/data/table.h"
#include "lib/utf8.h"
#include "lib/exit_status.h"
#include "lib/log.h"

int check_known(const char *what, const struct names *names, char *const *there)
{
	char list[512];
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (name_index(there, names->list[i]) >= 0)
			continue;
		log_error("no %s '%s' in the results; there are: %s", what,
			  printable(names->list[i]), names_list(there, list, sizeof(list)));
		return EXIT_USAGE;
	}
	return 0;
}

int check_base(const char **base, char *const *variants)
{
	const struct names names = { { *base }, 1 };

	if (*base)
		return check_known("variant", &names, variants);
	*base = variants[0];
	return 0;
}

int parse_measures(struct names *metrics, struct measure *measures)
{
	char err[1024];
	size_t i;

	if (!metrics->count) {
		metrics->list[metrics->count++] = "inflate.duration_ns";
		metrics->list[metrics->count++] = "deflate.duration_ns";
	}
	for (i = 0; i < metrics->count; i++) {
		if (!measure_parse(&measures[i], metrics->list[i], err, sizeof(err)))
			continue;
		log_error("%s; balloonstat compare DIR --metric help lists all", err);
		return EXIT_USAGE;
	}
	return 0;
}
