/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/guest/memory_state.h"

#include <errno.h>
#include <string.h>

#include "bench/guest/buddy.h"
#include "bench/guest/memory.h"
#include "bench/guest/placement.h"
#include "bench/guest/procfs.h"
#include "lib/clock.h"

static json_int_t argument(const struct request *req, const char *key)
{
	return json_integer_value(json_object_get(req->msg, key));
}

json_t *do_touch(struct request *req)
{
	json_int_t bytes = argument(req, "bytes");
	uint64_t duration_ns;
	int err;

	err = bytes > 0 ? memory_touch(bytes, &duration_ns) : -EINVAL;
	if (err) {
		req->error = strerror(-err);
		return NULL;
	}
	return json_pack("{s:I, s:I}", "bytes", bytes, "duration_ns", (json_int_t)duration_ns);
}

json_t *do_fill(struct request *req)
{
	int err = memory_fill(argument(req, "seed"));

	req->error = err ? "nothing is held; touch comes first" : NULL;
	return err ? NULL : json_object();
}

json_t *do_verify(struct request *req)
{
	uint64_t bad = 0;
	int err = memory_verify(argument(req, "seed"), &bad);

	req->error = err ? "nothing is held; touch comes first" : NULL;
	return err ? NULL : json_pack("{s:I}", "bad_words", (json_int_t)bad);
}

json_t *do_free(struct request *req __attribute__((unused)))
{
	return json_pack("{s:I}", "bytes", (json_int_t)memory_free());
}

json_t *do_cache(struct request *req)
{
	json_int_t bytes = argument(req, "bytes");
	uint64_t duration_ns;
	int err;

	err = bytes > 0 ? memory_cache(bytes, &duration_ns) : -EINVAL;
	if (err) {
		req->error = strerror(-err);
		return NULL;
	}
	return json_pack("{s:I, s:I}", "bytes", bytes, "duration_ns", (json_int_t)duration_ns);
}

json_t *do_fragment(struct request *req)
{
	uint64_t start = clock_ns(), pinned = 0;
	int err = placement_fragment(argument(req, "longest_run"), argument(req, "seed"), &pinned);

	if (err) {
		req->error = strerror(-err);
		return NULL;
	}
	return json_pack("{s:I, s:I}", "pinned_bytes", (json_int_t)pinned, "duration_ns",
			 (json_int_t)(clock_ns() - start));
}

json_t *do_hold_high(struct request *req)
{
	int err = placement_hold_high(argument(req, "bytes"));

	req->error = err ? strerror(-err) : NULL;
	return err ? NULL : json_object();
}

json_t *do_free_high(struct request *req)
{
	return json_pack("{s:I}", "bytes", (json_int_t)placement_free_high(argument(req, "bytes")));
}

/* All that one of the states holds, whichever it is. */
json_t *do_release(struct request *req __attribute__((unused)))
{
	placement_release();
	memory_drop_cache();
	memory_free();
	return json_object();
}

json_t *do_compact(struct request *req)
{
	uint64_t start = clock_ns();
	int err = procfs_write("/proc/sys/vm/compact_memory", "1");

	req->error = err ? strerror(-err) : NULL;
	return err ? NULL : json_pack("{s:I}", "duration_ns", (json_int_t)(clock_ns() - start));
}

json_t *do_vmstat(struct request *req)
{
	json_t *stats = procfs_vmstat();

	if (!stats)
		req->error = "cannot read /proc/vmstat";
	return stats ? json_pack("{s:o}", "vmstat", stats) : NULL;
}

json_t *do_meminfo(struct request *req)
{
	json_t *info = procfs_meminfo();

	if (!info)
		req->error = "cannot read /proc/meminfo";
	return info ? json_pack("{s:o}", "meminfo", info) : NULL;
}

json_t *do_buddy(struct request *req)
{
	json_t *free = buddy_free();

	req->error = free ? NULL : "cannot read /proc/buddyinfo";
	return free ? json_pack("{s:o}", "buddy", free) : NULL;
}
