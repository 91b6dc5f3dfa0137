/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_TINY_H
#define TESTS_HELPERS_TINY_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "tests/helpers/program.h"

/*
 * Runs of a small scenario with tests/helpers/fake-qemu; deadlines ("1 s") as the
 * test can bear them.
 */
#define TINY_WITHIN(boot, resize)                                                                  \
	"[guest]\nmemory = 256 MiB\n[balloon]\ninflate = 64 MiB\n"                                 \
	"[run]\ncycles = 1\nboot_timeout = " boot "\nresize_timeout = " resize "\n"

/* The path of the scenario, tiny.ini in test_dir. */
extern char tiny[256];

/* Fixture of a group: test_dir_set_up(), the scenario, and a fake QEMU without a fault. */
int tiny_set_up(void **state, const char *text);

/*
 * balloonbench run of the scenario, with the variant finalize, under TCG, into a tree
 * below test_dir, and up to 19 words more: run to the end, or started.
 */
#define tiny_run(tree, ...) tiny_run_with(tree, (const char *const[]){ __VA_ARGS__, NULL })
#define tiny_start(tree, ...) tiny_start_with(tree, (const char *const[]){ __VA_ARGS__, NULL })
struct outcome tiny_run_with(const char *tree, const char *const *more);
pid_t tiny_start_with(const char *tree, const char *const *more);

/* balloonbench run --resume of a tree below test_dir: run to the end, or started. */
struct outcome tiny_resume(const char *tree);
pid_t tiny_start_resume(const char *tree);

/*
 * Let images.ini say another line of a cut, as "build_id = 00", and no build ID besides; use the
 * real ones again, as a fixture.
 */
void tiny_change_cut(const char *cut, const char *line);
int tiny_restore_cuts(void **state);

/* Path of a file of a boot, valid until the fourth call after; its result, a new reference. */
const char *tiny_file(const char *tree, int boot, const char *name);
json_t *tiny_result(const char *tree, int boot);

/* Number of boots in a tree that have a result. */
size_t tiny_finished(const char *tree);

/* Whether the journal of a tree contains @text, and how many lines it has. */
bool tiny_journal_has(const char *tree, const char *text);
int tiny_journal_lines(const char *tree);

#endif
