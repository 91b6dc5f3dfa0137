/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_OWNERS_H
#define GUEST_OWNERS_H

#include <jansson.h>
#include <stdint.h>

/**
 * owners_count() - pages that are allocated, by who allocated them
 * @words: strings; a page counts whose allocation has a function in its stack
 *	whose name contains one of them
 * @pages: how many
 *
 * By the kernel's page_owner, which must have been switched on at boot.
 *
 * Return: 0 or -errno.
 */
int owners_count(const json_t *words, uint64_t *pages);

#endif
