/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/guest/messages.h"
#include "bench/victim/victims.h"

/* What the files of the agent share. */

/* The balloon's page, and that of x86. */
#define PAGE_BYTES 4096ULL

/* A request and its answer, which starts zeroed; main.c has the record of each. */
struct call {
	struct guest_request request;
	union {
		int64_t number;
		struct record_list list;
		struct touch_result touch;
		struct free_memory buddy;
		char *text;
		struct answer_fragment fragment;
		struct answer_tracer tracer;
		struct answer_trace trace;
		struct answer_replay replay;
		struct answer_replayed replayed;
	} answer;
	char error[512]; /* why the request is refused; empty: the text of the errno */
};

/* Returned by a handler that has sent its answer itself. */
#define ANSWERED 1

/* Return: 0, ANSWERED, or the -errno with which the request is refused. */
typedef int request_handler(struct call *call);

/* README.md has the arguments and answers of each request. */
request_handler do_touch, do_cache, do_pattern, do_stale, do_free, do_release, do_fragment,
	do_hold_high, do_free_high;						 /* memory.c */
request_handler do_counters, do_buddy, do_owners, do_compact, do_read, do_write; /* procfs.c */
request_handler do_concurrent;							 /* concurrent.c */
request_handler do_pool, do_pool_free;						 /* floor.c */
request_handler do_busy_start, do_busy_stop;					 /* busy.c */
request_handler do_replay_start, do_replay, do_replay_stop;			 /* replay.c */
request_handler do_program, do_program_ended;					 /* host.c */
request_handler do_time_resize, do_phase, do_trace_start, do_trace; /* resize_timer.c */

/* All victims of the guest. */
extern struct victims victims;

/*
 * channel.c: JSON objects, one per line, over the virtio-serial port GUEST_PORT_NAME.
 * All calls block.
 */

/* Find and open the port; 0 or -errno. */
int channel_open(void);

/* Open a port, which may come up in a moment; a descriptor or -errno. */
int channel_open_port(const char *name);

/* Use a connected stream, which is owned from now on, in place of the current one. */
int channel_take(int fd);

/* Send an answer, or a refusal if @error is not NULL. @value, of @record or NULL, adds its keys. */
void channel_answer(int64_t id, const char *error, const struct record *record, const void *value);
void channel_event(const char *event, const char *error, const struct record *record,
		   const void *value);

/*
 * The next request; release it in every case. 0; -EINVAL and a message if it is no request; -EPIPE
 * if the host has closed the port or sent something other than a JSON object.
 */
int channel_receive(struct guest_request *request, char *err, size_t err_size);

/*
 * device.c: num_pages and actual of a balloon (virtio 1.2, 5.5.4), requested_size and plugged_size
 * of virtio-mem (5.15.4), mapped from the PCI BAR. A read costs one trap, allocates nothing and
 * takes no lock of the driver; values are updated after every batch or block.
 *
 * vmware.c: the same two of vmw_balloon, which has no device of its own, from a file of its driver.
 * That costs some system calls' time, and takes no lock of the driver either.
 */
enum device_pages {
	TARGET, /* that the host asks the guest to give up */
	AWAY,	/* that the guest has given up */
	/* The same while the guest gets memory back: virtio-mem's counts once the guest's
	   kernel can use it, which is after the device has plugged it. */
	AWAY_RETURNING,
};

/*
 * Find and map the balloon, or else virtio-mem, and wait until the guest has plugged all that it
 * offers at boot. If GUEST_METHOD_VARIABLE says so, the balloon is that of another driver. 0; -ENODEV:
 * there is no such device; -ETIMEDOUT after a minute; another -errno.
 */
int device_open(void);

/* vmware.c: wait until the driver has agreed with VMware's device; as device_open(). */
int vmware_open(void);
uint32_t vmware_read(enum device_pages what);

/* cmm.c: the driver of pseries, by its files; the target is one of them. As device_open(). */
int cmm_open(void);
uint32_t cmm_read(enum device_pages what);
int cmm_set_target(uint32_t pages);

/*
 * Whether the driver says that pages are away before it has put them into the balloon, where the
 * kernel counts them.
 */
bool device_is_early(void);

/* Whether the driver asks for its target itself, on any CPU, so also on the agent's. */
bool device_asks(void);

/* Set the target, in pages of 4 KiB, if it is the guest that does; 0 or -errno. */
int device_set_target(uint32_t pages);

/*
 * modules.c: load the modules of /modules, as bench/build/modules.h makes it, in their order. A
 * kernel that has all drivers built in has no such directory. Failures go to the console, and to
 * modules_explain().
 */
void modules_load(void);

/* Why no device was found that @driver drives, for a line of the console; a static string. */
const char *modules_explain(const char *driver);

/* The name of the driver that the guest resizes by, as far as its PCI devices tell. */
const char *device_driver(void);

/* A count of pages of 4 KiB. */
uint32_t device_read(enum device_pages what);

/* memory.c: fresh anonymous memory, not populated; NULL with errno. */
char *memory_map(uint64_t bytes);

/* Write one word into every page. */
void memory_write(char *map, uint64_t bytes);

/* Free the memory that "touch" holds; returns its size in bytes. */
uint64_t memory_free(void);

/* concurrent.c: undo the agent's priority and CPU, in a child of it. */
void schedule_as_others(void);

/*
 * busy.c: for how long the process that keeps the agent's CPU busy has run since it was started;
 * whether there is one.
 */
uint64_t busy_ran_ns(void);
bool busy_is_on(void);

/*
 * procfs.c: CPU time of all CPUs since boot, in ns; 0 if it cannot be read. Elapsed minus idle
 * time: the tick only samples busy time and misses most of a driver that often waits for its
 * device.
 */
uint64_t procfs_busy_ns(void);

/* A counter of /proc/vmstat; 0 if there is none. */
uint64_t procfs_vmstat(const char *name);

/* Managed pages of the zone "Movable" on all nodes, from /proc/zoneinfo. */
uint64_t procfs_movable_pages(void);

/* Read up to @size - 1 bytes and end them with a 0: their number, or -errno. */
ssize_t procfs_read(const char *path, void *text, size_t size);

/* Write @text into @path; 0 or -errno. */
int procfs_write(const char *path, const char *text);

/* The directory of the file that matches @pattern and whose only line is @line; 0 or -ENODEV. */
int procfs_find(const char *pattern, const char *line, char dir[]);

#endif
