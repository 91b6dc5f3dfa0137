/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/box/box.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench/box/wire.h"
#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/directory.h"
#include "lib/record_table.h"

/* To unpack some hundred MiB, on an emulated CPU. */
#define KERNEL_NS (180 * NSEC_PER_SEC)
/* To boot a first guest. */
#define PROGRAM_NS (300 * NSEC_PER_SEC)
#define SEND_NS (60 * NSEC_PER_SEC)
/* After so much silence, by its own clock, the agent is asked for a sign of life, */
#define SILENCE_NS (10 * NSEC_PER_SEC)
/* and has so long to give it. */
#define LIFE_NS (60 * NSEC_PER_SEC)
#define CONSOLE_BYTES (64 << 10)
/* Its clock counts a ns for each instruction, of one CPU that is emulated step by step. */
#define ICOUNT_SLOWNESS 20

/* Another CPU, as of QEMU's -cpu, to find out what an emulated one can do. */
#define CPU_VARIABLE "BALLOONBENCH_BOX_CPU"
/*
 * All that QEMU emulates but XSAVE, of whose size kernels may warn, and what needs it: Linux 7.3
 * uses AVX where it is said to be there.
 */
#define CPU_EMULATED "max,xsave=off,avx=off,avx2=off,f16c=off,fma=off,vaes=off,vpclmulqdq=off"
#define CPU_NESTED "host"

struct box {
	struct vm vm;
	char name[64];
	char directory[PATH_MAX]; /* of its logs; empty: there is none */
	int work_fd, text_fd;	  /* -1: closed */
	int ready_fd;		  /* an epoll of both */
	unsigned int slowness;	  /* see box_slowness() */
	struct box_hello hello;
};

#define S struct box_hello
RECORD(box_hello_record, "hello", NULL,
	FIELD(TEXT, kernel_release, .required = true), FIELD(TEXT, kernel_version, .required = true),
	FIELD(TEXT, cpu_model, .required = true), FIELD(COUNT, cpus, .required = true),
	FIELD(COUNT, memory_bytes, .required = true));
#undef S

unsigned int box_slowness(enum result_accel accel)
{
	return accel == RESULT_ICOUNT ? ICOUNT_SLOWNESS : 1;
}

const char *box_cpu(enum result_accel accel)
{
	return getenv(CPU_VARIABLE) ?: accel == RESULT_KVM ? CPU_NESTED : CPU_EMULATED;
}

const struct box_hello *box_hello(const struct box *box)
{
	return &box->hello;
}

/* Pass on what the program prints; its end is not that of the box. */
static void pass_text(struct box *box)
{
	char text[4096];
	ssize_t n = read(box->text_fd, text, sizeof(text));

	if (n > 0) {
		fwrite(text, 1, n, stderr);
	} else if (!n) {
		epoll_ctl(box->ready_fd, EPOLL_CTL_DEL, box->text_fd, NULL);
		close(box->text_fd);
		box->text_fd = -1;
	}
}

/* Whether kernel, agent and program are alive: 0 or an error with the VM's reason. */
static int ask_agent(struct box *box)
{
	struct guest_request request = guest_request("program-ended");
	char *how = NULL;
	int err = vm_request(&box->vm, &request, &answer_text, &how,
			     "when asked for a sign of life", LIFE_NS);

	if (!err && *how) {
		snprintf(box->vm.reason, sizeof(box->vm.reason), "balloonbench ended in it: %.64s",
			 how);
		err = -ECONNRESET;
	}
	free(how);
	return err;
}

/*
 * Wait for a message, pass on text meanwhile. Where instructions are counted, those for a sign of
 * life would be among them.
 */
static int await_message(struct box *box, uint64_t deadline)
{
	struct epoll_event event;
	uint64_t slice;
	int err;

	for (;;) {
		slice = clock_ns() + box->slowness * SILENCE_NS;
		err = interruptible_poll(box->ready_fd, POLLIN,
					 slice < deadline ? slice : deadline);
		if (err == -ETIMEDOUT && clock_ns() < deadline)
			err = ask_agent(box);
		else if (!err && epoll_wait(box->ready_fd, &event, 1, 0) == 1 &&
			 event.data.fd == box->work_fd)
			return 0;
		else if (!err)
			pass_text(box);
		if (err)
			return err;
	}
}

/* Say why a message did not come: the kernel, the program, or the time. Returns -EPROTO. */
static int explain(struct box *box, int err, const char *stage, char *text, size_t size)
{
	if (err == -EINTR)
		return err;
	if (!box->vm.reason[0])
		vm_explain(&box->vm, stage,
			   err == -ETIMEDOUT ? "not done in time" : strerror(-err));
	snprintf(text, size, "host %s: %s", box->name, box->vm.reason);
	return -EPROTO;
}

static int receive(struct box *box, struct wire_message *message, uint64_t deadline)
{
	int err = await_message(box, deadline);

	*message = (struct wire_message){ .data = NULL };
	if (!err)
		err = wire_receive(box->work_fd, message, deadline);
	if (err || message->type != WIRE_END)
		return err;
	snprintf(box->vm.reason, sizeof(box->vm.reason),
		 "balloonbench ended in it with exit status %.3s; see its message above",
		 message->data);
	return -ECONNRESET;
}

static int start_program(struct box *box, const struct box_config *config)
{
	struct guest_request request = guest_request("program");

	request.path = ((char **)config->arguments.items)[0];
	request.text = (char *)config->directory;
	request.arguments = config->arguments;
	request.environment = config->environment;
	return vm_request(&box->vm, &request, NULL, NULL, "when balloonbench was started in it",
			  LIFE_NS);
}

static int take_ports(struct box *box)
{
	struct epoll_event work = { .events = EPOLLIN }, text = { .events = EPOLLIN };

	box->work_fd = work.data.fd = box->vm.qemu.work_fd;
	box->text_fd = text.data.fd = box->vm.qemu.text_fd;
	box->vm.qemu.work_fd = box->vm.qemu.text_fd = -1;
	box->ready_fd = epoll_create1(EPOLL_CLOEXEC);
	if (box->ready_fd < 0 || epoll_ctl(box->ready_fd, EPOLL_CTL_ADD, box->work_fd, &work) < 0 ||
	    epoll_ctl(box->ready_fd, EPOLL_CTL_ADD, box->text_fd, &text) < 0)
		return -errno;
	return 0;
}

static int decode_hello(struct box *box, const struct wire_message *message, char *err, size_t size)
{
	json_t *json = json_loads(message->data, 0, NULL);
	char why[512] = "no JSON";
	int status = -EPROTO;

	if (message->type == WIRE_READY && json)
		status = record_decode(&box_hello_record, json, &box->hello, "its hello", why,
				       sizeof(why));
	if (status)
		snprintf(err, size, "host %s: balloonbench in it is another one: %s", box->name,
			 why);
	json_decref(json);
	return status;
}

/* Until the program has booted a guest. */
static int await_program(struct box *box, char *err, size_t err_size)
{
	static const char stage[] = "before balloonbench was ready in it";
	struct wire_message message;
	int status = receive(box, &message, clock_ns() + box->slowness * PROGRAM_NS);

	if (status)
		status = explain(box, status, stage, err, err_size);
	else
		status = decode_hello(box, &message, err, err_size);
	wire_release(&message);
	return status;
}

static int boot_kernel(struct box *box, const struct box_config *config, int initramfs, char *err,
		       size_t err_size)
{
	const struct qemu_host host = { box_cpu(config->accel), initramfs };
	const struct qemu_config qemu = {
		.host = &host,
		.binary = config->images->qemu,
		.image = config->kernel->image,
		.accel = config->accel,
		.memory_bytes = config->memory_bytes,
		.vcpus = config->vcpus,
		.thp = true,
		.pin = config->pin,
		.directory = box->directory,
		.name = box->name,
	};
	int status = vm_start(&box->vm, &qemu, config->kernel, box->slowness * KERNEL_NS);

	if (!status)
		status = take_ports(box);
	if (!status)
		status = start_program(box, config);
	if (status && status != -EINTR)
		snprintf(err, err_size, "host %s: %s", box->name,
			 box->vm.reason[0] ? box->vm.reason : strerror(-status));
	return status;
}

int box_open(struct box **opened, const struct box_config *config, char *err, size_t err_size)
{
	struct box *box = xcalloc(1, sizeof(*box));
	const char *const first[] = { config->images->initramfs, config->kernel->host_modules };
	char path[PATH_MAX];
	int initramfs, status;

	*opened = box;
	box->vm.qemu = QEMU_NONE;
	box->work_fd = box->text_fd = box->ready_fd = -1;
	box->slowness = box_slowness(config->accel);
	record_init(&box_hello_record, &box->hello);
	snprintf(box->name, sizeof(box->name), "%s", config->name);
	initramfs = box_files_pack(config->files, first, path, sizeof(path));
	if (initramfs < 0) {
		snprintf(err, err_size, "host %s: cannot read %s: %s", box->name, path,
			 strerror(-initramfs));
		return initramfs;
	}
	status = private_directory(box->directory, sizeof(box->directory), "balloonbench");
	if (status) {
		box->directory[0] = '\0';
		snprintf(err, err_size, "cannot make a directory in $TMPDIR or /tmp: %s",
			 strerror(-status));
	}
	if (!status)
		status = boot_kernel(box, config, initramfs, err, err_size);
	close(initramfs);
	return status ? status : await_program(box, err, err_size);
}

/* The file that a message names, in the directory of the boot. */
static int open_file(const char *directory, const char *name, FILE **file)
{
	char path[PATH_MAX];
	int fd;

	if (*file && fclose(*file) == EOF) {
		*file = NULL;
		return -errno;
	}
	*file = NULL;
	if (!name)
		return 0;
	if (!*name || strchr(name, '/') || *name == '.' ||
	    snprintf(path, sizeof(path), "%s/%s", directory, name) >= PATH_MAX)
		return -EBADMSG;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	*file = fd < 0 ? NULL : fdopen(fd, "w");
	return *file ? 0 : -errno;
}

static int write_data(FILE *file, const struct wire_message *message)
{
	if (!file)
		return -EBADMSG;
	return fwrite(message->data, 1, message->size, file) == message->size ? 0 : -errno;
}

/* Receive all of a boot. @local: an error is of a file here, not of the box. */
static int receive_boot(struct box *box, const char *directory, uint64_t deadline,
			void (*step)(const char *what, void *context), void *context,
			json_t **result, bool *local)
{
	struct wire_message message;
	FILE *file = NULL;
	bool done = false;
	int err = 0, ended = 0;

	while (!err && !done) {
		*local = false;
		err = receive(box, &message, deadline);
		if (!err && message.type == WIRE_STEP) {
			step(message.data, context);
		} else if (!err && message.type == WIRE_FILE) {
			*local = true;
			err = open_file(directory, message.data, &file);
		} else if (!err && message.type == WIRE_DATA) {
			*local = true;
			err = write_data(file, &message);
		} else if (!err && message.type == WIRE_RESULT) {
			done = true;
			*result = json_loadb(message.data, message.size, 0, NULL);
			err = *result ? 0 : -EBADMSG;
		} else if (!err && message.type == WIRE_ERROR) {
			done = *local = true;
			ended = atoi(message.data);
		} else if (!err) {
			err = -EBADMSG;
		}
		wire_release(&message);
	}
	if (open_file(directory, NULL, &file) && !err) {
		*local = true;
		err = -EIO;
	}
	return err ? err : ended;
}

int box_boot(struct box *box, const json_t *request, const char *directory, uint64_t timeout_ns,
	     void (*step)(const char *what, void *context), void *context, json_t **result,
	     char *err, size_t err_size)
{
	char *text = json_dumps(request, JSON_COMPACT);
	bool local = false;
	int status = wire_send(box->work_fd, WIRE_BOOT, text, strlen(text), clock_ns() + SEND_NS);

	free(text);
	*result = NULL;
	err[0] = '\0';
	if (!status)
		status = receive_boot(box, directory, clock_ns() + timeout_ns, step, context,
				      result, &local);
	if (status && !local)
		status = explain(box, status, "while a guest ran in it", err, err_size);
	return status;
}

bool box_keep_console(const struct box *box, const char *directory)
{
	static char text[CONSOLE_BYTES];
	char path[PATH_MAX];
	FILE *from = box->directory[0] ? fopen(vm_file(&box->vm, "console.log", path), "re") : NULL;
	FILE *to;
	size_t n;

	if (!from)
		return false;
	if (!fseek(from, 0, SEEK_END) && ftell(from) > CONSOLE_BYTES)
		fseek(from, -CONSOLE_BYTES, SEEK_END);
	else
		rewind(from);
	n = fread(text, 1, sizeof(text), from);
	fclose(from);
	snprintf(path, sizeof(path), "%s/host-console.log", directory);
	to = n ? fopen(path, "we") : NULL;
	if (!to)
		return false;
	fwrite(text, 1, n, to);
	return fclose(to) != EOF;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void box_close(struct box *box)
{
	if (!box)
		return;
	vm_release(&box->vm);
	close_fd(&box->work_fd);
	close_fd(&box->text_fd);
	close_fd(&box->ready_fd);
	if (box->directory[0])
		directory_remove(box->directory);
	record_release(&box_hello_record, &box->hello);
	free(box);
}
