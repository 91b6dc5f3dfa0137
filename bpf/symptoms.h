/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_SYMPTOMS_H
#define BPF_SYMPTOMS_H

#include "lib/options.h"

/*
 * The worked examples of balloontrace(1). What they show was printed here, by
 * tests/box/test_box_examples, with EXAMPLES=DIR; lines are left out.
 */
extern const struct worked_example symptoms[];

#endif
