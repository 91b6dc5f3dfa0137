/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_TINY_H
#define TESTS_HELPERS_TINY_H

/*
 * The scenario of tests that run tests/helpers/fake-qemu many times: deadlines as the test
 * can bear them, "1 s".
 */
#define TINY_WITHIN(boot, move)                                                                    \
	"[guest]\nmemory = 256 MiB\n[balloon]\ninflate = 64 MiB\n"                                 \
	"[run]\ncycles = 1\nboot_timeout = " boot "\nmove_timeout = " move "\n"

/* Where tiny_set_up() has put it. */
extern char tiny[256];

/* Of a group: test_dir_set_up(), the scenario, and a fake QEMU that is good. */
int tiny_set_up(void **state, const char *text);

#endif
