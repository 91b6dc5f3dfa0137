/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_DENY_H
#define TESTS_HELPERS_DENY_H

#include <stdbool.h>
#include <stdint.h>

/* A system call that fails if an argument has a value (or, unless: another). */
struct denied {
	int call;
	int error;
	int arg;
	uint32_t value;
	bool unless;
};

/* Let the call fail in this process and its children, for as long as they run. */
void deny(const struct denied *denied);

#endif
