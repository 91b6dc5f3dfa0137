/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_ELF_NOTES_H
#define LIB_ELF_NOTES_H

#include <stdbool.h>
#include <stddef.h>

/* The notes of a kernel: of a PT_NOTE segment of its vmlinux, or of /sys/kernel/notes. */
struct elf_notes {
	char build_id[129]; /* NT_GNU_BUILD_ID in hex; empty: there is none */
	bool pvh;	    /* XEN_ELFNOTE_PHYS32_ENTRY is there: QEMU can boot it as ELF */
};

/* Add what @data has to @notes, which starts zeroed. A note that ends too late is ignored. */
void elf_notes_read(const void *data, size_t size, struct elf_notes *notes);

#endif
