/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * release-batches COUNT GO DONE ...: once the file GO can be opened ("-": at once), do COUNT times
 * what a balloon does with a batch: fill 256 pages, call madvise(DONTNEED) for each, and fire the
 * probe of QEMU's batches, as one of the queue for inflates. Then create DONE, and wait to be
 * killed; without a DONE ("-"), exit. What follows is ignored: a monitor's arguments.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sdt.h>
#include <unistd.h>

#define BATCH 256
#define PAGE 4096

static int release_batch(char *memory)
{
	const uint64_t bytes = BATCH * PAGE, ns = 1, timed_ns = 0;
	int i;

	for (i = 0; i < BATCH; i++)
		memory[i * PAGE] = 1;
	for (i = 0; i < BATCH; i++)
		if (madvise(memory + i * PAGE, PAGE, MADV_DONTNEED))
			return -1;
	DTRACE_PROBE8(qemu, virtio_balloon_batch_end, memory, 0, BATCH, BATCH, bytes, ns, 0,
		      timed_ns);
	return 0;
}

int main(int argc, char **argv)
{
	char *memory = mmap(NULL, BATCH * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	int count;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc < 4)
		return 2;
	if (memory == MAP_FAILED)
		return 1;
	madvise(memory, BATCH * PAGE, MADV_NOHUGEPAGE);
	while (strcmp(argv[2], "-") && open(argv[2], O_RDONLY | O_CLOEXEC) < 0)
		usleep(1000);
	for (count = atoi(argv[1]); count; count--)
		if (release_batch(memory))
			return 1;
	if (!strcmp(argv[3], "-"))
		return 0;
	close(open(argv[3], O_CREAT | O_WRONLY, 0600));
	pause();
	return 0;
}
