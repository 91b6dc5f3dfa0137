/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/fuzz/target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"

/* For a busy machine; the device itself needs some ms. */
#define ANSWER_MS 60000

struct start {
	const char *qemu;
	bool merge, hints;
	int ram, coverage, log, qtest, qmp;
};

static void keep_open(int fd)
{
	fcntl(fd, F_SETFD, 0);
}

static __attribute__((noreturn)) void exec_qemu(const struct start *s)
{
	char ram[128], device[256], qtest[64], qmp[64], coverage[64];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Ctrl-C is for the fuzzer, which kills QEMU. */
	setpgid(0, 0);
	dup2(s->log, STDOUT_FILENO);
	dup2(s->log, STDERR_FILENO);
	keep_open(s->ram);
	keep_open(s->coverage);
	keep_open(s->qtest);
	keep_open(s->qmp);
	snprintf(ram, sizeof(ram),
		 "memory-backend-file,id=ram,size=%llu,share=on,mem-path=/proc/self/fd/%d",
		 RAM_BYTES, s->ram);
	/* Without ioeventfd a kick is handled when it is written: all of it, in one long turn. */
	snprintf(device, sizeof(device),
		 "virtio-balloon-pci,id=balloon0,addr=04.0,ioeventfd=off,x-turn-us=60000000,"
		 "page-chunks=on,page-sg=on,"
		 "free-page-reporting=on,deflate-on-oom=on,iothread=hints%s%s",
		 s->hints ? ",free-page-hint=on" : "",
		 s->merge ? ",x-merge-pfns=on,x-deflate-willneed=off" : "");
	snprintf(qtest, sizeof(qtest), "socket,id=qtest,fd=%d", s->qtest);
	snprintf(qmp, sizeof(qmp), "socket,id=qmp,fd=%d", s->qmp);
	snprintf(coverage, sizeof(coverage), "/proc/self/fd/%d", s->coverage);
	setenv(COVERAGE_FILE, coverage, 1);
	/*
	 * No leak detection: most of QEMU is not instrumented, and keeps memory for
	 * life. No fake stacks: ASan does not know the stacks of coroutines.
	 */
	setenv("ASAN_OPTIONS", "detect_leaks=0:detect_stack_use_after_return=0:abort_on_error=0",
	       1);
	setenv("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1", 1);
	execl(s->qemu, s->qemu, "-nodefaults", "-no-user-config", "-display", "none", "-accel",
	      "qtest", "-machine", "q35,usb=off,sata=off,smbus=off,memory-backend=ram", "-object",
	      ram, "-object", "iothread,id=hints", "-m", "16M", "-device", device, "-chardev",
	      qtest, "-qtest", "chardev:qtest", "-qtest-log", "none", "-chardev", qmp, "-mon",
	      "chardev=qmp,mode=control", "-D", "/dev/null", "-trace",
	      s->merge ? "virtio_balloon_batch_*" : "virtio_balloon_to_target", (char *)NULL);
	perror(s->qemu);
	_exit(127);
}

static void *map_shared(int fd, size_t bytes)
{
	void *map;

	if (fd < 0 || ftruncate(fd, bytes))
		return NULL;
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return map == MAP_FAILED ? NULL : map;
}

int target_start(struct target *t, const char *qemu, bool merge, bool hints)
{
	struct start start = { .qemu = qemu, .merge = merge, .hints = hints };
	int qtest[2], qmp[2];

	memset(t, 0, sizeof(*t));
	t->hints = hints;
	t->log_fd = start.log = memfd_create("log", MFD_CLOEXEC);
	t->ram_fd = start.ram = memfd_create("ram", MFD_CLOEXEC);
	start.coverage = memfd_create("coverage", MFD_CLOEXEC);
	t->ram = map_shared(start.ram, RAM_BYTES);
	t->coverage = map_shared(start.coverage, sizeof(*t->coverage));
	if (start.log < 0 || !t->ram || !t->coverage ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qtest) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp))
		return -errno;
	start.qtest = qtest[1];
	start.qmp = qmp[1];
	t->pid = fork();
	if (t->pid == 0)
		exec_qemu(&start);
	close(qtest[1]);
	close(qmp[1]);
	close(start.coverage);
	t->qtest = qtest[0];
	if (qmp_open(&t->qmp, qmp[0], NULL, deadline_in_ms(ANSWER_MS)))
		target_fail(t, "QEMU does not start: %s", qmp_error(t->qmp));
	return t->pid < 0 ? -EAGAIN : 0;
}

void target_end(struct target *t)
{
	if (t->pid > 0) {
		kill(t->pid, SIGKILL);
		waitpid(t->pid, NULL, 0);
		close(t->qtest);
		qmp_close(t->qmp);
		munmap(t->ram, RAM_BYTES);
		munmap(t->coverage, sizeof(*t->coverage));
		close(t->ram_fd);
		close(t->log_fd);
	}
	t->pid = 0;
}

void target_fail(struct target *t, const char *format, ...)
{
	va_list args;

	if (*t->trouble)
		return;
	va_start(args, format);
	vsnprintf(t->trouble, sizeof(t->trouble), format, args);
	va_end(args);
}

/* Whether a line is from a sanitizer, an assertion or an error message of QEMU. */
static bool is_reason(const char *line)
{
	static const char *const words[] = { "ERROR: ", "runtime error", "Assertion",
					     "assert",	"ERROR:",	 "qemu: " };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

void target_explain(struct target *t)
{
	char *line = NULL, reason[384] = "", path[64];
	size_t size = 0;
	FILE *f;

	/* Wait for the report to be written. */
	sleep_ns(50 * NSEC_PER_MSEC);
	/* Opened again, because QEMU shares the offset of the descriptor. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", t->log_fd);
	f = fopen(path, "re");
	while (f && !*reason && getline(&line, &size, f) > 0)
		if (is_reason(line))
			snprintf(reason, sizeof(reason), "%s", line);
	reason[strcspn(reason, "\n")] = '\0';
	if (*reason)
		snprintf(t->trouble, sizeof(t->trouble), "QEMU has exited: %s", reason);
	free(line);
	if (f)
		fclose(f);
}

/* Read a line: an answer or an interrupt. Returns false if there is none. */
static bool read_answer(struct target *t, char *line, size_t size)
{
	struct pollfd p = { .fd = t->qtest, .events = POLLIN };
	uint64_t deadline = deadline_in_ms(ANSWER_MS);
	char *end;
	ssize_t n;

	for (;;) {
		end = memchr(t->in, '\n', t->in_bytes);
		if (end) {
			*end = '\0';
			snprintf(line, size, "%s", t->in);
			t->in_bytes -= end + 1 - t->in;
			memmove(t->in, end + 1, t->in_bytes);
			return true;
		}
		n = poll(&p, 1, deadline_poll_ms(deadline));
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			target_fail(t, "QEMU does not answer");
		n = n > 0 ? read(t->qtest, t->in + t->in_bytes, sizeof(t->in) - t->in_bytes) : -1;
		if (n <= 0)
			break;
		t->in_bytes += n;
	}
	target_fail(t, "QEMU has exited");
	return false;
}

static uint64_t flush_commands(struct target *t)
{
	char line[128] = "";
	size_t at = 0;
	ssize_t n;

	while (!*t->trouble && at < t->out_bytes) {
		n = send(t->qtest, t->out + at, t->out_bytes - at, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			target_fail(t, "QEMU has exited");
		at += n > 0 ? n : 0;
	}
	t->out_bytes = 0;
	while (!*t->trouble && t->unanswered) {
		if (!read_answer(t, line, sizeof(line)))
			break;
		if (!strncmp(line, "IRQ", 3))
			continue;
		if (strncmp(line, "OK", 2) != 0)
			target_fail(t, "qtest: %s", line);
		t->unanswered--;
	}
	t->unanswered = 0;
	return *t->trouble ? 0 : strtoull(line + 2, NULL, 0);
}

static __attribute__((format(printf, 2, 3))) void put(struct target *t, const char *format, ...)
{
	va_list args;

	if (t->out_bytes > sizeof(t->out) - 128)
		flush_commands(t);
	va_start(args, format);
	t->out_bytes +=
		vsnprintf(t->out + t->out_bytes, sizeof(t->out) - t->out_bytes, format, args);
	va_end(args);
	t->unanswered++;
	t->unsettled = true;
}

void target_write(struct target *t, char size, uint64_t address, uint64_t value)
{
	put(t, "write%c 0x%" PRIx64 " 0x%" PRIx64 "\n", size, address, value);
}

void target_out(struct target *t, char size, uint16_t port, uint32_t value)
{
	put(t, "out%c 0x%x 0x%x\n", size, port, value);
}

uint64_t target_read(struct target *t, char size, uint64_t address)
{
	put(t, "read%c 0x%" PRIx64 "\n", size, address);
	return flush_commands(t);
}

uint64_t target_in(struct target *t, char size, uint16_t port)
{
	put(t, "in%c 0x%x\n", size, port);
	return flush_commands(t);
}

void target_clock(struct target *t, uint64_t ns)
{
	put(t, "clock_step %" PRIu64 "\n", ns);
}

void target_sync(struct target *t)
{
	if (!t->unsettled)
		return;
	flush_commands(t);
	/*
	 * Bottom halves that a register write has scheduled run before the next command
	 * in the main loop: send one without an effect.
	 */
	put(t, "inb 0x80\n");
	flush_commands(t);
	t->unsettled = false;
}

json_t *target_qmp(struct target *t, const char *command, json_t *arguments)
{
	json_t *answer = NULL;
	int err;

	if (*t->trouble) {
		json_decref(arguments);
		return NULL;
	}
	err = qmp_execute(t->qmp, command, arguments, &answer, deadline_in_ms(ANSWER_MS));
	if (err && err != -EPROTO)
		target_fail(t,
			    err == -ETIMEDOUT ? "QMP %s: QEMU does not answer"
					      : "QMP %s: QEMU has exited",
			    command);
	return answer;
}

void target_qmp_event(struct target *t, const char *event)
{
	if (!*t->trouble && qmp_wait_event(t->qmp, event, NULL, deadline_in_ms(ANSWER_MS)))
		target_fail(t, "QMP: no %s", event);
}
