/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_ALLOC_H
#define LIB_ALLOC_H

#include <stddef.h>
#include <stdio.h>

/* Memory for what is small, zeroed by xcalloc(): without it the program aborts. */
void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *old, size_t count, size_t size);

/* NULL of NULL. */
char *xstrdup(const char *text);

char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* open_memstream() */
FILE *xmemstream(char **text, size_t *size);

#endif
