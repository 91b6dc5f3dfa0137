/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_SUBPROJECTS_H
#define BENCH_BUILD_SUBPROJECTS_H

#include <stddef.h>

#include "bench/build/git.h"
#include "bench/build/tree.h"

/*
 * Put into the checkout of a QEMU the subprojects that its commits only name, by a revision in
 * subprojects/NAME.wrap: from where the user has them, or else from the address there. They are
 * kept in trees/ID/subprojects; the revision is part of the tree, so they are, too. 0, or -EINVAL
 * or -EINTR and a message.
 */
int subprojects_provide(const struct git *git, const struct source *source, const char *tree,
			char *err, size_t err_size);

#endif
