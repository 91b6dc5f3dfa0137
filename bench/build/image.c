/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/elf_notes.h"
#include "lib/log.h"

#define BANNER "Linux version "
#define BANNER_MAX 512
#define HEADS_MAX 64
#define NOTES_MAX 65536U
#define CHUNK (1U << 20)

/* Of the setup header, Documentation/arch/x86/boot.rst. */
#define SETUP_SECTS 0x1f1
#define SETUP_MAGIC 0x202
#define SETUP_PROTOCOL 0x206
#define SETUP_VERSION 0x20e
#define SETUP_LOADFLAGS 0x211
#define SETUP_XLOADFLAGS 0x236
#define SETUP_END 0x238
#define LOADED_HIGH 1
#define KERNEL_64 1
#define PROTOCOL_XLOADFLAGS 0x20c

/* A file under inspection. */
struct file {
	const char *path;
	int fd;
	uint64_t size;
	char *err;
	size_t err_size;
};

/* What people give in place of a kernel, by what its bytes from @at on are. */
static const struct other {
	size_t at, length;
	const char *magic, *is;
} others[] = {
	{ 0, 6, "070701", "an initramfs, not a kernel" },
	{ 0, 6, "070702", "an initramfs, not a kernel" },
	{ 0, 3, "\x1f\x8b\x08", "a gzip file: a kernel of another architecture, or an initrd" },
	{ 0, 6, "\xfd\x37zXZ\0", "an xz file, perhaps an initrd" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "a zstd file, perhaps an initrd" },
	{ 0, 7, "!<arch>", "a Debian package or an archive; unpack it (dpkg-deb -x)" },
	{ 0, 4, "\xed\xab\xee\xdb", "an RPM package; unpack it" },
	{ 0, 4, "\x27\x05\x19\x56", "a U-Boot image: a kernel of another architecture" },
	{ 0x38, 4, "ARM\x64", "a kernel for arm64" },
	{ 0x38, 4, "RSC\x05", "a kernel for RISC-V" },
	{ 4, 4, "zimg", "a compressed EFI kernel of another architecture" },
	{ 0, 0, NULL, NULL },
};

static int refuse_file(const struct file *f, const char *is)
{
	return refuse(f->err, f->err_size,
		      "cannot boot %s: it is %s; give a bzImage (/boot/vmlinuz-RELEASE) or a "
		      "vmlinux for x86-64",
		      f->path, is);
}

/* Returns the number of bytes, which is less than @size at the end of the file; or -errno. */
static ssize_t read_at(const struct file *f, void *data, size_t size, uint64_t offset)
{
	size_t done = 0;
	ssize_t n = 1;

	if (offset >= f->size)
		return 0;
	while (done < size && n) {
		n = pread(f->fd, (char *)data + done, size - done, offset + done);
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? n : 0;
	}
	return done;
}

/* 0; -EINVAL with a message if the file ends before; another -errno likewise. */
static int read_all(const struct file *f, void *data, size_t size, uint64_t offset)
{
	ssize_t n = read_at(f, data, size, offset);

	if (n < 0) {
		snprintf(f->err, f->err_size, "cannot read %s: %s", f->path, strerror(-n));
		return n;
	}
	return (size_t)n == size ? 0 : refuse_file(f, "a kernel that ends too early");
}

/*
 * Take "RELEASE (who@where) (compiler) #VERSION" apart. @text has a NUL. Release and version are
 * part of a file and of messages: only printable characters are taken.
 */
static bool take_banner(const char *text, struct image_info *info)
{
	size_t release = strcspn(text, " \n"), i, version;
	const char *end = text + strcspn(text, "\n"), *at = strstr(text, " #");

	if (!release || release >= sizeof(info->release) || !at || at >= end)
		return false;
	at++;
	version = strcspn(at, "\n");
	if (version >= sizeof(info->version))
		return false;
	for (i = 0; i < (size_t)(at + version - text); i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	snprintf(info->release, sizeof(info->release), "%.*s", (int)release, text);
	snprintf(info->version, sizeof(info->version), "%.*s", (int)version, at);
	return true;
}

/* Search a part of the file for the banner. 1: found; 0; or -errno. */
static int search_banner(const struct file *f, char *buf, uint64_t offset, uint64_t size,
			 struct image_info *info)
{
	char *at, *end;
	ssize_t n = 1;

	/* Parts overlap, so that a banner is whole in one of them. */
	for (; size && n > 0; offset += CHUNK, size -= size < CHUNK ? size : CHUNK) {
		n = read_at(f, buf, size < CHUNK ? size : CHUNK + BANNER_MAX, offset);
		if (n < 0)
			return n;
		buf[n] = '\0';
		end = buf + n;
		for (at = buf; (at = memmem(at, end - at, BANNER, strlen(BANNER)));) {
			at += strlen(BANNER);
			if (at[0] >= '0' && at[0] <= '9' && take_banner(at, info))
				return 1;
		}
	}
	return 0;
}

static int read_note_segment(const struct file *f, const Elf64_Phdr *head, struct elf_notes *notes)
{
	size_t size = head->p_filesz < NOTES_MAX ? head->p_filesz : NOTES_MAX;
	char *data;
	int err;

	if (!size)
		return 0;
	data = xcalloc(size, 1);
	err = read_all(f, data, size, head->p_offset);
	if (!err)
		elf_notes_read(data, size, notes);
	free(data);
	return err;
}

static int inspect_segments(const struct file *f, const Elf64_Phdr *heads, size_t count,
			    struct image_info *info)
{
	char *buf = xcalloc(CHUNK + BANNER_MAX + 1, 1);
	struct elf_notes notes = { .pvh = false };
	int err = 0, found = 0;
	size_t i;

	for (i = 0; !err && i < count; i++) {
		if (heads[i].p_type == PT_NOTE)
			err = read_note_segment(f, &heads[i], &notes);
		if (heads[i].p_type == PT_LOAD && !err && !found && heads[i].p_offset < f->size)
			found = search_banner(
				f, buf, heads[i].p_offset,
				heads[i].p_filesz < f->size ? heads[i].p_filesz : f->size, info);
	}
	free(buf);
	if (err)
		return err;
	if (found <= 0)
		return refuse_file(f, "an ELF file without a Linux banner");
	memcpy(info->build_id, notes.build_id, sizeof(info->build_id));
	return notes.pvh ? 0
			 : refuse_file(f, "a vmlinux without a PVH entry (its configuration lacks "
					  "CONFIG_PVH), which only boots as a bzImage");
}

static int inspect_elf(const struct file *f, struct image_info *info)
{
	Elf64_Phdr heads[HEADS_MAX] = { { .p_type = PT_NULL } };
	Elf64_Ehdr elf;
	char is[80];
	int err = read_all(f, &elf, sizeof(elf), 0);

	if (err)
		return err;
	if (elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_ident[EI_DATA] != ELFDATA2LSB ||
	    elf.e_machine != EM_X86_64) {
		snprintf(is, sizeof(is), "for another architecture (%s-bit ELF, machine %u)",
			 elf.e_ident[EI_CLASS] == ELFCLASS64 ? "64" : "32", elf.e_machine);
		return refuse_file(f, is);
	}
	if (elf.e_type != ET_EXEC && elf.e_type != ET_DYN)
		return refuse_file(f, "an object file or a module");
	if (!elf.e_phnum || elf.e_phnum > HEADS_MAX || elf.e_phentsize != sizeof(heads[0]))
		return refuse_file(f, "an ELF file without usable program headers");
	err = read_all(f, heads, elf.e_phnum * sizeof(heads[0]), elf.e_phoff);
	info->format = IMAGE_VMLINUX;
	return err ? err : inspect_segments(f, heads, elf.e_phnum, info);
}

static unsigned int half_at(const uint8_t *bytes)
{
	return bytes[0] | bytes[1] << 8;
}

static int inspect_bzimage(const struct file *f, const uint8_t *head, struct image_info *info)
{
	size_t setup_size = ((head[SETUP_SECTS] ? head[SETUP_SECTS] : 4) + 1) * 512;
	unsigned int at = half_at(head + SETUP_VERSION);
	char text[BANNER_MAX + 1] = "";
	ssize_t n;

	info->format = IMAGE_BZIMAGE;
	if (!(head[SETUP_LOADFLAGS] & LOADED_HIGH))
		return refuse_file(f, "a zImage");
	if (half_at(head + SETUP_PROTOCOL) < PROTOCOL_XLOADFLAGS ||
	    !(half_at(head + SETUP_XLOADFLAGS) & KERNEL_64))
		return refuse_file(f, "a bzImage for 32-bit x86");
	if (f->size <= setup_size)
		return refuse_file(f, "a bzImage that ends too early");
	n = at && at + 512 < setup_size ? read_at(f, text, BANNER_MAX, at + 512) : 0;
	/* The string ends where the setup code goes on. */
	return n > 0 && take_banner(text, info)
		       ? 0
		       : refuse_file(f, "a bzImage without a version string");
}

static int inspect_other(const struct file *f, const uint8_t *head, size_t size)
{
	const struct other *other = others;

	while (other->is && (size < other->at + other->length ||
			     memcmp(head + other->at, other->magic, other->length)))
		other++;
	return refuse_file(f, other->is ? other->is : "not a kernel");
}

static int inspect(const struct file *f, struct image_info *info)
{
	uint8_t head[SETUP_END] = { 0 };
	ssize_t n = read_at(f, head, sizeof(head), 0);

	if (n < 0) {
		snprintf(f->err, f->err_size, "cannot read %s: %s", f->path, strerror(-n));
		return n;
	}
	if (!n)
		return refuse_file(f, "empty");
	if (n >= 4 && !memcmp(head, ELFMAG, SELFMAG))
		return inspect_elf(f, info);
	if (n == sizeof(head) && !memcmp(head + SETUP_MAGIC, "HdrS", 4) &&
	    half_at(head + 0x1fe) == 0xaa55)
		return inspect_bzimage(f, head, info);
	return inspect_other(f, head, n);
}

int image_inspect(const char *path, struct image_info *info, char *err, size_t err_size)
{
	struct file f = { .path = path, .err_size = err_size };
	struct stat st;
	int status;

	f.err = err;
	memset(info, 0, sizeof(*info));
	/* Not waiting for the writer of a FIFO. */
	f.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f.fd < 0 || fstat(f.fd, &st) < 0) {
		status = -errno;
		snprintf(err, err_size, "cannot read the kernel %s: %s", path, strerror(-status));
	} else if (S_ISREG(st.st_mode)) {
		f.size = st.st_size;
		status = inspect(&f, info);
	} else {
		status = refuse_file(&f, S_ISDIR(st.st_mode) ? "a directory" : "not a file");
	}
	if (f.fd >= 0)
		close(f.fd);
	return status;
}
