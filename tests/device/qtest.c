/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/qtest.h"

#include "tests/support/unit.h"

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

#include "bench/images.h"
#include "bench/paths.h"
#include "tests/support/files.h"

#define ANSWER_MS 60000

static __attribute__((noreturn)) void exec_qemu(const char *binary, const char *properties,
						const char *ram_path, const char *log_path,
						int qtest)
{
	char ram[512], device[256], chardev[64];
	int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	fcntl(qtest, F_SETFD, 0);
	snprintf(ram, sizeof(ram), "memory-backend-file,id=ram,size=%u,share=on,mem-path=%s",
		 RAM_BYTES, ram_path);
	snprintf(device, sizeof(device), "virtio-balloon-pci,id=balloon0,addr=04.0%s%s",
		 *properties ? "," : "", properties);
	snprintf(chardev, sizeof(chardev), "socket,id=qtest,fd=%d", qtest);
	execl(binary, binary, "-nodefaults", "-no-user-config", "-display", "none", "-accel",
	      "qtest", "-machine", "q35,usb=off,sata=off,smbus=off,memory-backend=ram", "-object",
	      ram, "-m", "320M", "-device", device, "-chardev", chardev, "-qtest", "chardev:qtest",
	      "-qtest-log", "none", (char *)NULL);
	perror(binary);
	_exit(127);
}

static uint8_t *map_ram(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint8_t *ram;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, RAM_BYTES), 0);
	ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(ram, MAP_FAILED);
	close(fd);
	return ram;
}

void machine_start(struct machine *m, const char *properties)
{
	static char ram_path[512], log_path[512];
	struct images images;
	int sockets[2];
	char err[512];

	if (images_load(&images, path_images(), err, sizeof(err)))
		fail_msg("%s", err);
	snprintf(ram_path, sizeof(ram_path), "%s/ram", test_dir);
	snprintf(log_path, sizeof(log_path), "%s/qemu.log", test_dir);
	unlink(log_path);
	memset(m, 0, sizeof(*m));
	m->log_path = log_path;
	m->ram = map_ram(ram_path);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	m->pid = fork();
	if (m->pid == 0)
		exec_qemu(images.qemu, properties, ram_path, log_path, sockets[1]);
	close(sockets[1]);
	m->qtest = sockets[0];
	images_release(&images);
}

void machine_end(struct machine *m)
{
	if (m->pid > 0) {
		kill(m->pid, SIGKILL);
		waitpid(m->pid, NULL, 0);
		close(m->qtest);
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
			fail_msg("QEMU does not answer");
		if (read(m->qtest, line + n, 1) != 1)
			fail_msg("QEMU has ended");
		if (line[n] == '\n')
			break;
		n += n < size - 1;
	}
	line[n] = '\0';
}

/* One command, one answer: "OK" and perhaps a value. */
static uint64_t command(struct machine *m, const char *text)
{
	char line[128];

	if (write(m->qtest, text, strlen(text)) != (ssize_t)strlen(text))
		fail_msg("QEMU has ended");
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

int machine_said(const struct machine *m, const char *text)
{
	char *log = read_file(m->log_path), *at;
	int count = 0;

	for (at = log; at && (at = strstr(at, text)); at++)
		count++;
	free(log);
	return count;
}
