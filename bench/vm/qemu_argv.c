/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/qemu_argv.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/guest/protocol.h"
#include "bench/vm/qemu_probe.h"

#define ARGS_MAX 64

/* nobody where no file names him: what the kernel shows for IDs that have no name. */
#define OVERFLOW_ID 65534U

/*
 * A panic ends the VM at once (panic=-1 with -no-reboot); warnings are printed
 * and everything below them is kept in the buffer, since each character on a
 * serial line costs an exit. Whether its timer works the kernel finds out by
 * counting ticks for some milliseconds, in which a busy host may not run the
 * guest at all: it panics then (under KVM it does not look).
 */
#define KERNEL_COMMAND_LINE "console=ttyS0 panic=-1 quiet loglevel=5 tsc=reliable no_timer_check"

/* In the movable zone, or one page of the kernel's would keep a block from being unplugged. */
#define PLUGGED_COMMAND_LINE " memhp_default_state=online_movable"
/* Of x86-64, below 64 GiB of memory. */
#define MEMORY_BLOCK (128ULL << 20)

struct args {
	char *list[ARGS_MAX + 1];
	size_t count;
	int failed;
};

static void add(struct args *args, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct args *args, const char *fmt, ...)
{
	va_list ap;

	if (args->count == ARGS_MAX) {
		args->failed = 1;
		return;
	}
	va_start(ap, fmt);
	if (vasprintf(&args->list[args->count], fmt, ap) < 0) {
		args->list[args->count] = NULL;
		args->failed = 1;
	} else {
		args->count++;
	}
	va_end(ap);
}

static void add_accel(struct args *args, enum accel accel)
{
	switch (accel) {
	case ACCEL_KVM:
		add(args, "-accel");
		add(args, "kvm");
		add(args, "-cpu");
		add(args, "host");
		break;
	case ACCEL_TCG:
		add(args, "-accel");
		add(args, "tcg,thread=multi");
		break;
	case ACCEL_ICOUNT:
		/* One instruction is one nanosecond; an idle guest skips to its next timer. */
		add(args, "-accel");
		add(args, "tcg,thread=single");
		add(args, "-icount");
		add(args, "shift=0,sleep=off");
		break;
	}
}

static void add_backend(struct args *args, const struct qemu_config *config, const char *id,
			uint64_t bytes, bool prealloc_wanted)
{
	const char *prealloc = prealloc_wanted ? ",prealloc=on" : "";
	unsigned long long mib = bytes >> 20;

	add(args, "-object");
	switch (config->backing) {
	case BACKING_ANONYMOUS:
		add(args, "memory-backend-ram,id=%s,size=%lluM%s", id, mib, prealloc);
		break;
	case BACKING_MEMFD:
		add(args, "memory-backend-memfd,id=%s,size=%lluM,share=on%s", id, mib, prealloc);
		break;
	case BACKING_HUGETLB:
		add(args,
		    "memory-backend-memfd,id=%s,size=%lluM,share=on,hugetlb=on,hugetlbsize=2M%s",
		    id, mib, prealloc);
		break;
	}
}

/* The guest's kernel takes whole memory blocks of its own: room for the last one. */
static uint64_t region_bytes(const struct qemu_config *config)
{
	return (config->plugged_bytes + MEMORY_BLOCK - 1) / MEMORY_BLOCK * MEMORY_BLOCK;
}

static void add_memory(struct args *args, const struct qemu_config *config)
{
	uint64_t boot_bytes = config->memory_bytes - config->plugged_bytes;

	add(args, "-m");
	if (config->plugged_bytes)
		add(args, "%lluM,maxmem=%lluM", (unsigned long long)boot_bytes >> 20,
		    (unsigned long long)(boot_bytes + region_bytes(config)) >> 20);
	else
		add(args, "%lluM", (unsigned long long)boot_bytes >> 20);
	add_backend(args, config, "ram", boot_bytes, config->prealloc);
	/* What is plugged the device allocates by itself, for it discards all of it first. */
	if (config->plugged_bytes)
		add_backend(args, config, "plugged", region_bytes(config), false);
}

static void add_virtio_mem(struct args *args, const struct qemu_config *config)
{
	const char *properties = config->device_properties;

	add(args, "-device");
	add(args,
	    "virtio-mem-pci,id=" QEMU_VIRTIO_MEM_ID ",memdev=plugged,requested-size=%lluM%s%s%s",
	    (unsigned long long)config->plugged_bytes >> 20, config->prealloc ? ",prealloc=on" : "",
	    properties && *properties ? "," : "", properties ? properties : "");
}

static void add_balloon(struct args *args, const struct qemu_config *config)
{
	const char *properties = config->device_properties;

	add(args, "-device");
	add(args, "virtio-balloon-pci,id=balloon0%s%s%s%s%s",
	    config->balloon_in_cpu ? ",ioeventfd=off" : "",
	    config->deflate_on_oom ? ",deflate-on-oom=on" : "",
	    config->reports_free_pages ? ",free-page-reporting=on" : "",
	    properties && *properties ? "," : "", properties ? properties : "");
}

/* A text as the value of a QEMU option, where a comma that is not doubled ends it. */
static char *option_value(const char *text)
{
	char *value = malloc(2 * strlen(text) + 1), *to = value;

	for (; value && *text; text++) {
		*to++ = *text;
		if (*text == ',')
			*to++ = ',';
	}
	if (value)
		*to = '\0';
	return value;
}

/*
 * @console: path; @qmp and @guest: what the socket chardevs are made of; @run_with:
 * see privileges(), or NULL.
 */
static char **make_argv(const struct qemu_config *config, const char *console, const char *qmp,
			const char *guest, const char *run_with)
{
	struct args args = { .count = 0 };
	char **argv;

	add(&args, "%s", config->binary);
	add(&args, "-nodefaults");
	add(&args, "-no-user-config");
	add(&args, "-display");
	add(&args, "none");
	add(&args, "-no-reboot");
	add(&args, "-machine");
	add(&args, "q35,usb=off,sata=off,smbus=off,memory-backend=ram");
	add_accel(&args, config->accel);
	add(&args, "-smp");
	add(&args, "%u", config->vcpus);
	add_memory(&args, config);
	add(&args, "-kernel");
	add(&args, "%s", config->vmlinux);
	add(&args, "-initrd");
	add(&args, "%s", config->initramfs);
	add(&args, "-append");
	add(&args, KERNEL_COMMAND_LINE "%s%s%s", config->plugged_bytes ? PLUGGED_COMMAND_LINE : "",
	    config->append ? " " : "", config->append ? config->append : "");
	add(&args, "-chardev");
	add(&args, "file,id=console,path=%s", console);
	add(&args, "-serial");
	add(&args, "chardev:console");
	add(&args, "-chardev");
	add(&args, "socket,id=qmp,%s", qmp);
	add(&args, "-mon");
	add(&args, "chardev=qmp,mode=control");
	add(&args, "-device");
	add(&args, "virtio-serial-pci,id=serial0,max_ports=2");
	add(&args, "-chardev");
	add(&args, "socket,id=guest,%s", guest);
	add(&args, "-device");
	add(&args, "virtserialport,chardev=guest,name=" GUEST_PORT_NAME);
	if (config->plugged_bytes)
		add_virtio_mem(&args, config);
	else
		add_balloon(&args, config);
	if (run_with) {
		add(&args, "-run-with");
		add(&args, "%s", run_with);
	}

	argv = args.failed ? NULL : malloc((args.count + 1) * sizeof(*argv));
	if (argv) {
		memcpy(argv, args.list, args.count * sizeof(*argv));
		argv[args.count] = NULL;
		return argv;
	}
	while (args.count)
		free(args.list[--args.count]);
	return NULL;
}

/*
 * What root's QEMU becomes once it has opened what it needs and before the guest
 * runs: nobody, in a directory that nobody can write to. NULL where it keeps what
 * it has; *@failed is set when out of memory.
 */
static char *privileges(const struct qemu_config *config, const char *directory, bool *failed)
{
	const struct passwd *nobody;
	char *run_with = NULL;

	if (geteuid() || !qemu_changes_user(config->binary))
		return NULL;
	nobody = getpwnam("nobody");
	if (asprintf(&run_with, "user=%u:%u,chroot=%s", nobody ? nobody->pw_uid : OVERFLOW_ID,
		     nobody ? nobody->pw_gid : OVERFLOW_ID, directory) >= 0)
		return run_with;
	*failed = true;
	return NULL;
}

char **qemu_argv(const struct qemu_config *config, int qmp_fd, int guest_fd)
{
	char *directory = option_value(config->directory), *console = NULL, *run_with = NULL;
	char qmp[32], guest[32], **argv = NULL;
	bool failed = !directory;

	if (!failed && asprintf(&console, "%s/console.log", directory) < 0) {
		console = NULL;
		failed = true;
	}
	if (!failed)
		run_with = privileges(config, directory, &failed);
	snprintf(qmp, sizeof(qmp), "fd=%d", qmp_fd);
	snprintf(guest, sizeof(guest), "fd=%d", guest_fd);
	if (!failed)
		argv = make_argv(config, console, qmp, guest, run_with);
	free(directory);
	free(console);
	free(run_with);
	return argv;
}

void qemu_argv_free(char **argv)
{
	char **arg;

	for (arg = argv; arg && *arg; arg++)
		free(*arg);
	free(argv);
}

/* As sh(1) reads it back: in single quotes, a single quote itself as '\''. */
static void print_quoted(FILE *f, const char *arg)
{
	fputc('\'', f);
	for (; *arg; arg++) {
		if (*arg == '\'')
			fputs("'\\''", f);
		else
			fputc(*arg, f);
	}
	fputc('\'', f);
}

int qemu_write_script(const struct qemu_config *config, const char *path)
{
	char **argv, **arg;
	int err = 0;
	FILE *f;

	argv = make_argv(config, "console.log", "path=qmp.sock,server=on,wait=off",
			 "path=guest.sock,server=on,wait=off", NULL);
	f = argv ? fopen(path, "we") : NULL;
	if (!f) {
		err = argv ? -errno : -ENOMEM;
		goto out;
	}
	fputs("#!/bin/sh\n# The VM of this boot, by hand: QMP and the agent listen on qmp.sock and "
	      "guest.sock.\numask 077\nexec",
	      f);
	for (arg = argv; *arg; arg++) {
		fputs(" \\\n\t", f);
		print_quoted(f, *arg);
	}
	fputc('\n', f);
	if (fchmod(fileno(f), 0755) < 0)
		err = -errno;
	if (fclose(f) == EOF && !err)
		err = -errno;
out:
	qemu_argv_free(argv);
	return err;
}
