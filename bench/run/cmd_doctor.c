/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench doctor: try what a run needs, and say what to do about what
 * does not work.
 */
#include <argp.h>
#include <stdarg.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/vm/accel.h"
#include "bench/run/commands.h"
#include "bench/run/host.h"
#include "bench/config/images.h"
#include "bench/vm/interrupt.h"
#include "bench/config/paths.h"
#include "bench/vm/qemu_probe.h"
#include "bpf/host_tracer.h"
#include "lib/confine.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/units.h"

static const char doc[] =
	"Say what this machine can and cannot do, and what to do about it. Guests are really "
	"booted; nothing is changed."
	"\v"
	"EXAMPLES\n"
	"  balloonbench doctor\n\n"
	"Exit status: 0 where a run is possible, 3 where it is not, 130 interrupted.\n";

enum verdict {
	WORKS,
	MISSING, /* a run is possible without it */
	BROKEN,	 /* no run is possible */
};

static void tell(enum verdict verdict, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void tell(enum verdict verdict, const char *what, const char *fmt, ...)
{
	static const char *const marks[] = { "ok", "no", "FAILED" };
	va_list ap;

	printf("%-6s %-14s ", marks[verdict], what);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

static void tell_machine(void)
{
	uint64_t limit = host_guest_memory_limit();
	struct utsname uts;
	char text[32];

	uname(&uts);
	tell(WORKS, "host kernel", "%s %s", uts.sysname, uts.release);
	tell(WORKS, "CPUs", "%ld%s", sysconf(_SC_NPROCESSORS_ONLN),
	     sysconf(_SC_NPROCESSORS_ONLN) < 2 ? " (two at least keep QEMU and a vCPU apart)" : "");
	tell(limit < (8ULL << 30) ? MISSING : WORKS, "memory", "guests of up to %s%s",
	     format_bytes(limit, text, sizeof(text)),
	     limit < (8ULL << 30) ? "; larger scenarios are scaled down: free memory to avoid it"
				  : "");
}

static void tell_thp(void)
{
	char line[128] = "";
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");

	if (f && fgets(line, sizeof(line), f))
		line[strcspn(line, "\n")] = '\0';
	if (f)
		fclose(f);
	if (!line[0])
		tell(MISSING, "THP", "this kernel has no transparent huge pages");
	else if (strstr(line, "[never]"))
		tell(MISSING, "THP",
		     "%s: guest memory is in 4 KiB pages; echo madvise into the file to change "
		     "that",
		     line);
	else
		tell(WORKS, "THP", "%s", line);
}

static void tell_hugetlb(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");

	if (f && fscanf(f, "%lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	tell(pages ? WORKS : MISSING, "hugetlb", "%lu free pages of 2 MiB%s", pages,
	     pages ? "" : "; backing = hugetlb needs some: sysctl vm.nr_hugepages=N");
}

/* First line that a program prints, run without a shell. */
static int first_line(const char *program, const char *option, char *line, size_t size)
{
	int pipe_fds[2], status;
	FILE *f;
	pid_t pid;

	line[0] = '\0';
	if (pipe(pipe_fds) < 0)
		return -errno;
	pid = fork();
	if (!pid) {
		dup2(pipe_fds[1], STDOUT_FILENO);
		execlp(program, program, option, NULL);
		_exit(127);
	}
	close(pipe_fds[1]);
	f = fdopen(pipe_fds[0], "r");
	if (f && fgets(line, size, f))
		line[strcspn(line, "\n")] = '\0';
	if (f)
		fclose(f);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 ||
	    (WIFEXITED(status) && WEXITSTATUS(status) == 127))
		return -ENOENT;
	return line[0] ? 0 : -EIO;
}

static void tell_accel(const struct images *images, enum accel accel, int *usable, int *stopped)
{
	char what[32], reason[1024];
	int err;

	if (*stopped)
		return;
	snprintf(what, sizeof(what), "accel %s", accel_name(accel));
	err = accel_try(images, accel, reason, sizeof(reason));
	if (err == -EINTR)
		*stopped = 1;
	else if (err)
		tell(MISSING, what, "a guest does not boot: %s", reason);
	else
		tell(WORKS, what, "a guest was booted");
	*usable += !err;
}

static void tell_gnuplot(void)
{
	char line[256];

	if (first_line("gnuplot", "--version", line, sizeof(line)))
		tell(MISSING, "gnuplot",
		     "not installed, reports have no plots; make deps installs it");
	else
		tell(WORKS, "gnuplot", "%s", line);
}

static void tell_tracing(void)
{
	const struct tracer_options options = { .level = TRACE_PAGES };
	struct host_tracer *tracer = NULL;
	char err[512], line[256];

	if (host_tracer_open(&tracer, &options, err, sizeof(err)))
		tell(MISSING, "host tracing", "%s; moves have no host phases", err);
	else
		tell(WORKS, "host tracing",
		     "madvise, process_madvise and fallocate by tracepoints");
	host_tracer_close(tracer);
	if (first_line("perf", "--version", line, sizeof(line)))
		tell(MISSING, "perf", "not installed, --perf needs it; make deps installs it");
	else
		tell(WORKS, "perf", "%s", line);
}

static void tell_confinement(const struct images *images)
{
	int abi = confine_abi();
	const char *user = "runs as you";

	if (!geteuid())
		user = qemu_changes_user(images->qemu)
			       ? "runs as nobody"
			       : "keeps root (its -run-with user= came with QEMU 9.1)";
	if (abi)
		tell(WORKS, "confinement", "QEMU %s, and Landlock (ABI %d) lets it write nowhere",
		     user, abi);
	else
		tell(MISSING, "confinement",
		     "QEMU %s; this kernel has no Landlock to keep it from your files", user);
}

static int tell_images(struct images *images)
{
	char err[1024], line[256];

	if (images_load(images, path_images(), err, sizeof(err))) {
		tell(BROKEN, "images", "%s", err);
		return -1;
	}
	tell(WORKS, "guest kernels", "%zu cuts of %s", images->cut_count, images->source);
	if (first_line(images->qemu, "--version", line, sizeof(line))) {
		tell(BROKEN, "QEMU",
		     "%s does not run; make deps installs Debian's, QEMU=PATH names yours",
		     images->qemu);
		images_release(images);
		return -1;
	}
	tell(WORKS, "QEMU", "%s (%s)", line, images->qemu);
	return 0;
}

int cmd_doctor(int argc, char **argv)
{
	static const struct argp argp = { NULL, NULL, NULL, doc, NULL, NULL, NULL };
	int usable = 0, stopped = 0;
	struct images images;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (interrupt_setup())
		return EXIT_ENVIRONMENT;
	tell_machine();
	tell_thp();
	tell_hugetlb();
	tell_gnuplot();
	tell_tracing();
	if (tell_images(&images))
		return EXIT_ENVIRONMENT;
	tell_confinement(&images);
	tell_accel(&images, ACCEL_KVM, &usable, &stopped);
	tell_accel(&images, ACCEL_TCG, &usable, &stopped);
	tell_accel(&images, ACCEL_ICOUNT, &usable, &stopped);
	images_release(&images);
	if (stopped)
		return EXIT_INTERRUPTED;
	return usable ? EXIT_FINE : EXIT_ENVIRONMENT;
}
