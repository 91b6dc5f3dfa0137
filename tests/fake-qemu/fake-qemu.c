/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU and a guest that do as they are told: balloonbench runs it as QEMU,
 * with the real command line. FAKE_QEMU names what goes wrong:
 *
 *   good             nothing
 *   split            all output comes byte by byte
 *   exit-at-once     a message on stderr and status 1, before anything else
 *   no-greeting      QMP stays silent
 *   garbage          QMP is another protocol
 *   eof              QMP is closed after the greeting
 *   refuse-balloon   the balloon command fails
 *   wrong-cut        the guest runs another kernel
 *   old-agent        the agent speaks another protocol version
 *   silent-guest     the agent never says hello
 *   panic            the kernel panics before hello
 *   garbage-guest    the agent writes what is no JSON
 *   die-in-move      QEMU is killed while the balloon moves
 *   panic-in-move    the kernel panics while the balloon moves
 *   hang-in-move     the agent never reports the move
 *   stuck            the agent reports that the balloon got stuck
 *   lost-pages       vmstat counts a page less than the balloon moved
 *   warn             the kernel prints a warning
 *   slow-clock       most readings of the agent's clock are late, or answered late
 *   one-block        all free memory is one block, even where it was to be fragmented
 *   no-poweroff      the guest does not power off
 */
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/guest/protocol.h"
#include "lib/clock.h"
#include "tests/fake-qemu/fake_clock.h"

static const char *mode;
static int qmp_fd = -1;
static int guest_fd = -1;
static char console[4096];
static unsigned long long memory_bytes;

/* _exit() throughout: exit() would wait for the stream the other thread reads. */

/* The balloon, which both ends see. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned long long target_pages;
static unsigned long long actual_pages;
static unsigned long long inflated;
static unsigned long long deflated;

static int is(const char *name)
{
	return !strcmp(mode, name);
}

static void put_line(int fd, json_t *msg)
{
	char *text = json_dumps(msg, JSON_COMPACT), *at;

	for (at = text; is("split") && *at; at++)
		if (write(fd, at, 1) != 1)
			_exit(1);
	if (!is("split") && write(fd, text, strlen(text)) < 0)
		_exit(1);
	if (write(fd, "\r\n", 2) != 2)
		_exit(1);
	free(text);
	json_decref(msg);
}

static void print_console(const char *text)
{
	FILE *f = fopen(console, "a");

	if (f) {
		fprintf(f, "%s\n", text);
		fclose(f);
	}
}

static void panic(void)
{
	print_console("[    0.5] Kernel panic - not syncing: the test wants it");
	_exit(0);
}

static json_t *read_line(FILE *f)
{
	char *line = NULL;
	json_t *msg = NULL;
	size_t size = 0;

	if (getline(&line, &size, f) > 0)
		msg = json_loads(line, 0, NULL);
	free(line);
	return msg;
}

static void set_target(unsigned long long guest_bytes)
{
	pthread_mutex_lock(&lock);
	target_pages = (memory_bytes - guest_bytes) / 4096;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void answer_qmp(const json_t *msg)
{
	const char *command = json_string_value(json_object_get(msg, "execute"));
	json_t *id = json_object_get(msg, "id"), *result = json_object();

	put_line(qmp_fd, json_pack("{s:s, s:{s:i}}", "event", "NOISE", "data", "n", 1));
	if (command && !strcmp(command, "balloon") && is("refuse-balloon")) {
		put_line(qmp_fd,
			 json_pack("{s:{s:s, s:s}, s:O}", "error", "class", "DeviceNotActive",
				   "desc", "there is no balloon", "id", id));
		return;
	}
	if (command && !strcmp(command, "balloon"))
		set_target(json_integer_value(
			json_object_get(json_object_get(msg, "arguments"), "value")));
	if (command && !strcmp(command, "query-balloon"))
		json_object_set_new(result, "actual",
				    json_integer(memory_bytes - actual_pages * 4096));
	put_line(qmp_fd, json_pack("{s:o, s:O}", "return", result, "id", id));
}

static void *serve_qmp(void *unused)
{
	FILE *f = fdopen(dup(qmp_fd), "r");
	json_t *msg;

	if (is("no-greeting"))
		return unused;
	if (is("garbage")) {
		dprintf(qmp_fd, "220 mail.example.org ESMTP\n");
		return unused;
	}
	put_line(qmp_fd, json_pack("{s:{s:{s:{s:i, s:i, s:i}}}}", "QMP", "version", "qemu", "major",
				   0, "minor", 0, "micro", 1));
	if (is("eof"))
		_exit(0);
	while ((msg = read_line(f))) {
		answer_qmp(msg);
		json_decref(msg);
	}
	_exit(0);
}

/* The driver's work: bring actual to the target, and count. */
static void move(void)
{
	if (target_pages > actual_pages)
		inflated += target_pages - actual_pages - (is("lost-pages") ? 1 : 0);
	else
		deflated += actual_pages - target_pages;
	actual_pages = target_pages;
}

static void serve_watch(json_t *id)
{
	unsigned long long from, to;

	pthread_mutex_lock(&lock);
	from = actual_pages;
	put_line(guest_fd, json_pack("{s:O, s:b}", "id", id, "ok", 1));
	while (target_pages == from)
		pthread_cond_wait(&changed, &lock);
	to = target_pages;
	if (is("die-in-move"))
		kill(getpid(), SIGKILL);
	if (is("panic-in-move"))
		panic();
	if (!is("stuck") && !is("hang-in-move"))
		move();
	pthread_mutex_unlock(&lock);
	if (is("stuck"))
		put_line(guest_fd, json_pack("{s:s, s:s}", "event", "move-failed", "error",
					     "the balloon did not reach its target in time"));
	else if (!is("hang-in-move"))
		put_line(guest_fd, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:[[i, I], [I, I]]}",
					     "event", "moved", "from_pages", (json_int_t)from,
					     "to_pages", (json_int_t)to, "start_ns", (json_int_t)1,
					     "duration_ns", (json_int_t)50000000, "resolution_ns",
					     (json_int_t)1000, "progress", 0, (json_int_t)from,
					     (json_int_t)50000000, (json_int_t)to));
}

/* Of a guest that booted FAKE_CLOCK_AHEAD_NS before its host, and takes its time to say so. */
static json_int_t read_clock(void)
{
	static unsigned int asked;
	json_int_t now;

	asked++;
	if (is("slow-clock") && asked % 2)
		usleep(2000);
	now = clock_ns() + FAKE_CLOCK_AHEAD_NS;
	if (is("slow-clock") && asked % 3)
		usleep(3000);
	return now;
}

static void answer_guest(const json_t *msg)
{
	const char *cmd = json_string_value(json_object_get(msg, "cmd"));
	json_t *answer = json_pack("{s:O, s:b}", "id", json_object_get(msg, "id"), "ok", 1);

	if (!strcmp(cmd, "watch")) {
		json_decref(answer);
		serve_watch(json_object_get(msg, "id"));
		return;
	}
	if (!strcmp(cmd, "vmstat"))
		json_object_set_new(answer, "vmstat",
				    json_pack("{s:I, s:I}", "balloon_inflate", (json_int_t)inflated,
					      "balloon_deflate", (json_int_t)deflated));
	if (!strcmp(cmd, "meminfo"))
		json_object_set_new(answer, "meminfo",
				    json_pack("{s:I}", "MemTotal_bytes",
					      (json_int_t)(memory_bytes - actual_pages * 4096)));
	if (!strcmp(cmd, "clock"))
		json_object_set_new(answer, "clock_ns", json_integer(read_clock()));
	if (!strcmp(cmd, "buddy"))
		json_object_set_new(answer, "buddy",
				    is("one-block") ? json_pack("{s:[i,i,i,i,i,i]}", "free_pages",
								0, 0, 0, 0, 0, 32)
						    : json_pack("{s:[i,i,i,i,i,i]}", "free_pages",
								60, 30, 0, 0, 0, 10));
	if (!strcmp(cmd, "fragment"))
		json_object_update_new(answer, json_pack("{s:i, s:i}", "pinned_bytes", 4096,
							 "duration_ns", 1000000));
	if (!strcmp(cmd, "touch"))
		json_object_set_new(answer, "duration_ns", json_integer(1000000));
	put_line(guest_fd, answer);
	if (!strcmp(cmd, "poweroff") && !is("no-poweroff"))
		_exit(0);
}

static void serve_guest(void)
{
	FILE *f = fdopen(dup(guest_fd), "r");
	const char *cut = getenv("FAKE_QEMU_CUT");
	json_t *msg;

	if (is("warn"))
		print_console("[    0.6] WARNING: CPU: 0 PID: 1 at mm/balloon_compaction.c:1");
	if (is("panic")) {
		usleep(300000); /* until QMP is up */
		panic();
	}
	if (is("garbage-guest"))
		dprintf(guest_fd, "login: \n");
	if (!is("silent-guest"))
		put_line(guest_fd, json_pack("{s:s, s:i, s:s, s:s}", "event", "hello", "protocol",
					     is("old-agent") ? 0 : GUEST_PROTOCOL_VERSION,
					     "kernel_release", "0.0.0-fake", "cut",
					     is("wrong-cut") ? "none"
					     : cut	     ? cut
							     : "finalize"));
	while ((msg = read_line(f))) {
		answer_guest(msg);
		json_decref(msg);
	}
}

static void read_arguments(int argc, char **argv)
{
	unsigned long long mib;
	int i;

	for (i = 1; i < argc; i++) {
		sscanf(argv[i], "socket,id=qmp,fd=%d", &qmp_fd);
		sscanf(argv[i], "socket,id=guest,fd=%d", &guest_fd);
		sscanf(argv[i], "file,id=console,path=%4095s", console);
		if (!strcmp(argv[i - 1], "-m") && sscanf(argv[i], "%lluM", &mib) == 1)
			memory_bytes = mib << 20;
	}
}

int main(int argc, char **argv)
{
	pthread_t thread;

	mode = getenv("FAKE_QEMU");
	if (!mode)
		mode = "good";
	read_arguments(argc, argv);
	if (is("exit-at-once") || qmp_fd < 0 || guest_fd < 0 || !memory_bytes) {
		fprintf(stderr, "fake-qemu: the machine does not start\n");
		return 1;
	}
	if (pthread_create(&thread, NULL, serve_qmp, NULL))
		return 1;
	serve_guest();
	pthread_join(thread, NULL);
	pause();
	return 0;
}
