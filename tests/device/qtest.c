/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/qtest.h"

#include "tests/helpers/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/config/images.h"
#include "lib/clock.h"
#include "tests/helpers/deny.h"
#include "tests/helpers/files.h"

#define ANSWER_MS 60000

/* Arguments of exec_qemu(). */
struct start {
	const struct machine_options *options;
	const char *binary;
	const char *ram_path;
	const char *log_path;
	int qtest;
	int qmp;
};

#define ARGS_MAX 48

static __attribute__((noreturn)) void exec_qemu(const struct start *s)
{
	const struct machine_options *o = s->options;
	char ram[1024], device[256], qtest[64], qmp[64], incoming[1024];
	const char *args[ARGS_MAX] = { s->binary,
				       "-nodefaults",
				       "-no-user-config",
				       "-display",
				       "none",
				       "-accel",
				       "qtest",
				       "-machine",
				       "q35,usb=off,sata=off,smbus=off,memory-backend=ram",
				       "-object",
				       ram,
				       "-m",
				       "320M",
				       "-device",
				       device,
				       "-chardev",
				       qtest,
				       "-qtest",
				       "chardev:qtest",
				       "-qtest-log",
				       "none",
				       "-chardev",
				       qmp,
				       "-mon",
				       "chardev=qmp,mode=control" };
	int log = open(s->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), n = 25;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	fcntl(s->qtest, F_SETFD, 0);
	fcntl(s->qmp, F_SETFD, 0);
	snprintf(ram, sizeof(ram), "memory-backend-file,id=ram,size=%u,share=on,mem-path=%s",
		 RAM_BYTES, s->ram_path);
	if (o->private_ram)
		snprintf(ram, sizeof(ram), "memory-backend-ram,id=ram,size=%u", RAM_BYTES);
	snprintf(device, sizeof(device), "virtio-balloon-pci,id=balloon0,addr=04.0%s%s",
		 *o->properties ? "," : "", o->properties);
	snprintf(qtest, sizeof(qtest), "socket,id=qtest,fd=%d", s->qtest);
	snprintf(qmp, sizeof(qmp), "socket,id=qmp,fd=%d", s->qmp);
	snprintf(incoming, sizeof(incoming), "file:%s", o->incoming ? o->incoming : "");
	if (o->incoming) {
		args[n++] = "-incoming";
		args[n++] = incoming;
	}
	if (!o->hide_guest_errors) {
		args[n++] = "-d";
		args[n++] = "guest_errors";
	}
	if (o->traced) {
		args[n++] = "-trace";
		args[n++] = o->traced;
	}
	if (o->denied)
		deny(o->denied);
	execv(s->binary, (char *const *)args);
	perror(s->binary);
	_exit(127);
}

static uint8_t *map_ram(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint8_t *ram;

	assert_at_least(fd, 0);
	assert_int_equal(ftruncate(fd, RAM_BYTES), 0);
	ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(ram, MAP_FAILED);
	close(fd);
	return ram;
}

/* The address in QEMU of the RAM block "ram": the last number of its line. */
static uint64_t find_ram(struct machine *m)
{
	json_t *args = json_pack("{s:s}", "command-line", "info ramblock"), *answer = NULL;
	char *text, *line, *end, *at;
	uint64_t address = 0;

	if (qmp_execute(m->qmp, "human-monitor-command", args, &answer, deadline_in_ms(ANSWER_MS)))
		fail_msg("info ramblock: %s", qmp_error(m->qmp));
	text = strdup(json_string_value(answer));
	line = strstr(text, " ram ");
	assert_non_null(line);
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	while ((at = strstr(line, "0x"))) {
		address = strtoull(at, NULL, 0);
		line = at + 2;
	}
	free(text);
	json_decref(answer);
	return address;
}

void machine_start_with(struct machine *m, const struct machine_options *options)
{
	static int number;
	struct images images;
	int qtest[2], qmp[2];
	char err[512], ram_path[512];
	struct start start;

	if (images_load(&images, path_images(), err, sizeof(err)))
		fail_msg("%s", err);
	memset(m, 0, sizeof(*m));
	snprintf(ram_path, sizeof(ram_path), "%s/ram-%d", test_dir, ++number);
	snprintf(m->log_path, sizeof(m->log_path), "%s/qemu-%d.log", test_dir, number);
	m->ram = map_ram(ram_path);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qtest), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp), 0);
	start = (struct start){ options, images.qemu, ram_path, m->log_path, qtest[1], qmp[1] };
	m->pid = fork();
	if (m->pid == 0)
		exec_qemu(&start);
	close(qtest[1]);
	close(qmp[1]);
	m->qtest = qtest[0];
	images_release(&images);
	/* A QEMU that refuses the incoming migration may exit before its greeting. */
	if (qmp_open(&m->qmp, qmp[0], NULL, deadline_in_ms(ANSWER_MS)) && !options->incoming)
		fail_msg("QMP: %s", qmp_error(m->qmp));
	if (options->private_ram)
		m->remote = find_ram(m);
}

void machine_start(struct machine *m, const char *properties, const char *incoming)
{
	const struct machine_options options = { .properties = properties, .incoming = incoming };

	machine_start_with(m, &options);
}

static void copy_ram(const struct machine *m, uint64_t address, uint64_t bytes,
		     ssize_t (*copy)(pid_t, const struct iovec *, unsigned long,
				     const struct iovec *, unsigned long, unsigned long))
{
	const struct iovec here = { m->ram + address, bytes };
	const uintptr_t at = m->remote + address;
	struct iovec there = { .iov_len = bytes };

	memcpy(&there.iov_base, &at, sizeof(at));
	if (m->remote)
		assert_int_equal(copy(m->pid, &here, 1, &there, 1, 0), bytes);
}

void machine_pull(const struct machine *m, uint64_t address, uint64_t bytes)
{
	copy_ram(m, address, bytes, process_vm_readv);
}

void machine_push(const struct machine *m, uint64_t address, uint64_t bytes)
{
	copy_ram(m, address, bytes, process_vm_writev);
}

void machine_end(struct machine *m)
{
	if (m->pid > 0) {
		kill(m->pid, SIGKILL);
		waitpid(m->pid, NULL, 0);
		close(m->qtest);
		qmp_close(m->qmp);
		munmap(m->ram, RAM_BYTES);
	}
	m->pid = 0;
}

static void read_line(struct machine *m, char *line, size_t size)
{
	struct pollfd p = { .fd = m->qtest, .events = POLLIN };
	size_t n = 0;

	for (;;) {
		if (poll(&p, 1, ANSWER_MS) != 1)
			fail_msg("no answer from QEMU in %d ms", ANSWER_MS);
		if (read(m->qtest, line + n, 1) != 1)
			fail_msg("QEMU has exited");
		if (line[n] == '\n')
			break;
		n += n < size - 1;
	}
	line[n] = '\0';
}

/* Send a command. Returns the value of its answer, "OK [VALUE]". */
static uint64_t command(struct machine *m, const char *text)
{
	char line[128];

	if (write(m->qtest, text, strlen(text)) != (ssize_t)strlen(text))
		fail_msg("QEMU has exited");
	do
		read_line(m, line, sizeof(line));
	while (strncmp(line, "IRQ", 3) == 0);
	if (strncmp(line, "OK", 2) != 0)
		fail_msg("%s: %s", text, line);
	return strtoull(line + 2, NULL, 0);
}

uint64_t machine_in(struct machine *m, char size, uint16_t port)
{
	char text[64];

	snprintf(text, sizeof(text), "in%c 0x%x\n", size, port);
	return command(m, text);
}

void machine_out(struct machine *m, char size, uint16_t port, uint32_t value)
{
	char text[64];

	snprintf(text, sizeof(text), "out%c 0x%x 0x%x\n", size, port, value);
	command(m, text);
}

uint64_t machine_read(struct machine *m, char size, uint64_t address)
{
	char text[64];

	snprintf(text, sizeof(text), "read%c 0x%" PRIx64 "\n", size, address);
	return command(m, text);
}

void machine_write(struct machine *m, char size, uint64_t address, uint64_t value)
{
	char text[64];

	snprintf(text, sizeof(text), "write%c 0x%" PRIx64 " 0x%" PRIx64 "\n", size, address, value);
	command(m, text);
}

/* "running", "inmigrate", ...; "" if QEMU does not answer. */
static void get_status(struct machine *m, const char *command, char *status, size_t size)
{
	json_t *answer = NULL;
	const char *text = NULL;

	if (!qmp_execute(m->qmp, command, NULL, &answer, deadline_in_ms(ANSWER_MS)))
		text = json_string_value(json_object_get(answer, "status"));
	snprintf(status, size, "%s", text ? text : "");
	json_decref(answer);
}

void machine_migrate(struct machine *m, const char *path)
{
	char uri[1024], status[64];

	snprintf(uri, sizeof(uri), "file:%s", path);
	if (qmp_execute(m->qmp, "migrate", json_pack("{s:s}", "uri", uri), NULL,
			deadline_in_ms(ANSWER_MS)))
		fail_msg("migrate: %s", qmp_error(m->qmp));
	for (;;) {
		get_status(m, "query-migrate", status, sizeof(status));
		if (!strcmp(status, "completed"))
			break;
		if (!*status || !strcmp(status, "failed"))
			fail_msg("the migration failed");
		sleep_ns(NSEC_PER_MSEC);
	}
}

bool machine_arrived(struct machine *m)
{
	char status[64];

	for (;;) {
		get_status(m, "query-status", status, sizeof(status));
		if (strcmp(status, "inmigrate") != 0)
			return *status;
		sleep_ns(NSEC_PER_MSEC);
	}
}

int machine_said(const struct machine *m, const char *text)
{
	char *log = read_file(m->log_path), *at;
	int count = 0;

	for (at = log; at && (at = strstr(at, text)); at++)
		count++;
	free(log);
	return count;
}

uint64_t machine_most(const struct machine *m, const char *text, int *count)
{
	char *log = read_file(m->log_path), *at;
	uint64_t most = 0, value;

	*count = 0;
	for (at = log; at && (at = strstr(at, text)); at++) {
		value = strtoull(at + strlen(text), NULL, 0);
		most = value > most ? value : most;
		++*count;
	}
	free(log);
	return most;
}

void machine_control(struct machine *m, const char *command)
{
	if (qmp_execute(m->qmp, command, NULL, NULL, deadline_in_ms(ANSWER_MS)))
		fail_msg("%s: %s", command, qmp_error(m->qmp));
}
