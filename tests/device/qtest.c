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
#include <sys/wait.h>
#include <unistd.h>

#include "bench/config/images.h"
#include "lib/clock.h"
#include "tests/helpers/files.h"

#define ANSWER_MS 60000

/* Arguments of exec_qemu(). */
struct start {
	const char *binary;
	const char *properties;
	const char *incoming;
	const char *ram_path;
	const char *log_path;
	int qtest;
	int qmp;
};

static __attribute__((noreturn)) void exec_qemu(const struct start *s)
{
	char ram[1024], device[256], qtest[64], qmp[64], incoming[1024];
	int log = open(s->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	fcntl(s->qtest, F_SETFD, 0);
	fcntl(s->qmp, F_SETFD, 0);
	snprintf(ram, sizeof(ram), "memory-backend-file,id=ram,size=%u,share=on,mem-path=%s",
		 RAM_BYTES, s->ram_path);
	snprintf(device, sizeof(device), "virtio-balloon-pci,id=balloon0,addr=04.0%s%s",
		 *s->properties ? "," : "", s->properties);
	snprintf(qtest, sizeof(qtest), "socket,id=qtest,fd=%d", s->qtest);
	snprintf(qmp, sizeof(qmp), "socket,id=qmp,fd=%d", s->qmp);
	snprintf(incoming, sizeof(incoming), "file:%s", s->incoming ? s->incoming : "");
	execl(s->binary, s->binary, "-nodefaults", "-no-user-config", "-display", "none", "-accel",
	      "qtest", "-machine", "q35,usb=off,sata=off,smbus=off,memory-backend=ram", "-object",
	      ram, "-m", "320M", "-device", device, "-chardev", qtest, "-qtest", "chardev:qtest",
	      "-qtest-log", "none", "-chardev", qmp, "-mon", "chardev=qmp,mode=control",
	      s->incoming ? "-incoming" : NULL, incoming, (char *)NULL);
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

void machine_start(struct machine *m, const char *properties, const char *incoming)
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
	start = (struct start){ images.qemu, properties, incoming, ram_path,
				m->log_path, qtest[1],	 qmp[1] };
	m->pid = fork();
	if (m->pid == 0)
		exec_qemu(&start);
	close(qtest[1]);
	close(qmp[1]);
	m->qtest = qtest[0];
	images_release(&images);
	/* A QEMU that refuses the incoming migration may exit before its greeting. */
	if (qmp_open(&m->qmp, qmp[0], NULL, deadline_in_ms(ANSWER_MS)) && !incoming)
		fail_msg("QMP: %s", qmp_error(m->qmp));
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
