/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * advise CALLS GO DONE: wait until the file GO exists, then advise the kernel from two
 * threads, CALLS times each:
 *   madvise(DONTNEED) of 4 KiB, madvise(WILLNEED) of 8 KiB, madvise(DONTNEED)
 *   that fails, process_madvise(WILLNEED) of two times 4 KiB and of an address
 *   without memory, fallocate(PUNCH_HOLE) of 16 KiB
 * then create the file DONE, and wait to be killed, or until the test has ended.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define BYTES (1 << 20)

static int calls;
static pthread_barrier_t barrier;

/* The kernel stops at the third range, and says how many bytes came before it. */
static int advise_of_ranges(int pidfd, char *memory)
{
	struct iovec ranges[] = { { memory, 4096 }, { memory + 8192, 4096 }, { NULL, 4096 } };

	return syscall(SYS_process_madvise, pidfd, ranges, 3, MADV_WILLNEED, 0) != 8192;
}

static void *advise(void *arg)
{
	char *memory =
		mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = memfd_create("advise", 0), pidfd = syscall(SYS_pidfd_open, getpid(), 0), i;

	if (memory == MAP_FAILED || fd < 0 || ftruncate(fd, BYTES))
		exit(1);
	for (i = 0; i < calls; i++)
		if (madvise(memory, 4096, MADV_DONTNEED) || madvise(memory, 8192, MADV_WILLNEED) ||
		    !madvise(memory + 1, 4096, MADV_DONTNEED) || advise_of_ranges(pidfd, memory) ||
		    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 16384))
			exit(1);
	/* A thread that ends makes the C library advise the kernel about its stack. */
	pthread_barrier_wait(&barrier);
	pause();
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int i;

	if (argc != 4)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	calls = atoi(argv[1]);
	while (access(argv[2], F_OK))
		usleep(1000);
	pthread_barrier_init(&barrier, NULL, 3);
	for (i = 0; i < 2; i++)
		if (pthread_create(&thread, NULL, advise, NULL))
			return 1;
	pthread_barrier_wait(&barrier);
	close(open(argv[3], O_CREAT | O_WRONLY, 0600));
	pause();
	return 0;
}
