/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/initramfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "lib/alloc.h"

#define BUFFER (1U << 16)

/* Of a file, which a build may replace. */
struct identity {
	ino_t inode;
	off_t size;
	struct timespec time;
};

struct joined {
	struct identity initramfs, modules;
	int fd;
};
static struct joined *joined;
static size_t joined_count;

static int write_all(int fd, const char *data, size_t size)
{
	ssize_t n;

	for (; size; data += n, size -= n) {
		n = write(fd, data, size);
		if (n < 0 && errno != EINTR)
			return -errno;
		n = n < 0 ? 0 : n;
	}
	return 0;
}

int initramfs_create(void)
{
	int fd = memfd_create("initramfs", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	return fd < 0 ? -errno : fd;
}

/* Padded to the four bytes that an archive begins at. */
int initramfs_append(int to, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = fd < 0 ? -errno : 0;
	char buffer[BUFFER];
	size_t total = 0;
	ssize_t n = 1;

	while (!err && n) {
		n = read(fd, buffer, sizeof(buffer));
		if (n < 0 && errno != EINTR)
			err = -errno;
		if (n > 0)
			err = write_all(to, buffer, n);
		total += n > 0 ? n : 0;
	}
	if (fd >= 0)
		close(fd);
	return err ? err : write_all(to, "\0\0\0", -total & 3);
}

int initramfs_seal(int fd)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

	return fcntl(fd, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

static int join(const char *initramfs, const char *modules)
{
	int fd = initramfs_create(), err = fd < 0 ? fd : 0;

	if (!err)
		err = initramfs_append(fd, initramfs);
	if (!err)
		err = initramfs_append(fd, modules);
	if (!err)
		err = initramfs_seal(fd);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

static bool is_same(const struct identity *a, const struct stat *st)
{
	return a->inode == st->st_ino && a->size == st->st_size &&
	       a->time.tv_sec == st->st_mtim.tv_sec && a->time.tv_nsec == st->st_mtim.tv_nsec;
}

static struct identity identity_of(const struct stat *st)
{
	return (struct identity){ .inode = st->st_ino, .size = st->st_size, .time = st->st_mtim };
}

int initramfs_open(const char *initramfs, const char *modules)
{
	struct stat first, second;
	struct joined *j;
	int fd;

	if (stat(initramfs, &first) < 0 || stat(modules, &second) < 0)
		return -errno;
	for (j = joined; j < joined + joined_count; j++)
		if (is_same(&j->initramfs, &first) && is_same(&j->modules, &second))
			goto out;
	fd = join(initramfs, modules);
	if (fd < 0)
		return fd;
	joined = xreallocarray(joined, joined_count + 1, sizeof(*joined));
	j = &joined[joined_count++];
	*j = (struct joined){ .initramfs = identity_of(&first),
			      .modules = identity_of(&second),
			      .fd = fd };
out:
	fd = fcntl(j->fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}
