/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/guest/messages.h"
#include "bench/vm/qemu.h"
#include "lib/alloc.h"
#include "lib/run_program.h"
#include "lib/units.h"

/* nobody, if there is no such user: the kernel's overflow ID. */
#define OVERFLOW_ID 65534U

/* The directory of the boot, which nobody can exchange: by an inherited descriptor. */
#define DIRECTORY "/proc/self/fd/" STRING(QEMU_DIRECTORY_FD)

/*
 * A panic ends the VM at once (panic=-1 with -no-reboot). Only warnings are printed:
 * each character on a serial line costs an exit. no_timer_check: the kernel counts
 * ticks for some milliseconds, and panics if a busy host does not run the guest then.
 * iomem=relaxed: the agent maps the device's configuration while its driver has it, which
 * a kernel with CONFIG_IO_STRICT_DEVMEM, as of a distribution, refuses otherwise.
 */
#define KERNEL_COMMAND_LINE                                                                        \
	"console=%s panic=-1 quiet loglevel=5 tsc=reliable no_timer_check iomem=relaxed"

/* The agent of a host looks for no balloon. */
#define HOST_COMMAND_LINE " " GUEST_HOST_VARIABLE "=1"

/* The agent looks for the balloon of another driver than virtio's. */
#define METHOD_COMMAND_LINE " " GUEST_METHOD_VARIABLE "="
/* cmm asks itself for its target, each second. */
#define CMM_COMMAND_LINE " cmm.simulate=1 cmm.delay=1"

/* In the movable zone: a block with a page of the kernel cannot be unplugged. */
#define PLUGGED_COMMAND_LINE " memhp_default_state=online_movable"
/* x86-64 with less than 64 GiB of memory. */
#define MEMORY_BLOCK (128ULL << 20)

bool qemu_device_has(const char *binary, const char *device, const char *property)
{
	static char asked[PATH_MAX], asked_device[40], properties[16384];
	char help[80], line[80];
	const char *argv[] = { binary, "-device", help, NULL };

	snprintf(help, sizeof(help), "%s,help", device);
	if (strcmp(asked, binary) || strcmp(asked_device, device))
		program_output(argv, properties, sizeof(properties));
	snprintf(asked, sizeof(asked), "%s", binary);
	snprintf(asked_device, sizeof(asked_device), "%s", device);
	snprintf(line, sizeof(line), "  %s=<", property);
	return strstr(properties, line);
}

bool qemu_balloon_has(const char *binary, const char *property)
{
	return qemu_device_has(binary, QEMU_BALLOON, property);
}

bool qemu_changes_user(const char *binary)
{
	const char *argv[] = { binary, "-help", NULL };
	static char asked[PATH_MAX], options[1 << 17];

	if (strcmp(asked, binary))
		program_output(argv, options, sizeof(options));
	snprintf(asked, sizeof(asked), "%s", binary);
	return strstr(options, "-run-with ") && strstr(options, "[,chroot=dir]") &&
	       strstr(options, "user=uid:gid");
}

static const struct arch *arch_of(const struct qemu_config *config)
{
	return config->arch ?: arch_of_config(NULL);
}

/* The method whose driver the agent is to look for; NULL: virtio's. */
static const char *other_driver(const struct qemu_config *config)
{
	return config->method == RESULT_VMWARE || config->method == RESULT_CMM
		       ? method_names[config->method]
		       : NULL;
}

struct args {
	char **list;
	size_t count;
};

/* An option, and its value unless that is NULL. */
__attribute__((format(printf, 3, 4))) static void add(struct args *args, const char *option,
						      const char *fmt, ...)
{
	va_list ap;

	args->list = xreallocarray(args->list, args->count + 3, sizeof(*args->list));
	args->list[args->count++] = xstrdup(option);
	va_start(ap, fmt);
	if (fmt && vasprintf(&args->list[args->count++], fmt, ap) < 0)
		abort();
	va_end(ap);
	args->list[args->count] = NULL;
}

static void add_backend(struct args *args, const struct qemu_config *config, const char *id,
			uint64_t bytes, bool prealloc)
{
	static const char *const shared[] = { "", ",share=on",
					      ",share=on,hugetlb=on,hugetlbsize=2M" };

	add(args, "-object", "memory-backend-%s,id=%s,size=%lluM%s%s",
	    config->backing == BACKING_ANONYMOUS ? "ram" : "memfd", id,
	    (unsigned long long)bytes >> 20, shared[config->backing],
	    prealloc ? ",prealloc=on" : "");
}

static void add_memory(struct args *args, const struct qemu_config *config)
{
	unsigned long long boot_bytes = config->memory_bytes - config->plugged_bytes;
	/* The guest's kernel adds whole memory blocks: round up to the last one. */
	unsigned long long region_bytes =
		(config->plugged_bytes + MEMORY_BLOCK - 1) / MEMORY_BLOCK * MEMORY_BLOCK;

	if (region_bytes)
		add(args, "-m", "%lluM,maxmem=%lluM", boot_bytes >> 20,
		    (boot_bytes + region_bytes) >> 20);
	else
		add(args, "-m", "%lluM", boot_bytes >> 20);
	add_backend(args, config, "ram", boot_bytes, config->prealloc);
	/* The device preallocates plugged memory itself, after it has discarded all of it. */
	if (region_bytes)
		add_backend(args, config, "plugged", region_bytes, false);
}

static void add_device(struct args *args, const struct qemu_config *config)
{
	const char *properties = config->device_properties ? config->device_properties : "";
	const char *comma = *properties ? "," : "";

	/* The guest's kernel plays the host itself. */
	if (config->method == RESULT_CMM)
		return;
	if (config->plugged_bytes)
		add(args, "-device",
		    "virtio-mem-pci,id=" QEMU_VIRTIO_MEM_ID
		    ",memdev=plugged,requested-size=%lluM%s%s%s",
		    (unsigned long long)config->plugged_bytes >> 20,
		    config->prealloc ? ",prealloc=on" : "", comma, properties);
	else if (config->method == RESULT_VMWARE)
		add(args, "-device", QEMU_VMWARE_BALLOON ",id=balloon0%s%s", comma, properties);
	else
		add(args, "-device", QEMU_BALLOON ",id=balloon0%s%s%s%s%s",
		    config->balloon_in_cpu ? ",ioeventfd=off" : "",
		    config->deflate_on_oom ? ",deflate-on-oom=on" : "",
		    config->reports_free_pages ? ",free-page-reporting=on" : "", comma, properties);
}

/* Of the program that runs in a host. */
static void add_ports(struct args *args)
{
	add(args, "-chardev", "socket,id=work,fd=%d", QEMU_WORK_FD);
	add(args, "-device", "virtserialport,chardev=work,name=" GUEST_WORK_PORT_NAME);
	add(args, "-chardev", "socket,id=text,fd=%d", QEMU_TEXT_FD);
	add(args, "-device", "virtserialport,chardev=text,name=" GUEST_TEXT_PORT_NAME);
}

/*
 * The kernel takes a machine for VMware's by its serial number and vmport, unless its CPU says that
 * there is a hypervisor, which would have to be VMware then.
 */
static void add_machine(struct args *args, const struct qemu_config *config)
{
	const bool vmware = config->method == RESULT_VMWARE;

	add(args, "-machine", "%s,memory-backend=ram%s", arch_of(config)->machine,
	    vmware ? ",vmport=on" : "");
	if (vmware)
		add(args, "-smbios", "type=1,serial=VMware");
}

static void add_cpu(struct args *args, const struct qemu_config *config, bool kvm)
{
	const bool vmware = config->method == RESULT_VMWARE;
	const char *hypervisor = vmware ? ",hypervisor=off" : "";

	if (config->host)
		add(args, "-cpu", "%s", config->host->cpu);
	else if (arch_of(config)->cpu)
		add(args, "-cpu", "%s", arch_of(config)->cpu);
	else if (kvm)
		add(args, "-cpu", "host%s", hypervisor);
	else if (vmware)
		add(args, "-cpu", "qemu64%s", hypervisor);
}

/* A copy in which @with stands for each @c. */
static char *replace(const char *text, char c, const char *with)
{
	char *copy = xcalloc(strlen(text) * strlen(with) + 1, 1), *to = copy;

	for (; *text; text++) {
		if (*text == c)
			to = stpcpy(to, with);
		else
			*to++ = *text;
	}
	return copy;
}

/*
 * @initramfs and @console: paths; @qmp and @guest: values of the socket chardevs; @run_with: see
 * privileges(), or NULL; @name: config->name, or NULL.
 */
static char **make_argv(const struct qemu_config *config, const char *initramfs,
			const char *console, const char *qmp, const char *guest,
			const char *run_with, const char *name)
{
	static const char *const accels[] = {
		[RESULT_KVM] = "kvm",
		[RESULT_TCG] = "tcg,thread=multi",
		[RESULT_ICOUNT] = "tcg,thread=single",
		[RESULT_KVM_IN_KVM] = "kvm",
		[RESULT_KVM_IN_TCG] = "kvm",
		[RESULT_KVM_IN_ICOUNT] = "kvm",
	};
	const char *driver = other_driver(config);
	struct args args = { .count = 0 };

	add(&args, config->binary, NULL);
	add(&args, "-nodefaults", NULL);
	add(&args, "-no-user-config", NULL);
	add(&args, "-display", "none");
	add(&args, "-no-reboot", NULL);
	if (name)
		add(&args, "-name", "guest=%s", name);
	add_machine(&args, config);
	add(&args, "-accel", "%s", accels[config->accel]);
	add_cpu(&args, config, !strcmp(accels[config->accel], "kvm"));
	/* One instruction is one nanosecond; an idle guest skips to its next timer. */
	if (config->accel == RESULT_ICOUNT)
		add(&args, "-icount", "shift=0,sleep=off");
	add(&args, "-smp", "%u", config->vcpus);
	add_memory(&args, config);
	add(&args, "-kernel", "%s", config->image);
	add(&args, "-initrd", "%s", initramfs);
	add(&args, "-append", KERNEL_COMMAND_LINE "%s%s%s%s%s%s%s%s%s", arch_of(config)->console,
	    config->host ? HOST_COMMAND_LINE : "", driver ? METHOD_COMMAND_LINE : "", driver ?: "",
	    config->method == RESULT_CMM ? CMM_COMMAND_LINE : "",
	    config->plugged_bytes ? PLUGGED_COMMAND_LINE : "", config->append ? " " : "",
	    config->append ? config->append : "", config->kernel_args ? " " : "",
	    config->kernel_args ? config->kernel_args : "");
	add(&args, "-chardev", "file,id=console,path=%s", console);
	add(&args, "-serial", "chardev:console");
	add(&args, "-chardev", "socket,id=qmp,%s", qmp);
	add(&args, "-mon", "chardev=qmp,mode=control");
	add(&args, "-device", "virtio-serial-pci,id=serial0,max_ports=4");
	add(&args, "-chardev", "socket,id=guest,%s", guest);
	add(&args, "-device", "virtserialport,chardev=guest,name=" GUEST_PORT_NAME);
	if (config->host)
		add_ports(&args);
	else
		add_device(&args, config);
	if (run_with)
		add(&args, "-run-with", "%s", run_with);
	return args.list;
}

/*
 * Root's QEMU becomes nobody, in a directory that nobody cannot write to, after it has
 * opened its files and before the guest runs. NULL: it keeps its privileges.
 */
static char *privileges(const struct qemu_config *config)
{
	const struct passwd *nobody;

	if (geteuid() || !qemu_changes_user(config->binary))
		return NULL;
	nobody = getpwnam("nobody");
	return xasprintf("user=%u:%u,chroot=" DIRECTORY, nobody ? nobody->pw_uid : OVERFLOW_ID,
			 nobody ? nobody->pw_gid : OVERFLOW_ID);
}

char **qemu_argv(const struct qemu_config *config)
{
	char *run_with = privileges(config), qmp[32], guest[32], **argv;
	/* A single comma would end the value. */
	char *name = config->name ? replace(config->name, ',', ",,") : NULL;
	char initramfs[] = "/proc/self/fd/" STRING(QEMU_INITRAMFS_FD);

	snprintf(qmp, sizeof(qmp), "fd=%d", QEMU_QMP_FD);
	snprintf(guest, sizeof(guest), "fd=%d", QEMU_GUEST_FD);
	argv = make_argv(config, config->modules || config->host ? initramfs : config->initramfs,
			 DIRECTORY "/console.log", qmp, guest, run_with, name);
	free(name);
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

/* A word of a command of the shell, on a line of its own. */
static void put_word(FILE *f, const char *word)
{
	char *quoted = replace(word, '\'', "'\\''");

	fprintf(f, " \\\n\t'%s'", quoted);
	free(quoted);
}

int qemu_write_script(const struct qemu_config *config, const char *path)
{
	FILE *f = fopen(path, "we");
	char **argv, **arg;
	int err = 0;

	if (!f)
		return -errno;
	argv = make_argv(config, config->modules ? "initramfs.cpio" : config->initramfs,
			 "console.log", "path=qmp.sock,server=on,wait=off",
			 "path=guest.sock,server=on,wait=off", NULL, NULL);
	fputs("#!/bin/sh\n# The VM of this boot, by hand: QMP and the agent listen on qmp.sock and "
	      "guest.sock.\numask 077\n",
	      f);
	if (config->modules) {
		fputs("cat", f);
		put_word(f, config->initramfs);
		put_word(f, config->modules);
		fputs(" >initramfs.cpio || exit\n", f);
	}
	fputs("exec", f);
	for (arg = argv; *arg; arg++)
		put_word(f, *arg);
	fputc('\n', f);
	if (fchmod(fileno(f), 0755) < 0)
		err = -errno;
	if (fclose(f) == EOF && !err)
		err = -errno;
	qemu_argv_free(argv);
	return err;
}
