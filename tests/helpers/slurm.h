/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_SLURM_H
#define TESTS_HELPERS_SLURM_H

#include <stdbool.h>

#include "tests/helpers/program.h"

/*
 * A Slurm of the test's own: munged, slurmctld and a slurmd for each of two nodes on this machine,
 * n1 and n2, all below test_dir. They end with the test, however that ends.
 */
#define SLURM_NODES 2

/* Start it, after test_dir_set_up(). need_slurm() skips a test where it is not there, or not up. */
void slurm_start(void);
void slurm_stop(void);
void need_slurm(void);

/* Wait until no job runs. */
void slurm_await_idle(void);

/* A node dies with all that runs on it: the daemon, its steps, scripts and VMs; and comes again. */
void slurm_kill_node(int node);
void slurm_start_node(int node);

/* A command that must succeed, as in expect_shell("copy", run_shell("cp a b")). */
void expect_shell(const char *what, struct outcome outcome);

/*
 * Plans of two kernels by two QEMUs, of so many boots each, in two shards. The second QEMU is that
 * of slurm_register_qemu(), in a cache below test_dir.
 */
#define SLURM_VARIANTS 4
extern const char slurm_run_options[];
void slurm_register_qemu(const char *path);
void slurm_submit(const char *tree, const char *scenario, int boots);

/*
 * The tree of a run in one piece, with a report: one host, so boots are units. On a machine that is
 * overloaded some may be invalid.
 */
void slurm_expect_whole(const char *tree, int boots);

#endif
