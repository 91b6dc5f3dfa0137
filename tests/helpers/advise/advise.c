/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * advise CALLS GO DONE: wait until the file GO exists, then advise the kernel from two
 * threads, CALLS times each:
 *   madvise(DONTNEED) of 4 KiB, madvise(WILLNEED) of 8 KiB, madvise(DONTNEED)
 *   that fails, process_madvise(WILLNEED) of two times 4 KiB and of an address
 *   without memory, fallocate(PUNCH_HOLE) of 16 KiB, process_madvise(COLD) of 4 and 8 KiB
 * then create the file DONE, and wait to be killed, or until the test has ended.
 *
 * advise brief CALLS GO ...: call madvise(COLD), which no monitor does, CALLS times once the file
 * GO exists ("-": at once), and exit. What follows is ignored: a monitor's arguments.
 *
 * advise KIND GO DONE: fill 16 MiB of memory (hugetlb, locked: 4 MiB), create the file DONE.ready,
 * and once GO exists, advise the kernel by the MiB to free all but the first, as KIND says:
 *   private    madvise(DONTNEED)
 *   shared     the same of a memfd that is mapped shared, which frees nothing
 *   punched    fallocate(PUNCH_HOLE) of it
 *   locked     madvise(DONTNEED), which fails
 *   hugetlb    fallocate(PUNCH_HOLE) of a memfd in huge pages of 2 MiB, by the page
 * Exits with 77 if there is no such memory.
 *
 * advise crowd GO DONE: likewise, but one call of madvise(POPULATE_READ), which lasts until
 * CROWD other threads have begun and ended and have called madvise(FREE) once each. Exits with 77
 * if it may not make a call last.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define BYTES (1 << 20)
#define CROWD 20000
#define SKIPPED 77

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
	const struct iovec ranges[] = { { memory, 4096 }, { memory + 8192, 8192 } };
	int fd = memfd_create("advise", 0), self = syscall(SYS_pidfd_open, getpid(), 0), i;

	if (memory == MAP_FAILED || fd < 0 || self < 0 || ftruncate(fd, BYTES))
		exit(1);
	for (i = 0; i < calls; i++)
		if (madvise(memory, 4096, MADV_DONTNEED) || madvise(memory, 8192, MADV_WILLNEED) ||
		    !madvise(memory + 1, 4096, MADV_DONTNEED) || advise_of_ranges(self, memory) ||
		    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 16384) ||
		    syscall(SYS_process_madvise, self, ranges, 2, MADV_COLD, 0) != 4096 + 8192)
			exit(1);
	/* A thread that ends makes the C library advise the kernel about its stack. */
	pthread_barrier_wait(&barrier);
	pause();
	return arg;
}

static void advise_twice(void)
{
	pthread_t thread;
	int i;

	pthread_barrier_init(&barrier, NULL, 3);
	for (i = 0; i < 2; i++)
		if (pthread_create(&thread, NULL, advise, NULL))
			exit(1);
	pthread_barrier_wait(&barrier);
}

/* Returns when the page is there. */
static void *populate(void *page)
{
	if (madvise(page, 4096, MADV_POPULATE_READ))
		exit(1);
	return NULL;
}

static void *advise_once(void *page)
{
	madvise(page, 4096, MADV_FREE);
	return NULL;
}

/* Memory whose page faults last until end_fault(). */
static int begin_fault(void *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .range = { (uintptr_t)page, 4096 },
					 .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range))
		exit(SKIPPED);
	return fd;
}

static void end_fault(int fd, void *page)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)page, 4096 } };
	struct uffd_msg fault;

	/* The fault has happened once there is a message about it. */
	if (read(fd, &fault, sizeof(fault)) != sizeof(fault) || ioctl(fd, UFFDIO_ZEROPAGE, &zero))
		exit(1);
}

static void advise_in_a_crowd(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = begin_fault(page), i;
	pthread_t waits, other;

	pthread_create(&waits, NULL, populate, page);
	for (i = 0; i < CROWD; i++) {
		if (pthread_create(&other, NULL, advise_once, page + 4096))
			exit(1);
		pthread_join(other, NULL);
	}
	end_fault(fd, page);
	pthread_join(waits, NULL);
}

static void await(const char *file)
{
	while (access(file, F_OK))
		usleep(1000);
}

static int advise_briefly(int count, const char *start)
{
	char *memory =
		mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (strcmp(start, "-"))
		await(start);
	for (; count; count--)
		if (madvise(memory, 4096, MADV_COLD))
			return 1;
	return 0;
}

#define MIB (1 << 20)

enum kind { KIND_PRIVATE, KIND_SHARED, KIND_PUNCHED, KIND_LOCKED, KIND_HUGETLB, KINDS };
static const char *const kinds[KINDS] = { "private", "shared", "punched", "locked", "hugetlb" };

static void create(const char *file)
{
	close(open(file, O_CREAT | O_WRONLY, 0600));
}

/* Returns the memory, filled; its file is @fd. */
static char *fill(enum kind kind, size_t bytes, int *fd)
{
	bool file = kind == KIND_SHARED || kind == KIND_PUNCHED || kind == KIND_HUGETLB;
	char *memory;

	*fd = file ? memfd_create("memory", kind == KIND_HUGETLB ? MFD_HUGETLB : 0) : -1;
	if (file && (*fd < 0 || ftruncate(*fd, bytes)))
		exit(SKIPPED);
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, *fd, 0);
	if (memory == MAP_FAILED || (kind == KIND_LOCKED && mlock(memory, bytes)))
		exit(SKIPPED);
	memset(memory, 1, bytes);
	return memory;
}

static int release(enum kind kind, char *memory, size_t at, size_t bytes, int fd)
{
	if (kind == KIND_PUNCHED || kind == KIND_HUGETLB)
		return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, bytes);
	return madvise(memory + at, bytes, MADV_DONTNEED);
}

static void release_memory(enum kind kind, const char *go, const char *done)
{
	size_t bytes = kind < KIND_LOCKED ? 16 * MIB : 4 * MIB;
	size_t step = kind == KIND_HUGETLB ? 2 * MIB : MIB, at;
	char ready[512], *memory;
	int fd;

	memory = fill(kind, bytes, &fd);
	snprintf(ready, sizeof(ready), "%s.ready", done);
	create(ready);
	await(go);
	for (at = step; at < bytes; at += step)
		if (release(kind, memory, at, step, fd) && kind != KIND_LOCKED)
			exit(1);
	create(done);
	pause();
}

int main(int argc, char **argv)
{
	int kind;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc > 3 && !strcmp(argv[1], "brief"))
		return advise_briefly(atoi(argv[2]), argv[3]);
	if (argc != 4)
		return 2;
	for (kind = 0; kind < KINDS; kind++)
		if (!strcmp(argv[1], kinds[kind]))
			release_memory(kind, argv[2], argv[3]);
	calls = atoi(argv[1]);
	await(argv[2]);
	if (strcmp(argv[1], "crowd"))
		advise_twice();
	else
		advise_in_a_crowd();
	create(argv[3]);
	pause();
	return 0;
}
