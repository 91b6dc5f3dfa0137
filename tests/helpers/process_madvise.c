/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/process_madvise.h"

#include "tests/helpers/unit.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void need_process_madvise(void)
{
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	long ret = syscall(SYS_process_madvise, pidfd, NULL, 0, MADV_DONTNEED, 0);

	close(pidfd);
	if (ret)
		skip_test("process_madvise(MADV_DONTNEED) on oneself needs Linux 6.13");
}
