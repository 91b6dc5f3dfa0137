/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench doctor: try what a run needs, and say how to fix what does not work. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/run/run.h"
#include "bench/vm/vm.h"
#include "bench/vm/interrupt.h"
#include "bench/vm/qemu.h"
#include "bpf/host_tracer.h"
#include "lib/clock.h"
#include "lib/privileges.h"
#include "lib/run_program.h"
#include "lib/units.h"

#define THP "/sys/kernel/mm/transparent_hugepage/enabled"
#define HUGETLB "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"

/* MISSING: a run is possible without it; BROKEN: none is. */
enum verdict { MISSING, WORKS, BROKEN };

static void __attribute__((format(printf, 3, 4)))
report(enum verdict verdict, const char *what, const char *fmt, ...)
{
	static const char *const marks[] = { "no", "ok", "FAILED" };
	va_list ap;

	printf("%-6s %-14s ", marks[verdict], what);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

static void check_machine(void)
{
	uint64_t limit = host_guest_memory_limit();
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	bool large = limit >= 8ULL << 30;
	char text[128];
	struct utsname uts;
	unsigned long pages;

	uname(&uts);
	report(WORKS, "host kernel", "%s %s", uts.sysname, uts.release);
	report(WORKS, "CPUs", "%ld%s", cpus,
	       cpus < 2 ? " (use two or more: QEMU and a vCPU share it)" : "");
	report(large, "memory", "guests of up to %s%s", format_bytes(limit, text, sizeof(text)),
	       large ? "" : "; larger scenarios are scaled down: free memory to avoid it");
	host_file_value(THP, "", "", text, sizeof(text));
	if (!*text)
		report(MISSING, "THP", "this kernel has no transparent huge pages");
	else
		report(!strstr(text, "[never]"), "THP", "%s%s", text,
		       strstr(text, "[never]") ? ": guest memory is in 4 KiB pages; to change "
						 "that: echo madvise >" THP
					       : "");
	pages = strtoul(host_file_value(HUGETLB, "", "", text, sizeof(text)), NULL, 10);
	report(pages > 0, "hugetlb", "%lu free pages of 2 MiB%s", pages,
	       pages ? "" : "; backing = hugetlb needs some: sysctl vm.nr_hugepages=N");
}

#define VERSION_OF(program) ((const char *[]){ program, "--version", NULL })

/* @without: what does not work without it. */
static void check_program(const char *program, const char *without)
{
	char line[256];

	if (program_first_line(VERSION_OF(program), line, sizeof(line)))
		report(MISSING, program, "not installed: %s; run make deps", without);
	else
		report(WORKS, program, "%s", line);
}

static void check_tracing(void)
{
	const struct tracer_options options = { .trace.level = TRACE_PAGES };
	struct host_tracer *tracer = NULL;
	char err[512];

	if (host_tracer_open(&tracer, &options, err, sizeof(err)))
		report(MISSING, "host tracing", "%s; resizes have no host phases", err);
	else
		report(WORKS, "host tracing",
		       "madvise, process_madvise and fallocate by tracepoints");
	host_tracer_close(tracer);
}

static void check_confinement(const struct images *images)
{
	int abi = confine_abi();
	const char *user = "runs as you";

	if (!geteuid())
		user = qemu_changes_user(images->qemu)
			       ? "runs as nobody"
			       : "keeps root (its -run-with user= came with QEMU 9.1)";
	if (abi)
		report(WORKS, "confinement", "QEMU %s, and Landlock (ABI %d) lets it write nowhere",
		       user, abi);
	else
		report(MISSING, "confinement",
		       "QEMU %s; this kernel has no Landlock to keep it from your files", user);
}

/* The exit status. */
static int check_accels(const struct images *images)
{
	int accel, err, status = EXIT_ENVIRONMENT;
	char what[32], reason[1024];

	for (accel = RESULT_KVM; accel <= RESULT_ICOUNT; accel++) {
		snprintf(what, sizeof(what), "accel %s", accel_names[accel]);
		err = accel_try(images, accel, ACCEL_TRY_NS, reason, sizeof(reason));
		if (err == -EINTR)
			return EXIT_INTERRUPTED;
		report(!err, what, "%s%s", err ? "a guest does not boot: " : "a guest was booted",
		       err ? reason : "");
		if (!err)
			status = EXIT_FINE;
	}
	return status;
}

/* Whether a host in a box can run under KVM; whether a guest can, is tried with the accelerators.
 */
static void check_nesting(void)
{
	if (hosts_nest())
		report(WORKS, "nested KVM", "a host in a box runs under KVM");
	else if (access("/dev/kvm", R_OK | W_OK) < 0)
		report(MISSING, "nested KVM",
		       "a host in a box runs under TCG, as /dev/kvm cannot be used: %s",
		       strerror(errno));
	else
		report(MISSING, "nested KVM",
		       "a host in a box runs under TCG, as KVM here lets no guest be a host; "
		       "modprobe kvm_intel or kvm_amd with nested=1 changes that");
}

/* Not booted: that takes half a minute, and a run says what went wrong. */
static void report_box(const struct images *images)
{
	const struct image_cut *cut, *end = images->cuts + images->cut_count;

	for (cut = images->cuts; cut < end; cut++)
		if (cut->host_modules || (cut->config && !strcmp(cut->config, HOST_CONFIG)))
			break;
	if (cut == end)
		report(MISSING, "host in a box",
		       "no kernel with KVM: balloonbench build --debian 6.12 adds one, for runs "
		       "under KVM with --host debian-6.12");
	else
		report(WORKS, "host in a box",
		       "--host %s: guests under KVM, with --accel icount the instructions of "
		       "guest, QEMU and host (not tried)",
		       cut->name);
}

static void report_unusable(const char *message)
{
	report(MISSING, "registered", "%s", message);
}

/* The kernels and QEMUs; the first kernel and the default QEMU, which are tried, have to be there.
 */
static int load(struct images *images, char *err, size_t err_size)
{
	int status = images_load(images, path_images(), err, err_size);

	if (status)
		return status;
	images_add_registered(images, path_cache(), report_unusable);
	if (!images->cut_count)
		return refuse(err, err_size,
			      "no guest kernels; make all builds the shipped ones, `balloonbench "
			      "build` yours");
	return images_use(images, &images->cuts[0], images_find_qemu(images, NULL), err, err_size);
}

static void report_kernels(const struct images *images)
{
	size_t shipped = 0;

	while (shipped < images->cut_count && !strcmp(images->cuts[shipped].file, images->file))
		shipped++;
	report(WORKS, "guest kernels",
	       "%zu cuts of %s, and %zu that `balloonbench build` registered", shipped,
	       shipped && images->cuts[0].source ? images->cuts[0].source : images->file,
	       images->cut_count - shipped);
}

static int run(struct command_line *command_line)
{
	struct images images;
	char err[1024], line[256];
	int status = EXIT_ENVIRONMENT;

	(void)command_line;
	if (interrupt_setup())
		return EXIT_ENVIRONMENT;
	check_machine();
	check_nesting();
	check_program("gnuplot", "reports have no plots");
	check_tracing();
	check_program("perf", "--perf does not work");
	if (load(&images, err, sizeof(err))) {
		report(BROKEN, "images", "%s", err);
		images_release(&images);
		return EXIT_ENVIRONMENT;
	}
	report_kernels(&images);
	report_box(&images);
	if (program_first_line(VERSION_OF(images.qemu), line, sizeof(line))) {
		report(BROKEN, "QEMU", "cannot run %s; run make deps, or name yours with QEMU=PATH",
		       images.qemu);
	} else {
		report(WORKS, "QEMU", "%s (%s)", line, images.qemu);
		check_confinement(&images);
		status = check_accels(&images);
	}
	images_release(&images);
	return status;
}

const struct command doctor_command = {
	.name = "doctor",
	.purpose = "check what this machine can do, and how to fix what it cannot",
	.description =
		"Check what this machine can and cannot do, and say how to fix it. Guests are "
		"booted for it; nothing is changed.",
	.examples = "  balloonbench doctor\n",
	.exits = "0 a run is possible\n"
		 "2 wrong usage\n"
		 "3 no run is possible, or the output was not written\n"
		 "130 interrupted",
	.run = run,
};
