/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a QEMU says of its balloon, by sockets that answer as QEMU does, and by others. */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/balloon_view.h"
#include "tests/helpers/files.h"

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
#define EVENT "{\"event\": \"BALLOON_CHANGE\", \"data\": {\"actual\": 1}}\r\n"
#define RETURN(value) "{\"return\": " value "}\r\n"
#define ERROR "{\"error\": {\"class\": \"DeviceNotActive\", \"desc\": \"No balloon\"}}\r\n"

/* The answers to what is asked, the first without being asked. */
typedef const char *const answers[8];

static void serve(int listener, answers says)
{
	char question[1024];
	int fd = accept(listener, NULL, NULL), i;

	for (i = 0; says[i]; i++) {
		if (i && read(fd, question, sizeof(question)) <= 0)
			_exit(1);
		if (write(fd, says[i], strlen(says[i])) < 0)
			_exit(1);
	}
	/* Until the other side is content, or has lost patience. */
	while (read(fd, question, sizeof(question)) > 0)
		;
	_exit(0);
}

static pid_t server;

static const char *start(answers says)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = in_test_dir("qmp");
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(path);
	strcpy(address.sun_path, path);
	server = fork();
	if (!server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
		    listen(listener, 1))
			_exit(1);
		serve(listener, says);
	}
	close(listener);
	AWAIT(!access(path, F_OK));
	usleep(10000);
	return path;
}

static int ask(answers says, struct balloon_view *view, char err[512])
{
	int error = balloon_view_read(start(says), view, err, 512);

	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return error;
}

static void a_balloon_with_statistics(void **state)
{
	static answers says = {
		GREETING,
		RETURN("{}"),
		EVENT RETURN("{\"actual\": 268435456}"),
		RETURN("[{\"name\": \"type\", \"type\": \"string\"}, {\"name\": \"balloon0\", "
		       "\"type\": "
		       "\"child<virtio-balloon-pci>\"}]"),
		RETURN("{\"stats\": {\"stat-free-memory\": 4096, \"stat-swap-in\": "
		       "18446744073709551615, \"stat-major-faults\": 7}, \"last-update\": 1}"),
		NULL,
	};
	struct balloon_view view;
	char err[512];

	(void)state;
	assert_int_equal(ask(says, &view, err), 0);
	assert_int_equal(view.pid, server);
	assert_int_equal(view.actual_bytes, 268435456);
	assert_int_equal(record_counter(&view.stats, "free_memory"), 4096);
	assert_int_equal(record_counter(&view.stats, "major_faults"), 7);
	assert_null(record_find_counter(&view.stats, "swap_in"));
	assert_above(view.stats_age_s, 1000000);
	record_release(&balloon_view_record, &view);
}

static void a_balloon_without_statistics(void **state)
{
	static answers says = {
		GREETING, RETURN("{}"), RETURN("{\"actual\": 5}"), RETURN("[]"), RETURN("[]"), NULL,
	};
	struct balloon_view view;
	char err[512];

	(void)state;
	assert_int_equal(ask(says, &view, err), 0);
	assert_int_equal(view.actual_bytes, 5);
	assert_int_equal(view.stats.count, 0);
	assert_true(view.stats_age_s == RECORD_ABSENT);
	record_release(&balloon_view_record, &view);
}

static void what_is_wrong_is_said(void **state)
{
	static const struct {
		answers says;
		int error;
		const char *why;
	} cases[] = {
		{ { GREETING, RETURN("{}"), ERROR, NULL }, -ENOTSUP, "no balloon" },
		{ { "SSH-2.0-OpenSSH_9.2\r\n", NULL }, -EPROTO, "no QMP" },
		{ { "{}\n", NULL }, -EPROTO, "no QMP" },
		{ { GREETING, "[1, 2\n", NULL }, -EPROTO, "no QMP" },
		{ { NULL }, -ETIMEDOUT, "no answer" },
	};
	struct balloon_view view;
	char err[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(ask(cases[i].says, &view, err), cases[i].error);
		assert_contains(err, cases[i].why);
		record_release(&balloon_view_record, &view);
	}
}

static void no_socket(void **state)
{
	struct balloon_view view;
	char err[512], path[256];

	(void)state;
	assert_int_equal(balloon_view_read("/nowhere/qmp", &view, err, sizeof(err)), -ENOENT);
	assert_contains(err, "/nowhere/qmp: No such file");
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(balloon_view_read(path, &view, err, sizeof(err)), -ENAMETOOLONG);
	write_file(test_dir, "plain", "");
	assert_int_equal(balloon_view_read(in_test_dir("plain"), &view, err, sizeof(err)),
			 -ECONNREFUSED);
	record_release(&balloon_view_record, &view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_balloon_with_statistics),
		cmocka_unit_test(a_balloon_without_statistics),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(no_socket),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
