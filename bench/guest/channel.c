/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/guest/channel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/guest/protocol.h"

#define PORTS "/sys/class/virtio-ports"

static FILE *from_host;
static int to_host = -1;

static int port_has_name(const char *port)
{
	char path[PATH_MAX], name[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), PORTS "/%s/name", port);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (!fgets(name, sizeof(name), f))
		name[0] = '\0';
	fclose(f);
	name[strcspn(name, "\n")] = '\0';
	return !strcmp(name, GUEST_PORT_NAME);
}

static int find_port(char path[PATH_MAX])
{
	struct dirent *entry;
	int err = -ENODEV;
	DIR *ports;

	ports = opendir(PORTS);
	if (!ports)
		return -errno;
	while (err && (entry = readdir(ports))) {
		if (entry->d_name[0] == '.' || !port_has_name(entry->d_name))
			continue;
		snprintf(path, PATH_MAX, "/dev/%s", entry->d_name);
		err = 0;
	}
	closedir(ports);
	return err;
}

int channel_take(int fd)
{
	if (from_host) {
		fclose(from_host);
		close(to_host);
	}
	to_host = fd;
	from_host = fdopen(dup(fd), "re");
	return from_host ? 0 : -errno;
}

int channel_open(void)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	char path[PATH_MAX];
	int err = -ENODEV, tries, fd;

	/* The port is announced by a control message, after the driver's probe. */
	for (tries = 0; err && tries < 2000; tries++) {
		err = find_port(path);
		if (err)
			nanosleep(&ms, NULL);
	}
	if (err)
		return err;
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : channel_take(fd);
}

int channel_send(json_t *msg)
{
	char *text = json_dumps(msg, JSON_COMPACT), *at;
	size_t left;
	ssize_t n = 0;

	json_decref(msg);
	if (!text)
		return -ENOMEM;
	left = strlen(text);
	text[left++] = '\n'; /* where the terminator stood */
	for (at = text; left; at += n, left -= n) {
		n = write(to_host, at, left);
		if (n < 0)
			break;
	}
	free(text);
	return n < 0 ? -errno : 0;
}

json_t *channel_receive(void)
{
	char *line = NULL;
	json_t *msg = NULL;
	size_t size = 0;

	if (getline(&line, &size, from_host) > 0)
		msg = json_loads(line, 0, NULL);
	free(line);
	if (msg && !json_is_object(msg)) {
		json_decref(msg);
		msg = NULL;
	}
	return msg;
}
