/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/vm/interrupt.h"
#include "bench/vm/jsonl.h"
#include "lib/clock.h"

/* Our end is wrapped in the stream, the test plays the other. */
static int peer;
static struct jsonl stream;

static int set_up(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	peer = fds[1];
	return jsonl_open(&stream, fds[0], "test", NULL);
}

static int tear_down(void **state)
{
	(void)state;
	jsonl_close(&stream);
	if (peer >= 0)
		close(peer);
	return 0;
}

static void put(const char *text, size_t len)
{
	assert_int_equal(write(peer, text, len), len);
}

static void expect(const char *key, int value)
{
	json_t *msg = NULL;

	assert_int_equal(jsonl_receive(&stream, &msg, deadline_in_ms(1000)), 0);
	assert_int_equal(json_integer_value(json_object_get(msg, key)), value);
	json_decref(msg);
}

static void expect_error(int err)
{
	json_t *msg = NULL;

	assert_int_equal(jsonl_receive(&stream, &msg, deadline_in_ms(50)), err);
	assert_null(msg);
	assert_true(strlen(stream.error) > 0);
}

static void split_at_every_byte(void **state)
{
	static const char text[] = "{\"a\": 1}\r\n{\"b\": [2, {\"c\": \"\\n\"}], \"d\": 3}\n";
	size_t at, len = strlen(text);

	(void)state;
	for (at = 1; at < len; at++) {
		put(text, at);
		put(text + at, len - at);
		expect("a", 1);
		expect("d", 3);
	}
}

static void half_a_line_is_kept_over_a_timeout(void **state)
{
	(void)state;
	put("{\"a\"", 4);
	expect_error(-ETIMEDOUT);
	put(": 1}\n", 5);
	expect("a", 1);
}

static void garbage_is_shown(void **state)
{
	(void)state;
	put("no json\n", 8);
	expect_error(-EBADMSG);
	assert_non_null(strstr(stream.error, "no json"));
}

static void an_array_is_no_object(void **state)
{
	(void)state;
	put("[1]\n", 4);
	expect_error(-EBADMSG);
}

static void end_of_stream(void **state)
{
	(void)state;
	put("{\"a\": 1}\n{\"b\"", 13);
	close(peer);
	peer = -1;
	expect("a", 1);
	expect_error(-ECONNRESET);
}

static void sending_to_nobody(void **state)
{
	json_t *msg = json_pack("{s:i}", "a", 1);

	(void)state;
	close(peer);
	peer = -1;
	assert_int_equal(jsonl_send(&stream, msg, deadline_in_ms(100)), -ECONNRESET);
	json_decref(msg);
}

static void an_endless_line(void **state)
{
	char *chunk = malloc(1 << 16);
	size_t sent = 0;
	json_t *msg;
	pid_t pid;

	(void)state;
	memset(chunk, 'x', 1 << 16);
	pid = fork();
	if (!pid) {
		while (sent < 4 * JSONL_LINE_MAX && write(peer, chunk, 1 << 16) > 0)
			sent += 1 << 16;
		_exit(0);
	}
	assert_int_equal(jsonl_receive(&stream, &msg, deadline_in_ms(20000)), -EMSGSIZE);
	kill(pid, SIGKILL);
	free(chunk);
}

/* A peer that does not read: the send gives up, it does not hang. */
static void sending_to_a_deaf_peer(void **state)
{
	char *big = malloc(8 << 20);
	json_t *msg;

	(void)state;
	memset(big, 'x', (8 << 20) - 1);
	big[(8 << 20) - 1] = '\0';
	msg = json_pack("{s:s}", "a", big);
	assert_int_equal(jsonl_send(&stream, msg, deadline_in_ms(100)), -ETIMEDOUT);
	json_decref(msg);
	free(big);
}

/* Last: the signal stays pending for the rest of the process. */
static void the_user_interrupts(void **state)
{
	(void)state;
	assert_int_equal(interrupt_setup(), 0);
	assert_false(interrupted());
	raise(SIGINT);
	assert_true(interrupted());
	expect_error(-EINTR);
	assert_true(interrupted());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Write from a process of its own: the socket's buffer is smaller. */
static void put_repeated(const char *begin, const char *item, size_t count, const char *end)
{
	size_t length = strlen(item), used = strlen(begin), i;
	char *text = malloc(used + count * length + strlen(end) + 1), *at = text;
	ssize_t n;

	if (fork()) {
		free(text);
		return;
	}
	/* So that it ends with the test. */
	close(stream.fd);
	at = stpcpy(at, begin);
	for (i = 0; i < count; i++)
		at = stpcpy(at, item);
	used = stpcpy(at, end) - text;
	for (at = text; used; at += n, used -= n) {
		n = write(peer, at, used);
		if (n <= 0)
			break;
	}
	_exit(0);
}

static void expect_within(int err)
{
	json_t *msg = NULL;

	assert_int_equal(jsonl_receive(&stream, &msg, deadline_in_ms(20000)), err);
	json_decref(msg);
}

/* Three bytes of text are 130 of memory. */
static void small_arrays_are_counted(void **state)
{
	(void)state;
	put_repeated("{\"a\":[", "[],", 2000000, "[]]}\n");
	expect_within(-EMSGSIZE);
	assert_contains(stream.error, "arrays and objects");
}

static void numbers_are_counted(void **state)
{
	(void)state;
	put_repeated("{\"a\":[", "0,", 3000000, "0]}\n");
	expect_within(-EMSGSIZE);
	assert_contains(stream.error, "values");
}

/* As many batches as the agent sends at most. */
static void large_messages_are_received(void **state)
{
	(void)state;
	put_repeated("{\"a\":[", "123456,0,0,7,1,0,256,256,", 50000, "0]}\n");
	expect_within(0);
}

/* Brackets and commas in a text are neither. */
static void texts_are_not_counted(void **state)
{
	(void)state;
	put_repeated("{\"a\":\"\\\\\\\"", "[,{", 1000000, "\"}\n");
	expect_within(0);
}

static void the_sum_of_all_lines_is_bounded(void **state)
{
	int lines, err = 0;
	json_t *msg;

	(void)state;
	for (lines = 0; !err && lines < 100; lines++) {
		put_repeated("{\"a\":\"", "0123456789abcdef", 500000, "\"}\n");
		msg = NULL;
		err = jsonl_receive(&stream, &msg, deadline_in_ms(20000));
		json_decref(msg);
	}
	assert_int_equal(err, -EMSGSIZE);
	assert_above(lines, 30);
	assert_contains(stream.error, "in all");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(split_at_every_byte),
		TEST(half_a_line_is_kept_over_a_timeout),
		TEST(garbage_is_shown),
		TEST(an_array_is_no_object),
		TEST(end_of_stream),
		TEST(sending_to_nobody),
		TEST(an_endless_line),
		TEST(sending_to_a_deaf_peer),
		TEST(small_arrays_are_counted),
		TEST(numbers_are_counted),
		TEST(large_messages_are_received),
		TEST(texts_are_not_counted),
		TEST(the_sum_of_all_lines_is_bounded),
		TEST(the_user_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
