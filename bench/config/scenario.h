/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_SCENARIO_H
#define BENCH_CONFIG_SCENARIO_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum accel {
	ACCEL_KVM,
	ACCEL_TCG,
	ACCEL_ICOUNT, /* TCG; the guest's clock counts instructions */
};

/* "kvm", "tcg", "icount": as on the command line and in result.json. */
const char *accel_name(enum accel accel);

enum backing {
	BACKING_ANONYMOUS,
	BACKING_MEMFD,
	BACKING_HUGETLB,
};

/* What the guest's memory has been through before each inflate. */
enum prepared_state {
	PREPARED_IDLE,	     /* as booted: most pages never touched */
	PREPARED_TOUCHED,    /* the inflate size written page by page, then freed */
	PREPARED_FRAGMENTED, /* all of it written; what is free lies in short runs */
};

/*
 * An inflate that takes more than is free. Of the guest's memory some is held by
 * a process and some can be dropped, as page cache can; when the balloon has
 * what can be dropped and gets no further, the process gives its memory up.
 */
struct pressure {
	uint64_t hold_bytes;
	uint64_t cache_bytes;  /* 0: there is no pressure, and the rest means nothing */
	uint64_t growth_bytes; /* a process takes so much once the balloon is inflated; 0: none */
	uint64_t patience_ns;  /* so long the balloon gets no page before the process gives up */
};

/* One scenario file. All strings are owned by the scenario. */
struct scenario {
	char *name; /* file name without .ini */
	char *path;
	char *description;
	uint64_t memory_bytes;
	unsigned int vcpus;
	enum backing backing;
	bool thp;
	bool prealloc; /* all guest memory has host memory behind it from the start */
	uint64_t inflate_bytes;
	uint64_t step_bytes;	   /* size of one move; inflate_bytes where there are no steps */
	uint64_t rate_bytes_per_s; /* the target moves no faster; 0: at once */
	bool deflate_on_oom;	   /* the device offers it: a guest out of memory takes some back */
	enum prepared_state state;
	unsigned int longest_run;	 /* of free pages, where the state is fragmented */
	unsigned int compaction_rounds;	 /* with the balloon inflated; 0: none */
	uint64_t compaction_slice_bytes; /* that is free above the balloon in each */
	struct pressure pressure;
	json_t *guest_victims; /* as victims_start() takes them; NULL where there are none */
	json_t *host_victims;
	uint64_t calm_ns; /* for which victims are left undisturbed before and after each move */
	bool refault;	  /* touch what was balloon, after each deflate, and time it */
	unsigned int cycles;
	uint64_t boot_timeout_ns; /* start of QEMU to the agent's hello */
	uint64_t move_timeout_ns; /* one inflate or deflate */
	double scale;		  /* 1, or what scenario_scale() shrank it by */
};

/**
 * scenario_load() - read a scenario by name or by path
 * @scenario: filled in; to be released with scenario_release()
 * @name: "idle" for DIR/idle.ini, or a path (it has a slash or ends in .ini)
 * @dir: where the shipped scenarios are
 * @err: where a message goes that names file, line and key and says what is
 *	allowed there
 *
 * Return: 0, -ENOENT (unknown; the message lists what there is), -EINVAL
 * (unknown section or key, bad unit, impossible size), or another -errno.
 */
int scenario_load(struct scenario *scenario, const char *name, const char *dir, char *err,
		  size_t err_size);
void scenario_release(struct scenario *scenario);

/**
 * scenario_scale() - shrink a scenario until it fits a limit
 * @scenario: its sizes are scaled by one factor, in whole MiB
 * @limit_bytes: the most guest memory this machine can back
 *
 * Return: true where something was changed. -ERANGE is not an option: the
 * caller checks that what is left makes sense (at least 256 MiB of guest).
 */
bool scenario_scale(struct scenario *scenario, uint64_t limit_bytes);

/* Names of the shipped scenarios, sorted, NULL-terminated; free with scenario_names_free(). */
char **scenario_names(const char *dir);
void scenario_names_free(char **names);

const char *backing_name(enum backing backing);
const char *prepared_state_name(enum prepared_state state);

#endif
