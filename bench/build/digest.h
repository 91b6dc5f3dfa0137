/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_DIGEST_H
#define BENCH_BUILD_DIGEST_H

#define DIGEST_LENGTH 64
#define KEY_LENGTH 16

/* SHA-256 in hex digits, of a text and of a file. The file: 0 or -errno. */
void digest_text(const char *text, char digest[DIGEST_LENGTH + 1]);
int digest_file(const char *path, char digest[DIGEST_LENGTH + 1]);

/* The first digits of a text's digest: a name in the cache. */
void digest_key(const char *text, char key[KEY_LENGTH + 1]);

#endif
