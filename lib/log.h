/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_LOG_H
#define LIB_LOG_H

/*
 * Messages for people, on stderr, a line each, with the program's name before
 * them. Results go to stdout and never through here.
 */
enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

/**
 * log_setup() - name the program and choose what is said
 * @program: what stands before every message; not copied
 * @level: the least important level that is still printed
 */
void log_setup(const char *program, enum log_level level);

void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

#endif
