/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_BUDDY_H
#define GUEST_BUDDY_H

#include <jansson.h>

/**
 * buddy_free() - free memory by the size of its blocks
 *
 * Sums over all zones: /proc/buddyinfo as "free_pages", in pages and by order,
 * and /proc/pagetypeinfo as "by_type", the same for each migrate type. What
 * rests on per-CPU lists is in neither; the kernel shows no more than 100000
 * blocks of a type and order.
 *
 * Return: a new reference; NULL where /proc/buddyinfo cannot be read. Without
 * /proc/pagetypeinfo there is no "by_type".
 */
json_t *buddy_free(void);

#endif
