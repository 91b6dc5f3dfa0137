/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Target and size of the balloon of vmw_balloon, by its file in debugfs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/guest/guest.h"
#include "lib/clock.h"

#define STATE "/sys/kernel/debug/vmmemctl"
/* The file is below 2 KiB, and what is read of it is at its begin. */
#define STATE_MAX 4096
/* The driver talks to the device for the first time some time after it has made the file. */
#define READY_MS 60000
#define POLL_NS 1000000

static int state_fd = -1;

/* The value of "NAME   : VALUE", which begins in a line; NULL: there is no such line. */
static const char *value_of(const char *state, const char *name)
{
	const char *line = state;

	while (line && (strncmp(line, name, strlen(name)) || !strchr(" :", line[strlen(name)]))) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	line = line ? strchr(line, ':') : NULL;
	return line ? line + 1 + strspn(line + 1, " ") : NULL;
}

/* All of it at once: a file of seq_file is made anew when it is read from its begin. */
static bool read_state(char state[STATE_MAX])
{
	ssize_t n = pread(state_fd, state, STATE_MAX - 1, 0);

	state[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static bool is_ready(void)
{
	char state[STATE_MAX];
	const char *resetting = read_state(state) ? value_of(state, "is resetting") : NULL;

	return resetting && *resetting == 'n';
}

int vmware_open(void)
{
	uint64_t deadline = deadline_in_ms(READY_MS);

	state_fd = open(STATE, O_RDONLY | O_CLOEXEC);
	if (state_fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	while (!is_ready()) {
		if (clock_ns() > deadline)
			return -ETIMEDOUT;
		sleep_ns(POLL_NS);
	}
	return 0;
}

uint32_t vmware_read(enum device_pages what)
{
	char state[STATE_MAX];
	const char *value =
		read_state(state) ? value_of(state, what == TARGET ? "target" : "current") : NULL;

	return value ? strtoul(value, NULL, 10) : 0;
}
