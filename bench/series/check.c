/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/series/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/build/build.h"
#include "bench/config/images.h"
#include "bench/config/scenario.h"
#include "bench/run/run.h"
#include "lib/alloc.h"
#include "lib/directory.h"

int check_scenarios(const struct names *scenarios)
{
	struct scenario scenario;
	char err[1024];
	size_t i;

	for (i = 0; i < scenarios->count; i++) {
		if (scenario_load(&scenario, scenarios->list[i], path_scenarios(), err,
				  sizeof(err)))
			return fails(EXIT_USAGE, "%s", err);
		scenario_release(&scenario);
	}
	return 0;
}

int check_images(void)
{
	struct images images;
	char err[1024];
	int status = images_load(&images, path_images(), err, sizeof(err));

	if (status == -ENOENT) {
		status = build_no_kernels();
		if (status)
			return status;
		status = images_load(&images, path_images(), err, sizeof(err));
	}
	if (!status) {
		status = images_check(&images, err, sizeof(err));
		images_release(&images);
	}
	return status ? fails(EXIT_ENVIRONMENT, "%s", err) : 0;
}

int check_output(const char *dir, const char *sign, bool *begun)
{
	char *file = xasprintf("%s/%s", dir, sign);
	int empty = directory_is_empty(AT_FDCWD, dir);

	*begun = !access(file, F_OK);
	free(file);
	if (*begun || empty == 1 || empty == -ENOENT)
		return 0;
	if (empty < 0)
		return results_fail(empty, "write into", dir);
	return fails(EXIT_USAGE,
		     "-o %s: expected a new or empty directory, or one that this command has "
		     "begun; choose another",
		     dir);
}
