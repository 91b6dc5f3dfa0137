/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/privileges.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void keep(struct __user_cap_data_struct *half, uint32_t kept)
{
	half->permitted &= kept;
	half->effective &= kept;
	half->inheritable &= kept;
}

void privileges_keep(uint64_t capabilities)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	unsigned long i;

	/* Root's programs would get them back by exec(); up to the last that the kernel knows. */
	for (i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if (!(capabilities & CAPABILITY(i)))
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	if (syscall(SYS_capget, &header, data))
		return;
	keep(&data[0], capabilities);
	keep(&data[1], capabilities >> 32);
	/* To have less is always allowed; what was ambient goes with it. */
	syscall(SYS_capset, &header, data);
}
