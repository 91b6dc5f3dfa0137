/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The series file of a quilt directory, and subjects that name cuts.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "bench/build/quilt.h"
#include "bench/build/slug.h"
#include "tests/fuzz/input.h"

static void check_line(const struct quilt_line *line)
{
	FUZZ_HOLDS(*line->name && *line->name != '/');
	FUZZ_HOLDS(!line->is_cut || strlen(line->name) < CUT_NAME_SIZE);
	FUZZ_HOLDS(strncmp(line->name, "../", 3) && !strstr(line->name, "/../"));
}

static void check_slug(const char *subject)
{
	char name[CUT_NAME_SIZE];
	size_t i;

	cut_slug(NULL, 1, 1, subject, name);
	FUZZ_HOLDS(strlen(name) >= 2 && name[strlen(name) - 1] != '-');
	for (i = 0; name[i]; i++)
		FUZZ_HOLDS(islower((unsigned char)name[i]) || isdigit((unsigned char)name[i]) ||
			   name[i] == '-');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), err[1024] = "";
	struct quilt series;
	size_t i;

	if (quilt_parse(&series, "series", text, err, sizeof(err)))
		FUZZ_HOLDS(*err);
	else
		for (i = 0; i < series.count; i++)
			check_line(&series.lines[i]);
	quilt_release(&series);
	check_slug(text);
	free(text);
	return 0;
}
