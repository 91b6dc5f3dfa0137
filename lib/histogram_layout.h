/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_HISTOGRAM_LAYOUT_H
#define LIB_HISTOGRAM_LAYOUT_H

/*
 * Log-linear histogram of unsigned 64-bit values with one layout in BPF programs
 * and in user space. No header is included: in BPF the types come from vmlinux.h,
 * in user space from <stdint.h> via histogram.h.
 *
 * Each power of two is divided into S = 2^HISTOGRAM_BITS buckets of equal
 * width. Values below 2 S have one bucket each. A value v with
 * 2^e <= v < 2^(e+1), e >= HISTOGRAM_BITS, is in a bucket of width
 * w = 2^(e - HISTOGRAM_BITS), and since 2^e <= v, w <= v / S.
 *
 * Error bound: a bucket is represented by its middle, halfway between its lowest
 * and highest value. No value in it is further away than (w - 1) / 2 < v / (2 S).
 * With S = 16 a value read from the histogram is within 1/32 (3.125 %) of the value
 * that was added. Values below 32 are exact.
 */
#define HISTOGRAM_BITS 4
#define HISTOGRAM_SUB (1 << HISTOGRAM_BITS)

/* One group for the values below S, and one per exponent from HISTOGRAM_BITS to 63. */
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_BITS + 1) * HISTOGRAM_SUB)

struct histogram {
	unsigned long long count;
	unsigned long long sum; /* of the values, not of the buckets; wraps */
	unsigned long long min; /* undefined while count is 0 */
	unsigned long long max;
	unsigned long long buckets[HISTOGRAM_BUCKETS];
};

/* floor(log2(v)), v > 0. BPF has no count-leading-zeros instruction. */
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

/* The bucket of a value, below HISTOGRAM_BUCKETS. */
static inline unsigned int histogram_bucket(unsigned long long v)
{
	unsigned int e;

	if (v < HISTOGRAM_SUB)
		return (unsigned int)v;
	e = histogram_log2(v);
	return (e - HISTOGRAM_BITS) * HISTOGRAM_SUB + (unsigned int)(v >> (e - HISTOGRAM_BITS));
}

#endif
