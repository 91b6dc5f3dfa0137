/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_COMMON_BPF_H
#define BPF_COMMON_BPF_H

/* Counters, ring buffer and histograms of every object. For BPF programs only. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/records.h"

/* clang-format off */
#define MAP(name, kind, entries, key_type, value_type) \
	struct { \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(max_entries, entries); \
		__type(key, key_type); \
		__type(value, value_type); \
	} name SEC(".maps")
/* clang-format on */

MAP(counters, PERCPU_ARRAY, COUNTER_COUNT, __u32, __u64);

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20); /* user space may resize it before the load */
} records SEC(".maps");

/* Add to an element of an array of u64. */
static __always_inline void add_to(void *map, __u32 key, __u64 n)
{
	__u64 *value = bpf_map_lookup_elem(map, &key);

	if (value)
		*value += n;
}

static __always_inline void count_up(__u32 counter)
{
	add_to(&counters, counter, 1);
}

/* False if the record is lost. */
static __always_inline bool emit(void *record, __u64 size)
{
	/* User space polls: a wake-up per batch would disturb the measurement. */
	if (!bpf_ringbuf_output(&records, record, size, BPF_RB_NO_WAKEUP))
		return true;
	count_up(COUNTER_LOST_RECORDS);
	return false;
}

static __always_inline void histogram_put(struct histogram *h, __u64 value)
{
	__u32 bucket = histogram_bucket(value);

	if (!h->count || value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->count++;
	h->sum += value;
	if (bucket < HISTOGRAM_BUCKETS)
		h->buckets[bucket]++;
}

#endif
