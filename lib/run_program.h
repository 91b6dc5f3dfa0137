/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_RUN_PROGRAM_H
#define LIB_RUN_PROGRAM_H

#include <stddef.h>

/*
 * Run a program of $PATH without a shell, for 5 s at most. @text gets the beginning of its standard
 * output; its standard error is dropped. 0, or -errno where it cannot be run.
 */
int program_output(const char *const *argv, char *text, size_t size);

/* Only the first line, without its end; -EIO where there is none. */
int program_first_line(const char *const *argv, char *line, size_t size);

#endif
