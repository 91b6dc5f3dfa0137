/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOX_BOX_H
#define BENCH_BOX_BOX_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/box/box_files.h"
#include "bench/vm/vm.h"

/*
 * A host in a box: a guest that runs balloonbench, which boots guests of its own under KVM. So KVM
 * can be used where the machine has none, and the host's kernel is one of ours. Under KVM that is
 * nested; under TCG QEMU emulates an AMD CPU's virtualization.
 *
 * The balloonbench inside is this very program: it is executed with the same arguments, resolves
 * them to the same plan, and runs the boots that it is asked for. Nothing is written there that has
 * to stay: when the outer one dies, so does the box.
 */

struct box_config {
	const char *name; /* of the kernel, for messages */
	const struct images *images;
	const struct image_cut *kernel;
	enum result_accel accel; /* RESULT_KVM, _TCG or _ICOUNT: that the box itself runs under */
	uint64_t memory_bytes;
	unsigned int vcpus;
	const cpu_set_t *pin;		/* or NULL */
	const struct box_files *files;	/* the program's */
	struct record_list arguments;	/* texts: of the program, its path first */
	struct record_list environment; /* "NAME=value" */
	const char *directory;		/* that it is to run in */
};

/* What the program says of the host it runs on. */
struct box_hello {
	char *kernel_release, *kernel_version, *cpu_model;
	int64_t cpus, memory_bytes;
};

extern const struct record box_hello_record;

struct box;

/* So many times longer than by its own clock may all take that is done in a box. */
unsigned int box_slowness(enum result_accel accel);

/* The CPU of a box, as of QEMU's -cpu: the same in a process. */
const char *box_cpu(enum result_accel accel);

/*
 * Boot the box and wait until its program is ready, which takes as long as a guest of its own takes
 * to boot. Close it in every case. 0; -EINTR; another -errno with a message.
 */
int box_open(struct box **box, const struct box_config *config, char *err, size_t err_size);

/* Until box_close(). */
const struct box_hello *box_hello(const struct box *box);

/*
 * Have a boot run. @request: of the program's WIRE_BOOT. Files of the boot come to @directory; its
 * progress to @step. A box that does not answer for a minute, or has not ended after @timeout_ns,
 * hangs. 0 and @result, a new reference to its JSON; -EINTR; another -errno of the program's boot
 * with an empty message; -EPROTO with a message: the box is of no use any more.
 */
int box_boot(struct box *box, const json_t *request, const char *directory, uint64_t timeout_ns,
	     void (*step)(const char *what, void *context), void *context, json_t **result,
	     char *err, size_t err_size);

/* The end of the console of the box's kernel, as host-console.log in @directory; if it has one. */
bool box_keep_console(const struct box *box, const char *directory);

void box_close(struct box *box);

#endif
