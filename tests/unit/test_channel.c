/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's end of the channel, where the port's driver has no memory for a write, or for part.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <sys/socket.h>

#include "bench/guest/guest.h"

static int refused, accepted;
static size_t most;

/* In place of libc's: the first calls fail, and the others write a part. */
ssize_t write(int fd, const void *data, size_t size)
{
	if (refused) {
		refused--;
		errno = refused % 2 ? ENOMEM : EINTR;
		return -1;
	}
	accepted++;
	return send(fd, data, size < most ? size : most, MSG_NOSIGNAL);
}

/* Of the agent's other files. */
int procfs_find(const char *pattern, const char *line, char dir[])
{
	(void)pattern;
	(void)line;
	(void)dir;
	return -ENODEV;
}

static void a_message_is_not_lost(void **state)
{
	static const char expected[] = "{\"id\":7,\"ok\":true}\n";
	char text[64] = "";
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(channel_take(fds[0]), 0);
	refused = 4;
	most = 6;
	channel_answer(7, NULL, NULL, NULL);
	assert_at_least(accepted, 2);
	assert_int_equal(recv(fds[1], text, sizeof(text) - 1, 0), strlen(expected));
	assert_string_equal(text, expected);
	close(fds[1]);
}

/* A host that is gone ends the message, not the agent. */
static void a_host_that_is_gone(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(channel_take(fds[0]), 0);
	close(fds[1]);
	most = 64;
	channel_answer(8, NULL, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_not_lost),
		cmocka_unit_test(a_host_that_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
