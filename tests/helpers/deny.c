/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/deny.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#define ARG_LOW(n) (offsetof(struct seccomp_data, args) + 8 * (n))

void deny(const struct denied *d)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, d->call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG_LOW(d->arg)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, d->value, d->unless, !d->unless),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | d->error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror("seccomp");
		_exit(127);
	}
}
