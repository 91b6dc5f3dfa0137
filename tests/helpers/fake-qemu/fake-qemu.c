/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fake QEMU and guest: balloonbench runs it as QEMU, with the real command line.
 * FAKE_QEMU names the fault:
 *
 *   good             none
 *   split            all output is written byte by byte
 *   exit-at-once     a message on stderr and status 1, before anything else
 *   no-greeting      QMP sends nothing
 *   garbage          QMP speaks another protocol
 *   eof              QEMU exits after the greeting
 *   refuse-balloon   the balloon command fails
 *   wrong-kernel     the guest runs another kernel
 *   old-agent        the agent speaks another protocol version
 *   silent-guest     the agent never says hello
 *   late-hello       the agent says hello after 1.5 s
 *   panic            the kernel panics before hello
 *   no-device        the agent finds no device, says so and ends
 *   garbage-guest    the agent sends a line that is not JSON
 *   die-in-resize    QEMU is killed during a resize
 *   panic-in-resize  the kernel panics during a resize
 *   hang-in-resize   the agent never reports the end of a resize
 *   stuck            the agent reports that the balloon did not reach its target
 *   lazy-vcpu        the vCPU that is to be busy does not run
 *   lost-pages       vmstat counts a page less than were inflated
 *   extra-lock       VMware's device counts a page more than the guest has locked
 *   warn             the kernel prints a warning after hello
 *   warn-at-boot     the kernel prints warnings before hello
 *   slow-clock       most clock readings of the agent are late, or are answered late
 *   report-at-once   the guest's memory is resident from touch to release, not longer
 *   one-block        all free memory is one block, even if it was to be fragmented
 *   no-poweroff      the guest does not power off
 *   inmate           QEMU tries what it must not be able to do, and prints the results
 *   nonsense         one value of some messages of the guest is wrong; the number of
 *                    the boot decides which
 *   long-line        the agent sends an endless line
 *   deep             the agent sends deeply nested arrays
 *   no-text          the kernel panics with a message that is not UTF-8
 *   full-console     the kernel prints without end
 *   qmp-flood        QMP sends events without end, and no answer
 *   empty-arrays     the progress of a resize is two million empty arrays
 *   huge-number      the guest takes 2^62 ns to fragment its memory
 *   many-points      the progress of a resize is 90,000 points
 *   killed-workload  the workload that the guest replays is killed
 *   endless-workload the workload that the guest replays does not end
 *   fast-clock       the guest measures that a workload took a minute longer
 *   second-dies      QEMU is killed when the second guest of a boot begins its workload
 *   panic-poweroff   the kernel panics at power off
 *   by-kernel        what the kernel's file says: "the balloon crawls" (a resize takes twice as
 *                    long), "the balloon dawdles" (any time), "the balloon panics"
 *   box-...          of a host: see fake_box.h
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench/build/image.h"
#include "bench/guest/messages.h"
#include "bench/vm/qemu.h"
#include "lib/clock.h"
#include "lib/json_file.h"
#include "tests/helpers/fake-qemu/fake_box.h"
#include "tests/helpers/fake-qemu/fake_clock.h"
#include "tests/helpers/fake-qemu/workload.h"

static const char *mode;
static int qmp_fd = -1;
static int guest_fd = -1;
static int work_fd = -1, text_fd = -1; /* of a host */
static FILE *console;
static char console_path[4096];
static bool second; /* guest of its boot */
static unsigned int new_uid, new_gid;
static char new_root[4096];
static struct image_info kernel;
static unsigned long long memory_bytes;
static json_int_t duration_ns = 50000000;

/* _exit() throughout: exit() would wait for the stream that the other thread reads. */

/* The state of the balloon, which both threads use. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned long long target_pages;
static unsigned long long actual_pages;
static unsigned long long inflated;
static unsigned long long deflated;
/* Pages that VMware's device was told of. */
static unsigned long long locked;
static unsigned long long unlocked;
static bool is_vmware;

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

static void print_console(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void print_console(const char *fmt, ...)
{
	va_list ap;

	if (!console)
		return;
	va_start(ap, fmt);
	vfprintf(console, fmt, ap);
	va_end(ap);
	fputc('\n', console);
	fflush(console);
}

/* A value that nobody expects. */
static json_t *wrong_value(void)
{
	json_t *deep;
	char *text;
	int i;

	switch (random() % 10) {
	case 0:
		return json_null();
	case 1:
		return json_integer(INT64_MAX);
	case 2:
		return json_integer(INT64_MIN);
	case 3:
		return json_integer(-1);
	case 4:
		return json_real(1e308);
	case 5:
		return json_array();
	case 6:
		return json_object();
	case 7:
		deep = json_array();
		for (i = 0; i < 1000; i++)
			deep = json_pack("[o]", deep);
		return deep;
	case 8:
		text = calloc(1, 100001);
		memset(text, '%', 100000);
		deep = json_string(text);
		free(text);
		return deep;
	default:
		return json_string("\033]0;owned\007${IFS}`id`%n%s../../../x");
	}
}

/* Replace one value of a message, at any depth. */
static void corrupt(json_t *msg)
{
	size_t size = json_is_array(msg) ? json_array_size(msg) : json_object_size(msg), i;
	void *member = json_object_iter(msg);
	json_t *inner;

	if (!size)
		return;
	for (i = random() % size; json_is_object(msg) && i; i--)
		member = json_object_iter_next(msg, member);
	inner = json_is_array(msg) ? json_array_get(msg, i) : json_object_iter_value(member);
	if ((json_is_array(inner) || json_is_object(inner)) && random() % 2)
		corrupt(inner);
	else if (json_is_array(msg))
		json_array_set_new(msg, i, wrong_value());
	else
		json_object_iter_set_new(msg, member, wrong_value());
}

static void put_guest_line(json_t *msg)
{
	/* Not all messages, so that the boot gets further than hello. */
	if (is("nonsense") && random() % 6 == 0)
		corrupt(msg);
	put_line(guest_fd, msg);
}

static void panic(void)
{
	print_console("[    0.5] Kernel panic - not syncing: as the test asked");
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

/* Resize the balloon to its target, and count. */
static void resize(void)
{
	if (target_pages > actual_pages) {
		inflated += target_pages - actual_pages - (is("lost-pages") ? 1 : 0);
		locked += target_pages - actual_pages + (is("extra-lock") ? 1 : 0);
	} else {
		deflated += actual_pages - target_pages;
		unlocked += actual_pages - target_pages;
	}
	actual_pages = target_pages;
}

static void set_target(unsigned long long balloon_bytes)
{
	pthread_mutex_lock(&lock);
	target_pages = balloon_bytes / 4096;
	/* Nobody times it. */
	if (workload_is_on()) {
		resize();
		workload_balloon(actual_pages * 4096);
	}
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* What it was told to discard without the guest. */
static unsigned long long discarded;

static void set_floor(const char *ranges)
{
	unsigned long long start, bytes;
	int n;

	for (discarded = 0; sscanf(ranges, "%llx+%llx%n", &start, &bytes, &n) == 2;
	     ranges += n + 1) {
		discarded += bytes;
		if (!ranges[n])
			break;
	}
}

static const char *property_of(const json_t *msg)
{
	return json_string_value(json_object_get(json_object_get(msg, "arguments"), "property"));
}

static void set_property(const json_t *msg)
{
	const json_t *value = json_object_get(json_object_get(msg, "arguments"), "value");

	if (!strcmp(property_of(msg), FLOOR_PROPERTY))
		set_floor(json_string_value(value));
	else
		set_target(json_integer_value(value));
}

/* "CALLS BYTES NS"; numbers of VMware's device; another property is the boolean true. */
static json_t *get_property(const json_t *msg)
{
	const struct {
		const char *name;
		unsigned long long value;
	} numbers[] = {
		{ "size", actual_pages * 4096 },
		{ "locked", locked },
		{ "unlocked", unlocked },
	};
	size_t i;

	if (!strcmp(property_of(msg), FLOOR_PROPERTY))
		return json_sprintf("2 %llu 1000000", discarded - (is("lost-pages") ? 4096 : 0));
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(property_of(msg), numbers[i].name))
			return json_integer(numbers[i].value);
	return json_true();
}

static void answer_qmp(const json_t *msg)
{
	const char *command = json_string_value(json_object_get(msg, "execute"));
	json_t *id = json_object_get(msg, "id"), *result = json_object();

	do
		put_line(qmp_fd, json_pack("{s:s, s:{s:i}}", "event", "NOISE", "data", "n", 1));
	while (is("qmp-flood"));
	if (command && !strcmp(command, "balloon") && is("refuse-balloon")) {
		put_line(qmp_fd,
			 json_pack("{s:{s:s, s:s}, s:O}", "error", "class", "DeviceNotActive",
				   "desc", "there is no balloon", "id", id));
		return;
	}
	if (command && !strcmp(command, "balloon"))
		set_target(memory_bytes - json_integer_value(json_object_get(
						  json_object_get(msg, "arguments"), "value")));
	if (command && !strcmp(command, "query-balloon"))
		json_object_set_new(result, "actual",
				    json_integer(memory_bytes - actual_pages * 4096));
	if (command && !strcmp(command, "qom-set"))
		set_property(msg);
	if (command && !strcmp(command, "qom-get")) {
		json_decref(result);
		result = get_property(msg);
	}
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

/* The end of "the balloon ..." in the file of the kernel, which gcc made of a string. */
static char kernel_word[16];

static void read_kernel(const char *path)
{
	static const char start[] = "the balloon ";
	size_t size;
	char *text = regular_file_read(path, 0, &size), *at = NULL;

	if (text)
		at = memmem(text, size, start, strlen(start));
	if (at)
		sscanf(at + strlen(start), "%15s", kernel_word);
	free(text);
}

static int kernel_says(const char *word)
{
	return is("by-kernel") && !strcmp(kernel_word, word);
}

/* Whether the host has asked for a busy vCPU. */
static int busy;

/* The event of a resize, with so many points of progress. */
static void put_many(const char *point, size_t count, unsigned long long from,
		     unsigned long long to)
{
	FILE *f = fdopen(dup(guest_fd), "w");

	fprintf(f,
		"{\"event\":\"resized\",\"from_pages\":%llu,\"to_pages\":%llu,\"start_ns\":1,"
		"\"duration_ns\":50000000,\"resolution_ns\":1000,\"cpu_ns\":0,\"progress\":[%s",
		from, to, point);
	while (count--)
		fprintf(f, ",%s", point);
	fprintf(f, "]}\n");
	fclose(f);
}

/* What the agent says of the vCPU that it keeps busy. */
static json_t *busy_ns(void)
{
	if (!busy)
		return NULL;
	return json_integer(is("lazy-vcpu") ? 0 : duration_ns / 2);
}

static void time_resize(json_t *id)
{
	unsigned long long from, to;

	pthread_mutex_lock(&lock);
	from = actual_pages;
	put_guest_line(json_pack("{s:O, s:b}", "id", id, "ok", 1));
	while (target_pages == from)
		pthread_cond_wait(&changed, &lock);
	to = target_pages;
	if (is("die-in-resize"))
		kill(getpid(), SIGKILL);
	if (is("panic-in-resize"))
		panic();
	if (!is("stuck") && !is("hang-in-resize"))
		resize();
	pthread_mutex_unlock(&lock);
	if (is("empty-arrays") || is("many-points")) {
		put_many(is("many-points") ? "[0,0]" : "[]", is("many-points") ? 90000 : 2000000,
			 from, to);
		return;
	}
	if (is("stuck"))
		put_guest_line(json_pack("{s:s, s:s}", "event", "resize-failed", "error",
					 "the balloon did not reach its target in time"));
	else if (!is("hang-in-resize"))
		put_guest_line(json_pack(
			"{s:s, s:I, s:I, s:I, s:I, s:I, s:i, s:[[i, I], [I, I]], s:o*}", "event",
			"resized", "from_pages", (json_int_t)from, "to_pages", (json_int_t)to,
			"start_ns", (json_int_t)1, "duration_ns", duration_ns, "resolution_ns",
			(json_int_t)1000, "cpu_ns", 0, "progress", 0, (json_int_t)from, duration_ns,
			(json_int_t)to, "busy_ns", busy_ns()));
}

/* The clock of a guest that booted FAKE_CLOCK_AHEAD_NS before its host. */
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

/* The guest writes to memory, and its kernel reports it as soon as it is free. */
static void touch_or_release(const char *cmd, const json_t *msg)
{
	static void *touched;
	static size_t bytes;

	if (!strcmp(cmd, "touch")) {
		bytes = json_integer_value(json_object_get(msg, "bytes"));
		touched = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (touched == MAP_FAILED)
			_exit(1);
	}
	if (!strcmp(cmd, "release") && touched) {
		munmap(touched, bytes);
		touched = NULL;
	}
}

/* What the guest says of the workload that it replays. */
static void answer_replay(const char *cmd, const json_t *msg, json_t *answer)
{
	if (!strcmp(cmd, "replay-start") && is("second-dies") && second)
		kill(getpid(), SIGKILL);
	if (!strcmp(cmd, "replay-start"))
		workload_start(json_object_get(msg, "rows"));
	if (!strcmp(cmd, "replay"))
		json_object_set_new(answer, "ended",
				    json_boolean(workload_has_ended() && !is("endless-workload")));
	if (!strcmp(cmd, "replay-stop"))
		json_object_update_new(answer, workload_result(is("fast-clock") ? 60000000000 : 0));
	if (strcmp(cmd, "replay") || !is("killed-workload"))
		return;
	json_object_del(answer, "ok");
	json_object_set_new(answer, "error",
			    json_string("the workload was killed by signal 9: the guest is out of "
					"memory"));
}

static json_t *meminfo(void)
{
	const json_int_t rest = memory_bytes - actual_pages * 4096;
	const json_int_t total = is_vmware ? (json_int_t)memory_bytes : rest;
	const json_int_t free_bytes = rest - FAKE_KERNEL_BYTES - workload_held();

	return json_pack("{s:I, s:I, s:I}", "MemTotal_bytes", total, "MemFree_bytes",
			 free_bytes > 0 ? free_bytes : 0, "MemAvailable_bytes",
			 free_bytes > 0 ? free_bytes : 0);
}

static void answer_guest(const json_t *msg)
{
	const char *cmd = json_string_value(json_object_get(msg, "cmd"));
	json_t *answer = json_pack("{s:O, s:b}", "id", json_object_get(msg, "id"), "ok", 1);

	if (!strcmp(cmd, "time-resize")) {
		json_decref(answer);
		time_resize(json_object_get(msg, "id"));
		return;
	}
	if (is("warn") && !strcmp(cmd, "vmstat"))
		print_console("[    0.6] WARNING: CPU: 0 PID: 1 at mm/balloon_compaction.c:1");
	if (is("report-at-once"))
		touch_or_release(cmd, msg);
	if (!strcmp(cmd, "pool"))
		json_object_set_new(
			answer, "ranges",
			json_pack("[[i, i], [I, I]]", 2 << 20, 2 << 20, (json_int_t)4 << 30,
				  json_integer_value(json_object_get(msg, "bytes")) - (2 << 20)));
	if (!strcmp(cmd, "program"))
		fake_box_start(mode, work_fd, text_fd);
	if (!strcmp(cmd, "program-ended"))
		json_object_set_new(answer, "text", json_string(""));
	if (!strcmp(cmd, "phase"))
		json_object_set_new(answer, "busy_ns", json_integer(0));
	if (!strncmp(cmd, "busy-", 5))
		busy = !strcmp(cmd, "busy-start");
	if (!strcmp(cmd, "busy-stop"))
		json_object_set_new(answer, "busy_ns",
				    json_integer(is("lazy-vcpu") ? 1 : 20000000));
	if (!strcmp(cmd, "vmstat"))
		json_object_set_new(answer, "vmstat",
				    json_pack("{s:I, s:I}", "balloon_inflate", (json_int_t)inflated,
					      "balloon_deflate", (json_int_t)deflated));
	if (!strcmp(cmd, "meminfo"))
		json_object_set_new(answer, "meminfo", meminfo());
	if (!strcmp(cmd, "clock"))
		json_object_set_new(answer, "clock_ns", json_integer(read_clock()));
	if (!strcmp(cmd, "buddy"))
		json_object_set_new(answer, "free_pages",
				    is("one-block")
					    ? json_pack("[i,i,i,i,i,i]", 0, 0, 0, 0, 0, 32)
					    : json_pack("[i,i,i,i,i,i]", 60, 30, 0, 0, 0, 10));
	/* A tracer that sees nothing. */
	if (!strcmp(cmd, "trace-start"))
		json_object_update_new(
			answer, json_pack("{s:s, s:[]}", "mechanism", "events", "observations"));
	if (!strcmp(cmd, "trace"))
		json_object_update_new(
			answer,
			json_pack("{s:{}, s:{s:i, s:i, s:i, s:i, s:i}, s:{s:i, s:i, s:i, s:[]}}",
				  "ops", "counters", "lost_records", 0, "lost_pairs", 0,
				  "out_of_puff", 0, "migrate_again", 0, "migrate_failed", 0,
				  "blocks", "inflated_pages", 0, "deflated_pages", 0, "split", 0,
				  "allocations"));
	if (!strcmp(cmd, "fragment"))
		json_object_update_new(
			answer,
			json_pack("{s:I, s:I}", "pinned_bytes", (json_int_t)4096, "duration_ns",
				  is("huge-number") ? (json_int_t)1 << 62 : 1000000));
	if (!strcmp(cmd, "touch"))
		json_object_update_new(answer, json_pack("{s:O, s:i}", "bytes",
							 json_object_get(msg, "bytes"),
							 "duration_ns", 1000000));
	answer_replay(cmd, msg, answer);
	put_guest_line(answer);
	if (!strcmp(cmd, "poweroff") && is("panic-poweroff"))
		panic();
	if (!strcmp(cmd, "poweroff") && !is("no-poweroff"))
		_exit(0);
}

static void put_deep(void)
{
	char deep[5002];

	memset(deep, '[', sizeof(deep) - 2);
	deep[sizeof(deep) - 2] = '\n';
	deep[sizeof(deep) - 1] = '\0';
	if (write(guest_fd, deep, strlen(deep)) < 0)
		_exit(1);
}

static void try_to_escape(void)
{
	const char *target = getenv("FAKE_QEMU_TARGET");
	int fd;

	print_console("uid %d, gid %d", (int)getuid(), (int)getgid());
	print_console("no_new_privs %d", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	fd = target ? open(target, O_WRONLY | O_CREAT, 0600) : -1;
	print_console("create %s: %s", target, fd < 0 ? strerror(errno) : "done");
	print_console("root again: %s", setuid(0) ? strerror(errno) : "done");
	print_console("see files: %s", access("/etc/passwd", F_OK) ? strerror(errno) : "done");
	print_console("signal the parent: %s", kill(getppid(), 0) ? strerror(errno) : "done");
}

/* With the identity of the kernel that QEMU was given. */
static void say_hello(void)
{
	const bool wrong = is("wrong-kernel");

	put_guest_line(json_pack("{s:s, s:i, s:s, s:s, s:s}", "event", "hello", "protocol",
				 is("old-agent") ? 0 : GUEST_PROTOCOL_VERSION, "kernel_build_id",
				 wrong ? "00ff" : kernel.build_id, "kernel_release",
				 wrong ? "0.0.0-fake" : kernel.release, "kernel_version",
				 wrong ? "#0 fake" : kernel.version));
}

static void serve_guest(void)
{
	FILE *f = fdopen(dup(guest_fd), "r");
	int i;
	json_t *msg;

	for (i = 0; is("warn-at-boot") && i < 20; i++)
		print_console("[    0.%d] WARNING: CPU: 0 PID: 1 at fpu/xstate.c:%d", i, 600 + i);
	if (is("panic") || kernel_says("panics")) {
		usleep(300000); /* until QMP is up */
		panic();
	}
	if (is("no-text")) {
		usleep(300000);
		print_console("[    0.5] Kernel panic - not syncing: \xff\xc3\x28 \033[2J");
		_exit(0);
	}
	if (is("no-device")) {
		usleep(300000);
		print_console(GUEST_CONSOLE_PREFIX "no port: as the test asked");
		_exit(0);
	}
	while (is("full-console"))
		print_console("%65536s", "");
	if (is("long-line"))
		dprintf(guest_fd, "{\"event\": \"%*s", 10 << 20, "hello");
	if (is("deep"))
		put_deep();
	if (is("inmate"))
		try_to_escape();
	if (is("garbage-guest"))
		dprintf(guest_fd, "login: \n");
	if (is("late-hello"))
		usleep(1500000);
	if (work_fd >= 0)
		print_console("[    0.5] a host boots");
	if (!is("silent-guest"))
		say_hello();
	while ((msg = read_line(f))) {
		answer_guest(msg);
		json_decref(msg);
	}
}

/* In the value of an option two commas stand for one. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; *to++ = *text++)
		if (text[0] == ',' && text[1] == ',')
			text++;
	*to = '\0';
}

static void read_arguments(int argc, char **argv)
{
	unsigned long long mib;
	char error[512];
	int i;

	for (i = 1; i < argc; i++) {
		sscanf(argv[i], "socket,id=qmp,fd=%d", &qmp_fd);
		sscanf(argv[i], "socket,id=guest,fd=%d", &guest_fd);
		sscanf(argv[i], "socket,id=work,fd=%d", &work_fd);
		sscanf(argv[i], "socket,id=text,fd=%d", &text_fd);
		sscanf(argv[i], "file,id=console,path=%4095s", console_path);
		sscanf(argv[i], "user=%u:%u,chroot=%4095s", &new_uid, &new_gid, new_root);
		is_vmware |= !strncmp(argv[i], QEMU_VMWARE_BALLOON, strlen(QEMU_VMWARE_BALLOON));
		if (!strcmp(argv[i - 1], "-kernel")) {
			image_inspect(argv[i], &kernel, error, sizeof(error));
			read_kernel(argv[i]);
		}
		if (!strcmp(argv[i - 1], "-m") && sscanf(argv[i], "%lluM", &mib) == 1)
			memory_bytes = mib << 20;
	}
	unescape(console_path);
	unescape(new_root);
}

/* As QEMU does it: open files stay open. */
static int change_user(void)
{
	console = fopen(console_path, "ae");
	if (!new_uid)
		return 0;
	return chroot(new_root) || chdir("/") || setgroups(1, &new_gid) || setgid(new_gid) ||
	       setuid(new_uid);
}

int main(int argc, char **argv)
{
	char path[4096] = "";
	const char *boot;
	pthread_t thread;

	mode = getenv("FAKE_QEMU");
	if (!mode)
		mode = "good";
	if (argc == 2 && !strcmp(argv[1], "-help")) {
		puts("-run-with [async-teardown=on|off][,chroot=dir][user=username|uid:gid]\n"
		     "                user=uid:gid ditto");
		return 0;
	}
	read_arguments(argc, argv);
	/* console_path leads through a descriptor. */
	boot = realpath(console_path, path) ? strstr(path, "boot-") : NULL;
	srandom(boot ? atoi(boot + 5) : 0);
	second = boot && strstr(boot, "/vm-2/");
	if (is("exit-at-once") || qmp_fd < 0 || guest_fd < 0 || !memory_bytes) {
		fprintf(stderr, "fake-qemu: the machine does not start\n");
		return 1;
	}
	if (kernel_says("crawls"))
		duration_ns *= 2;
	if (kernel_says("dawdles"))
		duration_ns = duration_ns / 2 * (1 + random() % 4);
	if (change_user())
		return 1;
	if (pthread_create(&thread, NULL, serve_qmp, NULL))
		return 1;
	serve_guest();
	pthread_join(thread, NULL);
	pause();
	return 0;
}
