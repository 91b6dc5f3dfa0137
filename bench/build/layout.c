/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/layout.h"

#include <stdint.h>
#include <stdlib.h>

#include "lib/alloc.h"

#define LAYOUT_TEXT ".text"

/*
 * In the order in which they are linked. A name stands for all objects that are called so, and
 * kbuild ignores one that there is not: mm/balloon.o is from 7.x. No Makefile of the kernel or of
 * its tools sets the variable of one of these: it would be lost.
 */
static const struct {
	const char *name, *section;
} objects[LAYOUT_OBJECTS] = {
	{ "init_64", LAYOUT_TEXT }, /* before the page faults */
	{ "softirq", LAYOUT_TEXT },
	{ "vmstat", LAYOUT_TEXT },
	{ "page_alloc", LAYOUT_TEXT },
	{ "balloon_compaction", LAYOUT_TEXT },
	{ "balloon", LAYOUT_TEXT },
	{ "virtio_ring", LAYOUT_TEXT },
	{ "virtio_pci_common", LAYOUT_TEXT },
	{ "virtio_balloon", LAYOUT_TEXT },
	/* All locks are in a section of their own behind .text. */
	{ "spinlock", ".spinlock.text" },
};

/* gcc writes assembly of a file before its functions. 0xcc is int3, which objtool skips. */
const char layout_header[] = "/* Written by balloonbench: a pad in front of the code. */\n"
			     "#define BALLOONBENCH_STRING(x) #x\n"
			     "#define BALLOONBENCH_PAD(section, bytes) \\\n"
			     "\tasm(\".pushsection \" BALLOONBENCH_STRING(section) \", \\\"ax\\\", "
			     "@progbits\\n\\t\" \\\n"
			     "\t    \".skip \" BALLOONBENCH_STRING(bytes) \", 0xcc\\n\\t\" \\\n"
			     "\t    \".popsection\")\n"
			     "BALLOONBENCH_PAD(BALLOONBENCH_SECTION, BALLOONBENCH_BYTES);\n";

/* The finalizer of splitmix64 (Steele, Lea and Flood, 2014). */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

unsigned int layout_pad(unsigned int layout, size_t object)
{
	uint64_t step = (uint64_t)layout * LAYOUT_OBJECTS + object;

	return (1 + mix(step * 0x9e3779b97f4a7c15) % (LAYOUT_SPAN / LAYOUT_ALIGN)) * LAYOUT_ALIGN;
}

char *layout_variable(unsigned int layout, size_t object)
{
	return xasprintf("CFLAGS_%s.o=-include " LAYOUT_HEADER
			 " -DBALLOONBENCH_SECTION=%s -DBALLOONBENCH_BYTES=%u",
			 objects[object].name, objects[object].section, layout_pad(layout, object));
}

void layout_print(FILE *f, unsigned int layout)
{
	char *variable;
	size_t i;

	if (layout)
		fputs(layout_header, f);
	for (i = 0; layout && i < LAYOUT_OBJECTS; i++) {
		variable = layout_variable(layout, i);
		fprintf(f, "%s\n", variable);
		free(variable);
	}
}
