/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stddef.h>

/* Messages on stderr: one line each, "program: level: message". Results go to stdout. */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* @program begins each message and is not copied; messages above @level are dropped. */
void log_setup(const char *program, enum log_level level);

void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

/* Format an error message for the caller. Returns -EINVAL. */
int refuse(char *err, size_t err_size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
