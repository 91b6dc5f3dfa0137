/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/kernel_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/files.h"

/* Across the border of two reads of a page, and not the first mention of Linux. */
#define BANNER_AT 4090

void test_vmlinux_make(struct test_vmlinux *file)
{
	const size_t text = offsetof(struct test_vmlinux, text);
	const size_t notes = offsetof(struct test_vmlinux, id);
	size_t i;

	memset(file, 0, sizeof(*file));
	memcpy(file->elf.e_ident, ELFMAG, SELFMAG);
	file->elf.e_ident[EI_CLASS] = ELFCLASS64;
	file->elf.e_ident[EI_DATA] = ELFDATA2LSB;
	file->elf.e_type = ET_EXEC;
	file->elf.e_machine = EM_X86_64;
	file->elf.e_phoff = offsetof(struct test_vmlinux, heads);
	file->elf.e_phnum = 2;
	file->elf.e_phentsize = sizeof(file->heads[0]);
	file->heads[0] =
		(Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = text, .p_filesz = sizeof(file->text) };
	file->heads[1] = (Elf64_Phdr){ .p_type = PT_NOTE,
				       .p_offset = notes,
				       .p_filesz = sizeof(*file) - notes };
	memcpy(file->text + 8, "Linux version %s", 16);
	memcpy(file->text + BANNER_AT, KERNEL_BANNER, strlen(KERNEL_BANNER));
	file->id.head = (Elf64_Nhdr){ 4, sizeof(file->id.build_id), NT_GNU_BUILD_ID };
	memcpy(file->id.name, "GNU", 4);
	for (i = 0; i < sizeof(file->id.build_id); i++)
		file->id.build_id[i] = i;
	file->pvh.head = (Elf64_Nhdr){ 4, sizeof(file->pvh.entry), 18 };
	memcpy(file->pvh.name, "Xen", 4);
}

void test_bzimage_make(struct test_bzimage *file)
{
	const size_t at = TEST_VERSION_AT;
	uint8_t *bytes;

	memset(file, 0, sizeof(*file));
	bytes = file->bytes;
	bytes[0x1f1] = 2; /* sectors of setup code, after the first */
	bytes[0x1fe] = 0x55;
	bytes[0x1ff] = 0xaa;
	memcpy(bytes + 0x202, "HdrS\x0f\x02", 6);
	bytes[0x20e] = (at - 512) & 0xff;
	bytes[0x20f] = (at - 512) >> 8;
	bytes[0x211] = 1;
	bytes[0x236] = 1;
	snprintf((char *)bytes + at, sizeof(file->bytes) - at, "%s",
		 KERNEL_RELEASE " (a@b) " KERNEL_VERSION);
}

const char *test_put_bytes(const char *name, const void *data, size_t size)
{
	const char *path = in_test_dir(name);
	FILE *f = fopen(path, "we");

	if (!f || fwrite(data, 1, size, f) != size || fclose(f) == EOF)
		abort();
	return path;
}

/* It has .modinfo and the names of its sections. */
void test_put_module(const char *name, const char *release, const char *depends)
{
	static const char names[] = "\0.modinfo\0.names";
	struct {
		Elf64_Ehdr elf;
		Elf64_Shdr sections[3];
		char names[sizeof(names)];
		char info[200];
	} m = { .elf = { .e_ident = ELFMAG, .e_type = ET_REL, .e_machine = EM_X86_64 } };
	const size_t info = (char *)m.info - (char *)&m;

	m.elf.e_ident[EI_CLASS] = ELFCLASS64;
	m.elf.e_shoff = (char *)m.sections - (char *)&m;
	m.elf.e_shentsize = sizeof(m.sections[0]);
	m.elf.e_shnum = 3;
	m.elf.e_shstrndx = 2;
	m.sections[1] = (Elf64_Shdr){ .sh_name = 1, .sh_offset = info, .sh_size = 200 };
	m.sections[2] = (Elf64_Shdr){ .sh_name = 10,
				      .sh_offset = m.names - (char *)&m,
				      .sh_size = sizeof(names) };
	memcpy(m.names, names, sizeof(names));
	snprintf(m.info, sizeof(m.info), "license=GPL%cvermagic=%s SMP mod_unload %cdepends=%s", 0,
		 release, 0, depends);
	write_file(test_dir, name, "");
	test_put_bytes(name, &m, sizeof(m));
}
