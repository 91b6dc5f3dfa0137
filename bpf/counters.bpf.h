/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_COUNTERS_BPF_H
#define BPF_COUNTERS_BPF_H

/* Counters and the ring buffer that every object has. For BPF programs only. */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTER_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20); /* user space may resize it before the load */
} records SEC(".maps");

static __always_inline void count_up(__u32 counter)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		(*value)++;
}

static __always_inline void emit(void *record, __u64 size)
{
	/* User space looks on its own account: a wake-up per batch would disturb what is measured.
	 */
	if (bpf_ringbuf_output(&records, record, size, BPF_RB_NO_WAKEUP))
		count_up(COUNTER_LOST_RECORDS);
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
