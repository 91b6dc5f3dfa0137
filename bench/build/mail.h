/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_MAIL_H
#define BENCH_BUILD_MAIL_H

#include "bench/build/patch_list.h"

/* Mails with patches, taken apart by the tools of `git am`. */

/*
 * Whether a text begins as a mail or a mailbox: header lines up to an empty one, among them From:
 * or Subject:, after an optional "From " line.
 */
bool is_mail(const char *text);

/*
 * Split a mailbox @file, which begins with @head, into files "00001" and so on in @directory, which
 * is created; their number goes to *@count. 0, or -EINVAL or -EINTR and a message.
 */
int mail_split(const char *file, const char *head, const char *directory, size_t *count, char *err,
	       size_t err_size);

/*
 * Take the mail in a file apart: write its diff and its text to files beside it and fill in the
 * patch. 0, or -EINVAL or -EINTR and a message.
 */
int mail_read(struct patch *patch, const char *file, char *err, size_t err_size);

#endif
