/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * With LD_PRELOAD: a kernel that stops in the middle of a process_madvise(), as it does at a range
 * that it cannot advise of. Half of the ranges are advised of, and their bytes returned.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/syscall.h>

#define ARGS 6

long syscall(long number, ...)
{
	static long (*next)(long number, ...);
	long arg[ARGS];
	va_list list;
	int i;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "syscall");
	va_start(list, number);
	for (i = 0; i < ARGS; i++)
		arg[i] = va_arg(list, long);
	va_end(list);
	/* Its third argument is the number of ranges. */
	if (number == SYS_process_madvise)
		arg[2] -= arg[2] / 2;
	return next ? next(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]) : -1;
}
