/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench build: the options, and the kinds of sources. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/build.h"
#include "bench/build/cache.h"
#include "bench/build/registry.h"
#include "bench/config/arch.h"
#include "bench/config/images.h"
#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/command_text.h"
#include "lib/exit_status.h"
#include "lib/log.h"

#define WORKTREE_NAME "worktree"

#define OPTIONS struct build_options

static const struct option_row rows[] = {
	OPTION_TITLE("WHAT TO BUILD"),
	OPTION(STRING, git, "git", 0, "DIR", "kernel source: a git repository or a directory",
	       .hint = HINT_DIRECTORY),
	OPTION(STRING, range, "range", 0, "BASE..TIP",
	       "with --git and --qemu-git: the base, and each commit after it"),
	OPTION(FLAG, ends, "ends", 0, NULL, "with --range: only the base and the tip"),
	OPTION(FLAG, worktree, "worktree", 0, NULL,
	       "with --git: the directory as it lies there, also what is not committed"),
	OPTION(STRING, mbox, "mbox", 0, "FILE", "patches: a mailbox, as of lore and b4",
	       .hint = HINT_FILE),
	OPTION(STRING, series, "series", 0, "DIR",
	       "patches: a directory of quilt or git format-patch", .hint = HINT_DIRECTORY),
	OPTION(STRING, onto, "onto", 0, "DIR[@REV]",
	       "with --mbox and --series: what the patches apply to (default of REV: HEAD)",
	       .hint = HINT_DIRECTORY),
	OPTION(STRING, image, "image", 0, "FILE", "a kernel that is built: vmlinux or bzImage",
	       .hint = HINT_FILE),
	OPTION(STRING, modules, "modules", 0, "DIR",
	       "with --image: its lib/modules/RELEASE, or a directory that has it",
	       .hint = HINT_DIRECTORY),
	OPTION(STRING, debian, "debian", 0, "VERSION",
	       "Debian's newest cloud kernel of that version, as 6.12"),
	OPTION(STRING, qemu, "qemu", 0, "PATH", "a QEMU, for variants CUT@NAME", .hint = HINT_FILE),
	OPTION(STRING, qemu_git, "qemu-git", 0, "DIR",
	       "QEMUs of a git repository, of the commits of --range", .hint = HINT_DIRECTORY),
	OPTION_TITLE("HOW"),
	OPTION(NAMES, config, "config", 0, "FRAGMENT",
	       "kernel configuration that overrides ours: a file, distro, drivers, or host",
	       .hint = HINT_FILE),
	OPTION(STRING, arch, "arch", 0, "NAME",
	       "kernels of another machine, which QEMU emulates: ppc64le or aarch64"),
	OPTION(STRING, page_size, "page-size", 0, "SIZE",
	       "with --arch aarch64: 4K (default) or 64K"),
	OPTION(FLAG, debug, "debug", 0, NULL,
	       "kernels that check themselves: KASAN, lockdep, DEBUG_LIST and the like"),
	OPTION(STRING, name, "name", 0, "NAME",
	       "name of the cut, or the first part of the names of several"),
	OPTION(COUNT, builds, "builds", 0, "K",
	       "build each cut K times, with its code at other addresses (default: once)", .min = 1,
	       .max = BUILDS_MAX),
	OPTION(STRING, suite, "suite", 0, "NAME",
	       "of the shipped series: only the cuts that this suite runs have more than one "
	       "build, as many as it says unless --builds does"),
	OPTION(STRING, images, "images", 0, "FILE",
	       "of the shipped series: the file to write (default: images.ini of make all)",
	       .hint = HINT_FILE),
	OPTION_TITLE("OTHER"),
	OPTION(NAMES, remove, "remove", 0, "NAME",
	       "remove a cut, its kernel and its build tree, unless others need them; NAME may "
	       "be a pattern, as in '0*'"),
	OPTION(FLAG, quiet, "quiet", 'q', NULL, "print errors and the list of cuts only"),
	OPTION(FLAG, verbose, "verbose", 'v', NULL, "print more"),
	{ 0 },
};

static char *directory_of_git(const struct build_options *o)
{
	return xstrdup(o->git);
}

static int collect_range(struct build *b, char *err, size_t err_size)
{
	const struct build_options *o = b->options;

	if (!b->source.in_git)
		return refuse(err, err_size,
			      "%s is not a git repository: it has no commits; build it as it lies "
			      "there by --worktree",
			      b->source.path);
	b->source_text = xasprintf("git %s", b->source.path);
	return cuts_of_range(&b->source, &b->git, o->range, o->ends, o->name, &b->cuts, err,
			     err_size);
}

static int collect_worktree(struct build *b, char *err, size_t err_size)
{
	b->source_text = b->source.in_git ? xasprintf("git %s, working tree", b->source.path)
					  : xasprintf("directory %s", b->source.path);
	log_info("reading %s", b->source.path);
	return cuts_of_directory(&b->source, &b->git, b->options->name ?: WORKTREE_NAME, &b->cuts,
				 err, err_size);
}

const struct build_source range_source = { "range", directory_of_git, collect_range, false };
static const struct build_source worktree_source = { "worktree", directory_of_git, collect_worktree,
						     false };

static int count_sources(const struct build_options *o)
{
	return !!o->git + !!o->mbox + !!o->series + !!o->image + !!o->debian + !!o->qemu +
	       !!o->qemu_git;
}

/* Whether the options go together: 0, or EXIT_USAGE after a message. */
static int check_options(const struct build_options *o)
{
	const int kinds = count_sources(o);
	const bool patches = o->mbox || o->series;
	const struct {
		bool applies;
		const char *what;
	} rules[] = {
		{ !kinds && (o->range || o->worktree || o->ends),
		  "--range, --worktree and --ends need --git DIR" },
		{ !kinds && o->modules, "--modules needs --image FILE" },
		{ kinds && o->images, "--images is for the shipped series, which is built where "
				      "nothing else is named" },
		{ kinds && o->suite, "--suite is for the shipped series, which is built where "
				     "nothing else is named" },
		{ o->builds > 1 && (o->image || o->debian),
		  "--builds: the driver of this kernel is built already; other layouts need its "
		  "source, as in --git DIR --worktree" },
		{ o->builds > 1 && (o->qemu || o->qemu_git), "--builds is for kernels" },
		{ !kinds && o->name, "--name: the cuts of the shipped series have names; name "
				     "what to build, as in --git DIR --range BASE..TIP" },
		{ kinds > 1, "--git, --mbox, --series, --image, --debian, --qemu and --qemu-git "
			     "are several builds; run them one after the other" },
		{ !o->git && !o->qemu_git && (o->range || o->ends),
		  "--range and --ends need --git DIR or --qemu-git DIR" },
		{ !o->git && o->worktree, "--worktree needs --git DIR" },
		{ o->qemu_git && !o->range, "--qemu-git needs --range A..B" },
		{ kinds && !o->git && !patches && (o->debug || o->config.count || o->arch),
		  "--config, --arch and --debug need --git DIR, --mbox FILE or --series DIR" },
		{ o->page_size && !o->arch, "--page-size needs --arch NAME" },
		{ patches && !o->onto, "--mbox and --series need --onto DIR[@REV]" },
		{ o->onto && !patches, "--onto needs --mbox FILE or --series DIR" },
		{ o->modules && !o->image, "--modules needs --image FILE" },
		{ o->range && o->worktree,
		  "--range and --worktree are two builds; run them one after the other" },
		{ o->git && !o->range && !o->worktree,
		  "--git needs --range BASE..TIP or --worktree" },
		{ o->ends && !o->range, "--ends needs --range BASE..TIP" },
	};
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].applies) {
			log_error("%s", rules[i].what);
			return EXIT_USAGE;
		}
	return 0;
}

/* A shipped cut would be run in place of one of the same name. */
static int check_not_shipped(const char *name, char *err, size_t err_size)
{
	struct images images;
	char ignored[256];
	int status = 0;

	if (images_load(&images, path_images(), ignored, sizeof(ignored)))
		return 0;
	if (images_find(&images, name))
		status = refuse(err, err_size,
				"a cut of the shipped series is called %s; use "
				"another name",
				name);
	images_release(&images);
	return status;
}

static int check_name(const struct build_options *o)
{
	char err[256];
	int status;

	if (!o->name)
		return 0;
	status = o->range || o->onto
			 ? cut_check_prefix(o->name, err, sizeof(err))
			  : cut_check_name(o->name, err, sizeof(err)) ?:
				    check_not_shipped(o->name, err, sizeof(err));
	if (status)
		log_error("--name: %s", err);
	return status ? EXIT_USAGE : 0;
}

static int remove_all(const struct build_options *o)
{
	char err[1024];
	int lock = cache_lock("trees", err, sizeof(err)), status = lock < 0 ? lock : 0;
	size_t i;

	for (i = 0; !status && i < o->remove.count; i++)
		status = registry_remove(o->remove.list[i], path_images(), err, sizeof(err));
	if (lock >= 0)
		close(lock);
	if (status)
		log_error("%s", err);
	return status ? EXIT_ENVIRONMENT : EXIT_FINE;
}

/* A machine is one of our configurations: 0, or EXIT_USAGE after a message. */
static int choose_arch(struct build_options *o)
{
	const struct arch *arch = o->arch ? arch_find(o->arch, o->page_size) : NULL;

	if (!o->arch)
		return 0;
	if (!arch) {
		log_error("--arch %s%s%s: no such machine; there are: x86_64, ppc64le, and "
			  "aarch64 with --page-size 4K or 64K",
			  o->arch, o->page_size ? " --page-size " : "", o->page_size ?: "");
		return EXIT_USAGE;
	}
	if (arch_is_foreign(arch) && o->config.count == NAMES_MAX) {
		log_error("--arch: too many --config");
		return EXIT_USAGE;
	}
	if (arch_is_foreign(arch))
		o->config.list[o->config.count++] = arch->config;
	return 0;
}

static int run(struct command_line *line)
{
	struct build_options *o = line->options;
	struct build build = { .options = o, .builds = o->builds };
	int status;

	log_setup(line->argv[0], o->quiet ? LOG_ERROR : o->verbose ? LOG_DEBUG : LOG_INFO);
	if (o->remove.count) {
		static const char *const allowed[] = { "remove", "quiet", "verbose", NULL };
		const struct option_row *other = options_beside(line, allowed);

		if (other) {
			log_error("--remove: nothing is built beside it; leave out --%s",
				  other->name);
			return EXIT_USAGE;
		}
	}
	if (interrupt_setup()) {
		log_error("cannot set up signals: %s", strerror(errno));
		return EXIT_ENVIRONMENT;
	}
	if (o->remove.count)
		return remove_all(o);
	if (check_options(o) || choose_arch(o) || check_name(o))
		return EXIT_USAGE;
	build.built_from = command_text(line->argc, line->argv);
	if (!count_sources(o))
		status = build_shipped(o);
	else if (o->qemu_git)
		status = build_qemu_range(&build);
	else if (o->qemu)
		status = register_qemu(o, build.built_from);
	else if (o->image || o->debian)
		status = register_kernel(o, build.built_from);
	else
		status = build_source_run(o->onto    ? &patches_source
					  : o->range ? &range_source
						     : &worktree_source,
					  &build);
	build_release(&build);
	return status;
}

const struct command build_command = {
	.name = "build",
	.purpose = "build kernels of your source, each of them a variant to run",
	.description =
		"Build a kernel for each step of a series, or for a directory as it lies there. "
		"Each is a cut, which `balloonbench run --variant NAME` boots by its name.\n"
		"Your source is only read: what is compiled is a copy in the cache, "
		"$BALLOONBENCH_CACHE or ~/.cache/balloonbench. A kernel that was built before is "
		"taken from there, and only what a patch changes is compiled anew. After Ctrl-C "
		"the same command goes on.\n"
		"The configuration is ours: small, for virtual machines, with what tracing needs. "
		"The trace events of the balloon are added where they apply.\n"
		"Without a source the shipped series is built, and QEMU, as make all does. In the "
		"environment KERNEL_SRC=DIR, KERNEL_PATCHES=DIR and QEMU=PATH take the place of "
		"ours, and KERNEL_CUTS=\"NAME...\" builds only these cuts.\n"
		"--config distro is ours, too: kernels configured as a distribution's, which zero "
		"each page. "
		"They are cuts of their own, CUT-distro, and a scenario with config = distro boots "
		"them in place of CUT.\n"
		"--config drivers builds kernels with the balloon drivers of other hypervisors, "
		"CUT-drivers, which variants with method = vmware boot.\n"
		"--arch ppc64le and --arch aarch64 build kernels of other machines, CUT-ppc64le, "
		"CUT-aarch64-4k and CUT-aarch64-64k, which QEMU emulates.\n"
		"--config host builds kernels with KVM, CUT-host, for balloonbench run --host "
		"CUT.\n"
		"With --builds each cut also gets kernels with pads in front of the code that a "
		"resize runs through. They do the same work at other addresses: what their times "
		"differ by is not due to a patch.\n"
		"JOBS=N in the environment sets the number of parallel jobs (default: one per "
		"CPU).",
	.examples = "  balloonbench build\n"
		    "      the shipped series: the cuts stock, pfn-array, list and so on\n"
		    "  balloonbench build --git ~/linux --range v6.12..my-series\n"
		    "      the cuts 00-base, 01-..., one per commit\n"
		    "  balloonbench build --git ~/linux --range v6.12..my-series --ends --name v2\n"
		    "      only v2-00-base and the last one\n"
		    "  balloonbench build --git ~/linux --worktree --name mine\n"
		    "      the cut mine: the directory with all that is not committed yet\n"
		    "  balloonbench build --git ~/linux --worktree --config ./numa.config\n"
		    "      with settings of your own\n"
		    "  balloonbench build --git ~/linux --worktree --name mine --config distro\n"
		    "      the cut mine-distro, for the scenario distro\n"
		    "  balloonbench build --git ~/linux --worktree --name mine --config host\n"
		    "      the cut mine-host, for balloonbench run --host mine\n"
		    "  balloonbench build --mbox ./v3.mbox --onto ~/linux@v6.12 --name v3\n"
		    "      a series from lore; --series DIR for patch files\n"
		    "  balloonbench build --git ~/linux --range v6.12..my-series --builds 5\n"
		    "      five layouts of each, for balloonbench run --builds 5\n"
		    "  balloonbench build --debian 6.12\n"
		    "      the cut debian-6.12: a kernel with the driver as a module\n"
		    "  balloonbench build --image /boot/vmlinuz-6.12.9 --modules / --name mine\n"
		    "      a kernel that is installed\n"
		    "  balloonbench build --qemu ~/qemu/build/qemu-system-x86_64 --name new\n"
		    "      a QEMU, for --variant mine@new\n"
		    "  balloonbench build --qemu-git ~/qemu --range v10.0.0..mine --ends --name q\n"
		    "      the QEMUs q-00-base and the last one\n"
		    "  balloonbench build --remove '0*'\n"
		    "      get rid of cuts, their kernels and their build trees\n",
	.exits = "0 all kernels are built\n"
		 "2 wrong usage\n"
		 "3 a kernel could not be built, or its source not be read\n"
		 "130 interrupted; the same command goes on",
	.rows = rows,
	.size = sizeof(struct build_options),
	.run = run,
};
