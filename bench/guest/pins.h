/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_PINS_H
#define GUEST_PINS_H

#include <stddef.h>

/*
 * Pages that stay where they are. A page of this process's that vmsplice() has
 * put into a pipe has a reference that nothing maps: compaction looks at such a
 * page and leaves it alone, as it does with those of a DMA buffer.
 */

/**
 * pins_prepare() - make room to pin
 * @pages: at most so many; what is needed for it is allocated now, so that the
 *	pinning itself allocates nothing
 *
 * Return: 0, -EBUSY (there are pins) or another -errno.
 */
int pins_prepare(size_t pages);

/*
 * Pin the page at @page, which is there, in addition to what maps it. It takes
 * effect with the next pins_flush() at the latest. 0 or -errno.
 */
int pins_add(void *page);
int pins_flush(void);

/* Let all go. */
void pins_release(void);

#endif
