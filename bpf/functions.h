/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_FUNCTIONS_H
#define BPF_FUNCTIONS_H

#include <stdbool.h>

/*
 * Which functions of the running kernel and of the balloon driver's module can
 * be observed. What is read is kept until functions_forget().
 */

/* Has BTF of its own, as fentry and fexit need it. */
bool functions_in_btf(const char *function);

/* Has a symbol, as kprobes need it. False as well where kallsyms hides the addresses. */
bool functions_in_kallsyms(const char *function);

void functions_forget(void);

#endif
