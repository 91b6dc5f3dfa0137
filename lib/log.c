/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/utf8.h"

static const char *log_program = "balloonbench";
static enum log_level log_threshold = LOG_INFO;

void log_setup(const char *program, enum log_level level)
{
	log_program = program;
	log_threshold = level;
}

void log_at(enum log_level level, const char *fmt, ...)
{
	static const char *const prefix[] = { "error: ", "warning: ", "", "debug: " };
	char line[2048];
	va_list ap;

	if (level > log_threshold)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* Messages quote names from result trees, which may hold terminal escape sequences. */
	utf8_disarm(line);
	/* One call: lines of several processes must not mix. */
	fprintf(stderr, "%s: %s%s\n", log_program, prefix[level], line);
}

int refuse(char *err, size_t err_size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err, err_size, format, ap);
	va_end(ap);
	return -EINVAL;
}
