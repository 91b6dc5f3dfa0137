/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_SCENARIO_H
#define BENCH_CONFIG_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/config/workload.h"
#include "lib/record.h"

/* Least memory of a guest: room for a kernel and a balloon. */
#define GUEST_MIN_BYTES (256ULL << 20)

/* Most inflate-deflate cycles of a boot. */
#define CYCLES_MAX 1000

enum backing { BACKING_ANONYMOUS, BACKING_MEMFD, BACKING_HUGETLB };

/* State of the guest's memory before each inflate. */
enum prepared_state {
	PREPARED_IDLE,	     /* as booted: most pages were never touched */
	PREPARED_TOUCHED,    /* as much as the balloon takes was written and freed */
	PREPARED_FRAGMENTED, /* all of it was written; free pages lie in short runs */
};

/* An inflate of more than the free memory: when it stalls, a process frees its memory. */
struct pressure {
	uint64_t hold_bytes;
	uint64_t cache_bytes;  /* 0: no pressure, the rest is unused */
	uint64_t growth_bytes; /* a process takes it with the balloon inflated; 0: none */
	uint64_t patience_ns;  /* of a stall, before the process frees its memory */
};

/* A workload that the guest replays in place of an inflate and a deflate. */
struct replay_plan {
	char *file; /* as the scenario names it; NULL: none, the rest is unused */
	struct workload workload;
	double speed, size;  /* factors: time is divided, memory multiplied */
	uint64_t stagger_ns; /* from the begin of a guest to that of the next */
	uint64_t sample_ns;  /* from sample to sample of QEMU's memory */
	/* Of a variant's policy. */
	uint64_t period_ns;	 /* from decision to decision */
	uint64_t headroom_bytes; /* that a controller leaves available in the guest */
	uint64_t step_bytes;	 /* sizes change by multiples of it */
};

/* A scenario, which owns its strings. */
struct scenario {
	char *name; /* file name without .ini */
	char *path, *description;
	uint64_t memory_bytes;
	unsigned int vcpus;
	unsigned int vms; /* guests of a boot; several only with a workload */
	enum backing backing;
	bool thp, prealloc; /* prealloc: QEMU allocates all guest memory at the start */
	char *config; /* of the guest's kernel, as of `build --config NAME`; NULL: the lean one */
	char *kernel_args; /* for the guest's kernel, or NULL */
	uint64_t inflate_bytes;
	uint64_t step_bytes;	   /* size of one resize; inflate_bytes if not set */
	uint64_t rate_bytes_per_s; /* how fast the target changes; 0: at once */
	bool deflate_on_oom;	   /* the guest deflates when it is out of memory */
	enum prepared_state state;
	bool busy;			 /* a process keeps the last vCPU busy during each resize */
	unsigned int longest_run;	 /* of free pages, if the state is fragmented */
	unsigned int compaction_rounds;	 /* with the balloon inflated; 0: none */
	uint64_t compaction_slice_bytes; /* free above the balloon in each round */
	struct pressure pressure;
	struct replay_plan replay;
	struct record_list guest_victims, host_victims; /* struct victim_spec */
	uint64_t calm_ns; /* pause before and after each resize, for victims */
	bool refault;	  /* time touching the memory again after each deflate */
	unsigned int cycles;
	uint64_t boot_timeout_ns;   /* from the start of QEMU to the agent's hello */
	uint64_t resize_timeout_ns; /* one inflate or deflate */
	double scale;		    /* 1, or what scenario_scale() shrank it by */
};

/*
 * Read a scenario: @name is "idle" for DIR/idle.ini, or a path (with a slash, or ending in .ini).
 * 0, -ENOENT (unknown; the message lists the names), -EINVAL (unknown section or key, bad unit,
 * impossible size; the message names file, line and key), or another -errno.
 */
int scenario_load(struct scenario *scenario, const char *name, const char *dir, char *err,
		  size_t err_size);
void scenario_release(struct scenario *scenario);

/*
 * Scale all sizes by one factor, in whole MiB, until the guest's memory fits @limit_bytes, which is
 * GUEST_MIN_BYTES or more. True if something was changed.
 */
bool scenario_scale(struct scenario *scenario, uint64_t limit_bytes);

/* The most memory that the workload holds in the guest, in bytes. */
uint64_t replay_peak_bytes(const struct replay_plan *replay);

/* How long the workload is to take, and how long it may, but for the resize_timeout. */
uint64_t replay_planned_ns(const struct replay_plan *replay);
uint64_t replay_limit_ns(const struct replay_plan *replay);

/* Names of the shipped scenarios, sorted; release them with record_release_texts(). */
struct record_list scenario_names(const char *dir);

extern const char *const backing_names[], *const prepared_state_names[];

#endif
