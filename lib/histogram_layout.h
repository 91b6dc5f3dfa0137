/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_HISTOGRAM_LAYOUT_H
#define LIB_HISTOGRAM_LAYOUT_H

/*
 * Log-linear histogram of unsigned 64-bit values, one layout in BPF programs
 * and in user space; hence no header is included here: in BPF the types come
 * from vmlinux.h, elsewhere from <stdint.h> by way of histogram.h.
 *
 * Each power of two is divided into S = 2^HISTOGRAM_BITS buckets of equal
 * width. Values below 2 S have a bucket each. A value v with
 * 2^e <= v < 2^(e+1), e >= HISTOGRAM_BITS, is in a bucket of width
 * w = 2^(e - HISTOGRAM_BITS), and since 2^e <= v, w <= v / S.
 *
 * Error bound: a bucket is represented by its middle (half way between its
 * lowest and its highest value), from which no value in it is further than
 * (w - 1) / 2 < v / (2 S). With S = 16 that is 1/32: a value read from the
 * histogram is within 3.125 % of one that was put in. Values below 32 are exact.
 */
#define HISTOGRAM_BITS 4
#define HISTOGRAM_SUB (1 << HISTOGRAM_BITS)

/* One group for the values below S, and one per exponent from HISTOGRAM_BITS to 63. */
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_BITS + 1) * HISTOGRAM_SUB)

struct histogram {
	unsigned long long count;
	unsigned long long sum; /* of the values themselves, not of the buckets; wraps */
	unsigned long long min; /* meaningless while count is 0 */
	unsigned long long max;
	unsigned long long buckets[HISTOGRAM_BUCKETS];
};

/* floor(log2(v)) of v > 0, in a form that BPF has instructions for. */
static inline unsigned int histogram_log2(unsigned long long v)
{
	unsigned int e = 0;

	if (v >> 32) {
		e += 32;
		v >>= 32;
	}
	if (v >> 16) {
		e += 16;
		v >>= 16;
	}
	if (v >> 8) {
		e += 8;
		v >>= 8;
	}
	if (v >> 4) {
		e += 4;
		v >>= 4;
	}
	if (v >> 2) {
		e += 2;
		v >>= 2;
	}
	return e + (unsigned int)(v >> 1);
}

/* The bucket of a value: below HISTOGRAM_BUCKETS for every value there is. */
static inline unsigned int histogram_bucket(unsigned long long v)
{
	unsigned int e;

	if (v < HISTOGRAM_SUB)
		return (unsigned int)v;
	e = histogram_log2(v);
	return (e - HISTOGRAM_BITS) * HISTOGRAM_SUB + (unsigned int)(v >> (e - HISTOGRAM_BITS));
}

#endif
