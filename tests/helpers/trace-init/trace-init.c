/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID 1 of a virtual machine with a kernel of a distribution; powers off at the end. What is to be
 * read stands between lines of "=== ". The argument, which follows -- on the kernel's command
 * line, says what it does:
 *   host    run `balloontrace host --json` beside processes with known calls
 *   driver  run `balloontrace guest` before the balloon's module is loaded, after it is unbound
 *           from its device, and with a module without BTF (/modules/without-btf.ko)
 *   report  run `balloontrace guest --json` while free pages are reported
 *   stall   once the balloon has left less than 160 MiB, run `balloontrace guest` beside a process
 * that fills 192 MiB idle    load the modules, fill and free 3/4 of the memory, and wait
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_ONCE 20
#define IN_SUCCESSION 40

static void mount_all(void)
{
	static const struct {
		const char *type, *path;
	} mounts[] = {
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "devtmpfs", "/dev" },
		{ "tracefs", "/sys/kernel/tracing" },
	};
	size_t i;
	int fd;

	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].path, 0755);
		mount(mounts[i].type, mounts[i].path, mounts[i].type, 0, NULL);
	}
	fd = open("/dev/console", O_RDWR);
	for (i = 0; fd >= 0 && i < 3; i++)
		dup2(fd, i);
	setvbuf(stdout, NULL, _IONBF, 0);
}

#define OUTPUT "/output"

/* A console is too slow for a tracer that is to end. */
static void print_output(void)
{
	char text[4096];
	int fd = open(OUTPUT, O_RDONLY);
	ssize_t n;

	while (fd >= 0 && (n = read(fd, text, sizeof(text))) > 0)
		fwrite(text, 1, n, stdout);
}

/* Start the tracer; its standard error is a pipe. */
static pid_t start_tracer(const char *side, const char *option, int *errors)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(ends[1], STDERR_FILENO);
		dup2(open(OUTPUT, O_CREAT | O_TRUNC | O_WRONLY, 0600), STDOUT_FILENO);
		execl("/balloontrace", "balloontrace", side, option, NULL);
		_exit(127);
	}
	close(ends[1]);
	*errors = ends[0];
	return pid;
}

/* It says so once it is attached. */
static void await_tracer(int errors)
{
	char text[4096];
	size_t length = 0;
	ssize_t n;

	do {
		n = read(errors, text + length, sizeof(text) - 1 - length);
		length += n > 0 ? n : 0;
		text[length] = '\0';
	} while (n > 0 && !strstr(text, "waiting for one") && !strstr(text, ": tracing "));
	printf("%s%s\n", n > 0 ? "" : "=== failed: ", text);
}

static void end_tracer(pid_t tracer)
{
	int status;

	printf("=== begin\n");
	kill(tracer, SIGTERM);
	waitpid(tracer, &status, 0);
	print_output();
	printf("\n=== end, status %d\n", WEXITSTATUS(status));
}

static pid_t start_process(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	execl("/qemu-system-x86_64", "qemu-system-x86_64", "brief", "80", "-", "-name", "guest=web",
	      NULL);
	_exit(127);
}

static void trace_host(void)
{
	pid_t tracer, pids[AT_ONCE];
	int errors = -1, status, i;

	tracer = start_tracer("host", "--json", &errors);
	await_tracer(errors);
	for (i = 0; i < AT_ONCE; i++)
		pids[i] = start_process();
	for (i = 0; i < AT_ONCE; i++)
		waitpid(pids[i], &status, 0);
	for (i = 0; i < IN_SUCCESSION; i++)
		waitpid(start_process(), &status, 0);
	end_tracer(tracer);
}

static void load(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		printf("=== failed: %s: %m\n", file);
	close(fd);
}

/* All but the balloon's, which comes last. */
static void load_modules(bool balloon)
{
	FILE *order = fopen("/modules/order", "re");
	char name[64], file[96];

	while (order && fscanf(order, "%63s", name) == 1) {
		snprintf(file, sizeof(file), "/modules/%s.ko", name);
		if (strcmp(name, "virtio_balloon") && strcmp(name, "virtio_mem"))
			load(file);
	}
	if (order)
		fclose(order);
	if (balloon)
		load("/modules/virtio_balloon.ko");
}

/* Say what the tracer of the guest says. */
static void say_driver(const char *when, const char *option, const char *value)
{
	int status;
	pid_t pid;

	printf("=== %s\n", when);
	pid = fork();
	if (!pid) {
		execl("/balloontrace", "balloontrace", "guest", "--list", option, value, NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	printf("=== end, status %d\n", WEXITSTATUS(status));
}

static void unbind(void)
{
	static const char driver[] = "/sys/bus/virtio/drivers/virtio_balloon/";
	char path[256];
	FILE *f;
	int i;

	for (i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "%svirtio%d", driver, i);
		if (access(path, F_OK))
			continue;
		snprintf(path, sizeof(path), "%sunbind", driver);
		f = fopen(path, "we");
		if (f) {
			fprintf(f, "virtio%d", i);
			fclose(f);
		}
		return;
	}
	printf("=== failed: the driver has no device\n");
}

static void say_states_of_driver(void)
{
	load_modules(false);
	say_driver("not loaded", NULL, NULL);
	load("/modules/virtio_balloon.ko");
	say_driver("loaded", NULL, NULL);
	unbind();
	say_driver("without a device", NULL, NULL);
	syscall(SYS_delete_module, "virtio_balloon", 0);
	load("/modules/without-btf.ko");
	say_driver("without BTF", "--mechanism", "fentry");
	say_driver("without BTF, by kprobes", NULL, NULL);
}

#define MIB (1UL << 20)

static void fill(size_t bytes)
{
	char *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		printf("=== failed: %zu bytes: %m\n", bytes);
	else
		memset(memory, 1, bytes);
	munmap(memory, bytes);
}

static size_t free_bytes(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return info.freeram * info.mem_unit;
}

static void trace_reports(void)
{
	int errors = -1;
	pid_t tracer;

	load_modules(true);
	tracer = start_tracer("guest", "--json", &errors);
	await_tracer(errors);
	fill(free_bytes() / 2);
	/* The kernel reports two seconds after pages became free. */
	sleep(5);
	end_tracer(tracer);
}

/* The balloon has taken what it was to take. */
static void await_inflate(void)
{
	size_t before;

	do {
		before = free_bytes();
		sleep(1);
	} while (free_bytes() > 160 * MIB || free_bytes() + MIB < before);
}

static void trace_stall(void)
{
	int errors = -1, status;
	pid_t tracer, filler;

	load_modules(true);
	printf("=== ready\n");
	await_inflate();
	tracer = start_tracer("guest", NULL, &errors);
	await_tracer(errors);
	filler = fork();
	if (!filler) {
		fill(192 * MIB);
		_exit(0);
	}
	waitpid(filler, &status, 0);
	end_tracer(tracer);
}

static void idle(void)
{
	load_modules(true);
	printf("=== ready\n");
	for (;;)
		pause();
}

static void refill(void)
{
	load_modules(true);
	printf("=== ready\n");
	while (free_bytes() > 240 * MIB)
		usleep(100000);
	while (free_bytes() < 360 * MIB)
		usleep(100000);
	fill(free_bytes() / 4 * 3);
	printf("=== refilled\n");
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} modes[] = {
		{ "host", trace_host },
		{ "driver", say_states_of_driver },
		{ "report", trace_reports },
		{ "stall", trace_stall },
		{ "idle", idle },
		{ "refill", refill },
	};
	size_t i;

	mount_all();
	for (i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].name))
			modes[i].run();
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
