/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/elf_notes.h"

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define XEN_PHYS32_ENTRY 18

static size_t padded(uint32_t size)
{
	return ((size_t)size + 3) / 4 * 4;
}

static void take_build_id(const uint8_t *bytes, size_t count, struct elf_notes *notes)
{
	size_t i;

	for (i = 0; i < count && 2 * i + 2 < sizeof(notes->build_id); i++)
		snprintf(notes->build_id + 2 * i, 3, "%02x", bytes[i]);
}

void elf_notes_read(const void *data, size_t size, struct elf_notes *notes)
{
	const uint8_t *at = data, *end = at + size, *name;
	Elf64_Nhdr note;

	while ((size_t)(end - at) >= sizeof(note)) {
		memcpy(&note, at, sizeof(note));
		name = at + sizeof(note);
		if (padded(note.n_namesz) > (size_t)(end - name))
			return;
		at = name + padded(note.n_namesz);
		if (note.n_descsz > (size_t)(end - at))
			return;
		if (note.n_namesz == 4 && !memcmp(name, "GNU", 4) && note.n_type == NT_GNU_BUILD_ID)
			take_build_id(at, note.n_descsz, notes);
		if (note.n_namesz == 4 && !memcmp(name, "Xen", 4) &&
		    note.n_type == XEN_PHYS32_ENTRY)
			notes->pvh = true;
		/* The last note need not be padded. */
		if (padded(note.n_descsz) > (size_t)(end - at))
			return;
		at += padded(note.n_descsz);
	}
}
