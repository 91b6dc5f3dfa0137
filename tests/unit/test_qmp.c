/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/vm/agent.h"
#include "bench/vm/qmp.h"
#include "lib/clock.h"

#define GREETING                                                                                   \
	"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 2, \"minor\": 0, \"major\": 10}, "         \
	"\"package\": \"\"}, \"capabilities\": [\"oob\"]}}\r\n"
#define READY "{\"return\": {}, \"id\": 1}\r\n"

/*
 * The peer's lines are put into the socket beforehand: ids count from 1, so
 * they are known.
 */
static int make_peer(const char *lines, int keep_open)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(write(fds[1], lines, strlen(lines)), strlen(lines));
	if (!keep_open)
		shutdown(fds[1], SHUT_WR);
	/* fds[1] stays open until the test's process ends */
	return fds[0];
}

static int open_with(struct qmp **qmp, const char *lines, int keep_open)
{
	return qmp_open(qmp, make_peer(lines, keep_open), NULL, deadline_in_ms(100));
}

static void greeting_and_version(void **state)
{
	struct qmp *qmp;

	(void)state;
	assert_int_equal(qmp_open(&qmp, make_peer(GREETING READY, 1), NULL, deadline_in_ms(60000)),
			 0);
	assert_string_equal(qmp_version(qmp), "10.0.2");
	qmp_close(qmp);
}

static void bad_beginnings(void **state)
{
	static const struct {
		const char *lines;
		int keep_open;
		int err;
	} bad[] = {
		{ "", 1, -ETIMEDOUT },
		{ "", 0, -ECONNRESET },
		{ "SSH-2.0\n", 1, -EBADMSG },
		{ "{\"hello\": 1}\n", 1, -EPROTO },
		{ GREETING, 0, -ECONNRESET },
		{ GREETING
		  "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": 1}\n",
		  1, -EPROTO },
	};
	struct qmp *qmp;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(open_with(&qmp, bad[i].lines, bad[i].keep_open), bad[i].err);
		assert_true(strlen(qmp_error(qmp)) > 0);
		qmp_close(qmp);
	}
}

static void events_between_are_kept(void **state)
{
	struct qmp *qmp;
	json_t *event;
	uint64_t bytes;

	(void)state;
	assert_int_equal(open_with(&qmp,
				   GREETING
				   "{\"event\": \"RESUME\"}\n" READY
				   "{\"event\": \"BALLOON_CHANGE\", \"data\": {\"actual\": 5}}\n"
				   "{\"return\": {\"actual\": 7}, \"id\": 2}\n"
				   "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true}}\n",
				   1),
			 0);
	assert_int_equal(qmp_balloon_actual(qmp, &bytes, deadline_in_ms(60000)), 0);
	assert_int_equal(bytes, 7);
	assert_int_equal(qmp_wait_event(qmp, "BALLOON_CHANGE", NULL, deadline_in_ms(60000)), 0);
	assert_int_equal(qmp_wait_event(qmp, "SHUTDOWN", &event, deadline_in_ms(60000)), 0);
	assert_true(json_is_true(json_object_get(json_object_get(event, "data"), "guest")));
	json_decref(event);
	assert_int_equal(qmp_wait_event(qmp, "STOP", NULL, deadline_in_ms(50)), -ETIMEDOUT);
	qmp_close(qmp);
}

static void errors_have_qemus_words(void **state)
{
	struct qmp *qmp;

	(void)state;
	assert_int_equal(open_with(&qmp,
				   GREETING READY
				   "{\"error\": {\"class\": \"DeviceNotActive\", \"desc\": "
				   "\"No balloon device\"}, \"id\": 2}\n",
				   1),
			 0);
	assert_int_equal(qmp_balloon_target(qmp, 4096, deadline_in_ms(100)), -EPROTO);
	assert_non_null(strstr(qmp_error(qmp), "No balloon device"));
	assert_non_null(strstr(qmp_error(qmp), "DeviceNotActive"));
	qmp_close(qmp);
}

/* The answer to a command that was given up must not be taken for the next one's. */
static void late_answers_are_skipped(void **state)
{
	struct qmp *qmp;
	uint64_t bytes;
	int fd[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	dprintf(fd[1], GREETING READY);
	assert_int_equal(qmp_open(&qmp, fd[0], NULL, deadline_in_ms(60000)), 0);
	assert_int_equal(qmp_balloon_actual(qmp, &bytes, deadline_in_ms(30)), -ETIMEDOUT);
	dprintf(fd[1], "{\"return\": {\"actual\": 1}, \"id\": 2}\n{\"return\": {\"actual\": 2}, "
		       "\"id\": 3}\n");
	assert_int_equal(qmp_balloon_actual(qmp, &bytes, deadline_in_ms(60000)), 0);
	assert_int_equal(bytes, 2);
	qmp_close(qmp);
	close(fd[1]);
}

static void an_answer_to_nothing(void **state)
{
	struct qmp *qmp;

	(void)state;
	assert_int_equal(open_with(&qmp, GREETING READY "{\"return\": {}, \"id\": 9}\n", 1), 0);
	assert_int_equal(qmp_execute(qmp, "stop", NULL, NULL, deadline_in_ms(100)), -EPROTO);
	qmp_close(qmp);
}

/* A flood costs its oldest events, not our memory. */
static void flood(const char *awaited, int err)
{
	struct qmp *qmp;
	char lines[65536] = "";
	size_t n = 0;
	int fd[2], i;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	dprintf(fd[1], GREETING READY);
	assert_int_equal(qmp_open(&qmp, fd[0], NULL, deadline_in_ms(60000)), 0);
	n += sprintf(lines, "{\"event\": \"FIRST\"}\n");
	for (i = 0; i < 2000; i++)
		n += sprintf(lines + n, "{\"event\": \"NOISE\"}\n");
	n += sprintf(lines + n, "{\"event\": \"LAST\"}\n{\"return\": {}, \"id\": 2}\n");
	/* one write: many small ones would fill the socket, and nobody reads yet */
	assert_int_equal(write(fd[1], lines, n), n);
	assert_int_equal(qmp_execute(qmp, "stop", NULL, NULL, deadline_in_ms(60000)), 0);
	assert_int_equal(qmp_wait_event(qmp, awaited, NULL, deadline_in_ms(50)), err);
	qmp_close(qmp);
	close(fd[1]);
}

static void a_flood_of_events(void **state)
{
	(void)state;
	flood("FIRST", -ETIMEDOUT);
	flood("LAST", 0);
}

static struct agent *open_agent(const char *says)
{
	struct agent *agent;

	assert_int_equal(agent_open(&agent, make_peer(says, 1), NULL), 0);
	return agent;
}

static void expect_refusal(struct agent *agent, const char *cmd, const struct record *record,
			   void *answer, const char *says)
{
	struct guest_request request = guest_request(cmd);

	assert_int_equal(agent_request(agent, &request, record, answer, deadline_in_ms(100)),
			 -EPROTO);
	if (!strstr(agent_error(agent), says))
		fail_msg("'%s' is not in '%s'", says, agent_error(agent));
}

static void guest_refusals(void **state)
{
	struct agent *agent =
		open_agent("{\"id\": 1, \"error\": \"unknown request\"}\n"
			   "{\"id\": 7, \"ok\": true}\n"
			   "{\"event\": \"resize-failed\", \"error\": \"too slow\"}\n");

	(void)state;
	expect_refusal(agent, "dance", NULL, NULL, "'dance': unknown request");
	expect_refusal(agent, "free", NULL, NULL, "no answer to 'free'");
	assert_int_equal(agent_wait_event(agent, "resized", NULL, NULL, deadline_in_ms(100)),
			 -EPROTO);
	assert_non_null(strstr(agent_error(agent),
			       "expected event 'resized', got 'resize-failed': too slow"));
	assert_int_equal(agent_wait_event(agent, "resized", NULL, NULL, deadline_in_ms(30)),
			 -ETIMEDOUT);
	agent_close(agent);
}

/* Answers are decoded at the channel: what is missing, of another type or negative is named. */
static void guest_answers_are_checked(void **state)
{
	struct agent *agent = open_agent("{\"id\": 1, \"ok\": true, \"bytes\": 4096}\n"
					 "{\"id\": 2, \"ok\": true}\n"
					 "{\"id\": 3, \"ok\": true, \"bytes\": \"all\"}\n"
					 "{\"id\": 4, \"ok\": true, \"bytes\": -1}\n");
	struct guest_request request = guest_request("free");
	int64_t bytes = 0;

	(void)state;
	assert_int_equal(agent_request(agent, &request, &answer_bytes, &bytes, deadline_in_ms(100)),
			 0);
	assert_int_equal(bytes, 4096);
	expect_refusal(agent, "free", &answer_bytes, &bytes, "'free': bytes");
	expect_refusal(agent, "free", &answer_bytes, &bytes, "expected an integer");
	expect_refusal(agent, "free", &answer_bytes, &bytes, "bytes is negative");
	agent_close(agent);
}

static void guest_of_another_version(void **state)
{
	struct agent *agent = open_agent("{\"event\": \"hello\", \"protocol\": 99}\n");
	struct event_hello hello;

	(void)state;
	assert_int_equal(agent_hello(agent, &hello, deadline_in_ms(100)), -EPROTO);
	assert_non_null(strstr(agent_error(agent), "99"));
	record_release(&event_hello_record, &hello);
	agent_close(agent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greeting_and_version),
		cmocka_unit_test(bad_beginnings),
		cmocka_unit_test(events_between_are_kept),
		cmocka_unit_test(errors_have_qemus_words),
		cmocka_unit_test(late_answers_are_skipped),
		cmocka_unit_test(an_answer_to_nothing),
		cmocka_unit_test(a_flood_of_events),
		cmocka_unit_test(guest_refusals),
		cmocka_unit_test(guest_answers_are_checked),
		cmocka_unit_test(guest_of_another_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
