/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * use-memory MIB CPU_MS HOLD_MS [CHILDREN [STATUS]]: write to that much memory, fork children that
 * keep it, too, use CPU time, keep the memory for a while, and exit with a status.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB (1UL << 20)

static long cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static long argument(int argc, char **argv, int i)
{
	return argc > i ? atol(argv[i]) : 0;
}

int main(int argc, char **argv)
{
	const size_t bytes = argument(argc, argv, 1) * MIB;
	const long burn_ms = argument(argc, argv, 2), hold_ms = argument(argc, argv, 3);
	long children = argument(argc, argv, 4);
	char *map = mmap(NULL, bytes ? bytes : MIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return 2;
	memset(map, 1, bytes);
	for (; children > 0; children--)
		if (!fork()) {
			usleep(hold_ms * 1000);
			_exit(0);
		}
	while (cpu_ms() < burn_ms)
		;
	usleep(hold_ms * 1000);
	while (wait(NULL) > 0)
		;
	return argument(argc, argv, 5);
}
