/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_PATHS_H
#define BENCH_CONFIG_PATHS_H

/*
 * The files that balloonbench reads, found as lib/data_path.h says; images.ini,
 * which the build writes, may be missing in $BALLOONBENCH_DATA and is then
 * looked for beside the program first. Valid until the program ends.
 */
const char *path_scenarios(void);
const char *path_variants(void);
const char *path_suites(void);
const char *path_images(void);

#endif
