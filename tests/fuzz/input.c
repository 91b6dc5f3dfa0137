/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/input.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/directory.h"
#include "tests/helpers/files.h"

static int files[FUZZ_FILES];
static int peers[FUZZ_FILES];

/* A failure of the machine, not of the input. */
static __attribute__((noreturn)) void give_up(const char *what)
{
	perror(what);
	exit(1);
}

static size_t until(const uint8_t *data, size_t size, uint8_t end)
{
	const uint8_t *at = size ? memchr(data, end, size) : NULL;

	return at ? (size_t)(at - data) : size;
}

void fuzz_parts(const uint8_t *data, size_t size, struct fuzz_part *parts, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		/* Never NULL, not even for an empty part. */
		parts[i].data = size ? data : (const uint8_t *)"";
		/* The last part takes the rest. */
		parts[i].size = i + 1 < count ? until(data, size, FUZZ_PART) : size;
		if (parts[i].size == size) {
			size = 0;
		} else {
			data += parts[i].size + 1;
			size -= parts[i].size + 1;
		}
	}
}

static const char *path_of(unsigned int slot)
{
	static char path[64];

	if (!files[slot])
		files[slot] = memfd_create("input", 0);
	if (files[slot] < 0)
		give_up("memfd_create");
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), files[slot]);
	return path;
}

const char *fuzz_file(unsigned int slot, const uint8_t *data, size_t size)
{
	const char *path = path_of(slot);

	if (ftruncate(files[slot], 0) || pwrite(files[slot], data, size, 0) != (ssize_t)size)
		give_up("input");
	return path;
}

int fuzz_socket(unsigned int slot, const uint8_t *data, size_t size)
{
	size_t n;
	int fds[2];

	/* A read returns one packet, as it returns the available bytes of a stream. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		give_up("socketpair");
	if (peers[slot])
		close(peers[slot]);
	peers[slot] = fds[1];
	while (size) {
		n = until(data, size, FUZZ_PIECE);
		/* No empty packet: that would be the end of the stream. */
		if (n && send(fds[1], data, n, MSG_DONTWAIT) < 0)
			break;
		n += n < size;
		data += n;
		size -= n;
	}
	shutdown(fds[1], SHUT_WR);
	return fds[0];
}

static char directory[PATH_MAX];

static void remove_directory(void)
{
	remove_tree(directory);
}

const char *fuzz_directory(void)
{
	if (*directory)
		return directory;
	if (private_directory(directory, sizeof(directory), "fuzz"))
		give_up(directory);
	atexit(remove_directory);
	return directory;
}

void fuzz_link(const char *name, unsigned int slot)
{
	char path[PATH_MAX + 256], parent[sizeof(path)];

	snprintf(path, sizeof(path), "%s/%s", fuzz_directory(), name);
	strcpy(parent, path);
	make_directories(dirname(parent));
	if (symlink(path_of(slot), path))
		give_up(path);
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		give_up("input");
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}
