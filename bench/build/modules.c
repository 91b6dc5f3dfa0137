/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/modules.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/build/cpio.h"
#include "bench/build/process.h"
#include "lib/alloc.h"
#include "lib/atomic_file.h"
#include "lib/directory.h"
#include "lib/log.h"
#include "lib/record.h"

#define MODULE_BYTES_MAX (64U << 20)
#define ENTRY "modules"
#define DEPTH_MAX 16

static const struct wanted {
	const char *name, *option; /* no option: it need not be there */
} wanted[][4] = {
	[MODULES_OF_GUEST] = { { "virtio_pci", "CONFIG_VIRTIO_PCI" },
			       { "virtio_console", "CONFIG_VIRTIO_CONSOLE" },
			       { "virtio_balloon", "CONFIG_VIRTIO_BALLOON" },
			       { "virtio_mem", NULL } },
	[MODULES_OF_HOST] = { { "virtio_pci", "CONFIG_VIRTIO_PCI" },
			      { "virtio_console", "CONFIG_VIRTIO_CONSOLE" },
			      { "kvm_amd", "CONFIG_KVM_AMD" },
			      { "kvm_intel", "CONFIG_KVM_INTEL" } },
};

/* How a module is compressed, by the end of its name. */
static const struct packing {
	const char *suffix, *program, *package;
} packings[] = {
	{ ".ko", NULL, NULL },
	{ ".ko.xz", "xz", "xz-utils" },
	{ ".ko.zst", "zstd", "zstd" },
	{ ".ko.gz", "gzip", "gzip" },
};
#define PACKINGS (sizeof(packings) / sizeof(packings[0]))

struct pack {
	const char *release;
	const struct wanted *wanted;
	char dir[PATH_MAX];		   /* lib/modules/RELEASE, or what takes its place */
	bool named;			   /* the directory has the kernel's release as its name */
	struct record_list files;	   /* counters: the path of each module, and its packing */
	struct record_list builtin, order; /* texts */
	char temporary[PATH_MAX];
	struct cpio cpio;
	char *err;
	size_t err_size;
};

/* What a module says of itself. The texts are in its content. */
struct module {
	char *data;
	size_t size;
	const char *vermagic, *depends;
};

__attribute__((format(printf, 3, 4))) static int fail(struct pack *p, int status,
						      const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(p->err, p->err_size, format, ap);
	va_end(ap);
	return status;
}

/* The name of the module in a path, as the kernel has it: '-' is '_'. Returns its packing, or -1.
 */
static int module_name(const char *path, char name[NAME_MAX + 1])
{
	const char *base = strrchr(path, '/');
	size_t length, suffix, i;
	char *dash;

	snprintf(name, NAME_MAX + 1, "%s", base ? base + 1 : path);
	length = strlen(name);
	for (i = 0; i < PACKINGS; i++) {
		suffix = strlen(packings[i].suffix);
		if (length <= suffix || strcmp(name + length - suffix, packings[i].suffix))
			continue;
		name[length - suffix] = '\0';
		while ((dash = strchr(name, '-')))
			*dash = '_';
		return i;
	}
	return -1;
}

/* nftw() has no argument for its function. */
static struct record_list *found;

static int note_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char name[NAME_MAX + 1];
	int packing = type == FTW_F ? module_name(path, name) : -1;

	(void)st;
	(void)ftw;
	if (packing >= 0)
		record_append_counter(found, path, packing);
	return 0;
}

static bool has(const struct record_list *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		if (!strcmp(((char **)names->items)[i], name))
			return true;
	return false;
}

/* The file of a module, or NULL. As for depmod, one in updates/ stands for another. */
static const struct counter *find_file(const struct pack *p, const char *name)
{
	const struct counter *file = p->files.items, *best = NULL, *end = file + p->files.count;
	char of[NAME_MAX + 1];

	for (; file < end; file++) {
		module_name(file->name, of);
		if (!strcmp(of, name) && (!best || strstr(file->name, "/updates/")))
			best = file;
	}
	return best;
}

static bool is_there(const char *dir, const char *name)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/%s", dir, name) < PATH_MAX && !access(path, F_OK);
}

static bool is_modules_directory(const char *dir)
{
	return is_there(dir, "modules.builtin") || is_there(dir, "modules.order") ||
	       is_there(dir, "kernel");
}

/* Add the names of the directories that a pattern finds: "6.1.0-1, 6.12.9". */
static void add_names(const char *dir, const char *pattern, char *names, size_t size)
{
	size_t i, used = strlen(names);
	glob_t paths;

	if (glob_below(dir, pattern, &paths))
		return;
	for (i = 0; i < paths.gl_pathc && used < size; i++)
		used += snprintf(names + used, size - used, "%s%s", used ? ", " : "",
				 strrchr(paths.gl_pathv[i], '/') + 1);
	globfree(&paths);
}

static int fail_other_kernels(struct pack *p, const char *dir)
{
	char others[256] = "";

	add_names(dir, "/[0-9]*.*", others, sizeof(others));
	add_names(dir, "/lib/modules/[0-9]*", others, sizeof(others));
	if (!*others)
		add_names(dir, "/usr/lib/modules/[0-9]*", others, sizeof(others));
	if (!*others)
		return fail(p, -EINVAL,
			    "no modules in %s; --modules takes lib/modules/%s or a directory that "
			    "has it",
			    dir, p->release);
	return fail(p, -EINVAL,
		    "%s has the modules of %s, and the kernel is %s; give the modules of that "
		    "kernel",
		    dir, others, p->release);
}

static int find_directory(struct pack *p, const char *dir)
{
	static const char *const below[] = { "/", "/lib/modules/", "/usr/lib/modules/" };
	char path[PATH_MAX], real[PATH_MAX];
	size_t i;

	if (!realpath(dir, real))
		return fail(p, -errno, "cannot read the modules in %s: %s", dir, strerror(errno));
	for (i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		if (snprintf(path, sizeof(path), "%s%s%s", real, below[i], p->release) >= PATH_MAX)
			return fail(p, -ENAMETOOLONG, "cannot read the modules in %s: %s", dir,
				    strerror(ENAMETOOLONG));
		if (is_modules_directory(path)) {
			memcpy(p->dir, path, sizeof(path));
			p->named = true;
			return 0;
		}
	}
	memcpy(p->dir, real, sizeof(real));
	p->named = strrchr(real, '/') && !strcmp(strrchr(real, '/') + 1, p->release);
	return is_modules_directory(real) ? 0 : fail_other_kernels(p, dir);
}

static void read_builtin(struct pack *p)
{
	char path[PATH_MAX], line[PATH_MAX], name[NAME_MAX + 1];
	FILE *f;

	snprintf(path, sizeof(path), "%s/modules.builtin", p->dir);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (module_name(line, name) >= 0)
			record_append_text(&p->builtin, name);
	}
	if (f)
		fclose(f);
}

/* The content of a file with a final NUL, to be freed. 0 or -errno. */
static int read_whole(const char *path, char **data, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat st = { .st_size = 0 };
	ssize_t n = 1;

	if (fd < 0 || fstat(fd, &st) < 0)
		err = -errno;
	else if (st.st_size > MODULE_BYTES_MAX)
		err = -EFBIG;
	*size = 0;
	*data = xcalloc(err ? 1 : st.st_size + 1, 1);
	while (!err && n && *size < (size_t)st.st_size) {
		n = read(fd, *data + *size, st.st_size - *size);
		if (n < 0 && errno != EINTR)
			err = -errno;
		*size += n > 0 ? n : 0;
	}
	if (fd >= 0)
		close(fd);
	return err;
}

/* In a copy: the programs leave the user's file alone, and need no pipe. */
static int unpack(struct pack *p, const struct counter *file, char **data, size_t *size)
{
	const struct packing *packing = &packings[file->value];
	char copy[PATH_MAX + 16], plain[PATH_MAX + 16];
	const char *argv[] = { packing->program, "-d", "-q", copy, NULL };
	int status;

	snprintf(plain, sizeof(plain), "%s/module.ko", p->temporary);
	snprintf(copy, sizeof(copy), "%s/module%s", p->temporary, packing->suffix);
	status = atomic_file_write(copy, *data, *size);
	if (!status)
		status = process_run(&(struct process){ .argv = argv }, NULL);
	if (status == -ENOENT)
		return fail(p, status, "cannot unpack %s: %s is not there; install the package %s",
			    file->name, packing->program, packing->package);
	free(*data);
	*data = NULL;
	if (!status)
		status = read_whole(plain, data, size);
	else if (status > 0)
		return fail(p, -EINVAL, "cannot unpack %s: %s", file->name, process_error());
	unlink(plain);
	unlink(copy);
	return !status || status == -EINTR
		       ? status
		       : fail(p, status, "cannot unpack %s: %s", file->name, strerror(-status));
}

static bool section_at(const struct module *m, const Elf64_Ehdr *elf, size_t number,
		       Elf64_Shdr *section)
{
	uint64_t at = elf->e_shoff + number * sizeof(*section);

	if (number >= elf->e_shnum || elf->e_shoff > m->size || at > m->size - sizeof(*section))
		return false;
	memcpy(section, m->data + at, sizeof(*section));
	return section->sh_offset <= m->size && section->sh_size <= m->size - section->sh_offset;
}

/* Values of .modinfo, which is a list of "key=value", each with a NUL. */
static void read_modinfo(struct module *m, const Elf64_Shdr *section)
{
	const char *at = m->data + section->sh_offset, *end = at + section->sh_size;

	/* The content ends with a NUL, so that no text goes beyond it. */
	for (; at < end; at += strlen(at) + 1) {
		if (!strncmp(at, "vermagic=", 9))
			m->vermagic = at + 9;
		if (!strncmp(at, "depends=", 8))
			m->depends = at + 8;
	}
}

static void parse_module(struct module *m)
{
	Elf64_Shdr names, section;
	Elf64_Ehdr elf;
	size_t i;

	if (m->size < sizeof(elf) + sizeof(section))
		return;
	memcpy(&elf, m->data, sizeof(elf));
	if (memcmp(elf.e_ident, ELFMAG, SELFMAG) || elf.e_ident[EI_CLASS] != ELFCLASS64 ||
	    elf.e_shentsize != sizeof(section) || !section_at(m, &elf, elf.e_shstrndx, &names))
		return;
	for (i = 0; i < elf.e_shnum; i++)
		if (section_at(m, &elf, i, &section) && section.sh_name < names.sh_size &&
		    !strcmp(m->data + names.sh_offset + section.sh_name, ".modinfo"))
			read_modinfo(m, &section);
}

static int check_version(struct pack *p, const struct counter *file, const struct module *m)
{
	size_t length = m->vermagic ? strcspn(m->vermagic, " ") : 0;

	if (!length || !m->depends)
		return fail(p, -EINVAL, "%s is not a module of a kernel for x86-64", file->name);
	if (length == strlen(p->release) && !strncmp(m->vermagic, p->release, length))
		return 0;
	return fail(p, -EINVAL,
		    "%s is a module of %.*s, and the kernel is %s; give the modules of that kernel",
		    file->name, (int)(length < 80 ? length : 80), m->vermagic, p->release);
}

static int load_module(struct pack *p, const struct counter *file, struct module *m)
{
	int status = read_whole(file->name, &m->data, &m->size);

	if (status)
		return fail(p, status, "cannot read %s: %s", file->name, strerror(-status));
	if (packings[file->value].program)
		status = unpack(p, file, &m->data, &m->size);
	if (status)
		return status;
	parse_module(m);
	return check_version(p, file, m);
}

static int fail_missing(struct pack *p, const char *name, const char *by, const char *option)
{
	char reason[128];

	if (option)
		snprintf(reason, sizeof(reason), "the guest needs it: %s", option);
	else
		snprintf(reason, sizeof(reason), "%s needs it", by);
	if (!is_there(p->dir, "modules.builtin"))
		return fail(p, -EINVAL,
			    "no module %s in %s, and no modules.builtin there to tell whether the "
			    "kernel has it built in; give a complete directory",
			    name, p->dir);
	return fail(p, -EINVAL, "no module %s in %s, nor is it built in; %s", name, p->dir, reason);
}

static int pack_module(struct pack *p, const char *name, const char *by, const char *option,
		       int depth);

/* "a,b,c" */
static int pack_depends(struct pack *p, const char *depends, const char *by, int depth)
{
	char name[NAME_MAX + 1];
	int n, status = 0;

	for (; !status && sscanf(depends, "%255[^,]%n", name, &n) == 1;
	     depends += n + (depends[n] == ','))
		status = pack_module(p, name, by, NULL, depth);
	return status;
}

static int pack_module(struct pack *p, const char *name, const char *by, const char *option,
		       int depth)
{
	const struct counter *file = find_file(p, name);
	struct module module = { .data = NULL };
	char path[PATH_MAX];
	int status;

	if (has(&p->order, name) || (!file && has(&p->builtin, name)))
		return 0;
	if (!file)
		return fail_missing(p, name, by, option);
	if (depth > DEPTH_MAX)
		return fail(p, -EINVAL, "%s depends on itself", file->name);
	status = load_module(p, file, &module);
	if (!status)
		status = pack_depends(p, module.depends, name, depth + 1);
	if (!status) {
		snprintf(path, sizeof(path), ENTRY "/%s.ko", name);
		cpio_add(&p->cpio, path, module.data, module.size);
		record_append_text(&p->order, name);
	}
	free(module.data);
	return status;
}

static int pack_wanted(struct pack *p)
{
	int status = 0;
	size_t i;

	for (i = 0; !status && i < sizeof(wanted[0]) / sizeof(wanted[0][0]); i++)
		if (p->wanted[i].option || find_file(p, p->wanted[i].name))
			status = pack_module(p, p->wanted[i].name, NULL, p->wanted[i].option, 0);
	/* All are built in, but into which kernel? */
	if (!status && !p->order.count && !p->named)
		return fail(p, -EINVAL, "nothing in %s tells that it is of the kernel %s", p->dir,
			    p->release);
	return status;
}

static void add_order(struct pack *p)
{
	char *text = NULL;
	size_t size, i;
	FILE *f = xmemstream(&text, &size);

	for (i = 0; i < p->order.count; i++)
		fprintf(f, "%s\n", ((char **)p->order.items)[i]);
	fclose(f);
	cpio_add(&p->cpio, ENTRY "/order", text, size);
	free(text);
}

static int write_archive(struct pack *p, const char *path)
{
	struct atomic_stream stream;
	int status = atomic_stream_open(&stream, path);

	if (!status) {
		p->cpio = (struct cpio){ .file = stream.file };
		cpio_add_directory(&p->cpio, ENTRY);
		status = pack_wanted(p);
		if (!status)
			add_order(p);
		cpio_end(&p->cpio);
		if (!status && p->order.count)
			status = atomic_stream_commit(&stream);
		atomic_stream_release(&stream);
	}
	if (status && !p->err[0] && status != -EINTR)
		fail(p, status, "cannot write %s: %s", path, strerror(-status));
	return status;
}

int modules_pack(const char *dir, const char *release, enum modules_for whom, const char *path,
		 char *err, size_t err_size)
{
	struct pack p = { .release = release, .wanted = wanted[whom], .err_size = err_size };
	int status;

	p.err = err;
	err[0] = '\0';
	status = find_directory(&p, dir);
	if (!status) {
		status = private_directory(p.temporary, sizeof(p.temporary), "balloonbench");
		if (status)
			fail(&p, status, "cannot make a directory in $TMPDIR or /tmp: %s",
			     strerror(-status));
	}
	if (!status) {
		found = &p.files;
		nftw(p.dir, note_file, 16, FTW_PHYS);
		read_builtin(&p);
		status = write_archive(&p, path);
		directory_remove(p.temporary);
	}
	if (!status)
		status = p.order.count;
	record_release_counters(&p.files);
	record_release_texts(&p.builtin);
	record_release_texts(&p.order);
	return status;
}
