/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/images.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/config/keys.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/log.h"
#include "lib/record_table.h"
#include "lib/utf8.h"

#define CUT_SECTION "cut "
#define BUILD_SECTION "build "
#define QEMU_SECTION "qemu "
#define SUFFIX ".ini"

#define PATH_FUNCTION(function, name)                                                              \
	const char *function(void)                                                                 \
	{                                                                                          \
		static char path[PATH_MAX];                                                        \
                                                                                                   \
		return data_path("bench", name, path, sizeof(path));                               \
	}

PATH_FUNCTION(path_scenarios, "scenarios")
PATH_FUNCTION(path_workloads, "workloads")
PATH_FUNCTION(path_variants, "variants.ini")
PATH_FUNCTION(path_suites, "suites.ini")

const char *path_images(void)
{
	static char path[PATH_MAX];

	if (data_path_is_told() &&
	    !access(data_path("build", "images.ini", path, sizeof(path)), R_OK))
		return path;
	snprintf(path, sizeof(path), "%s/images.ini", program_directory());
	if (access(path, R_OK) < 0 && data_is_installed())
		snprintf(path, sizeof(path), "%s/images.ini", path_cache());
	if (access(path, R_OK) < 0)
		data_path("build", "images.ini", path, sizeof(path));
	return path;
}

const char *path_images_to_write(void)
{
	static char path[PATH_MAX];

	if (data_path_is_told() || !data_is_installed())
		return path_images();
	snprintf(path, sizeof(path), "%s/images.ini", path_cache());
	return path;
}

const char *path_cache(void)
{
	const char *told = getenv("BALLOONBENCH_CACHE"), *home = getenv("HOME");
	static char path[PATH_MAX];

	if (told && *told)
		snprintf(path, sizeof(path), "%s", told);
	else
		snprintf(path, sizeof(path), "%s/.cache/balloonbench", home ? home : "");
	return path;
}

const struct image_cut *images_find(const struct images *images, const char *cut)
{
	return find_named(images->cuts, images->cut_count, sizeof(*images->cuts), cut);
}

bool is_config_name(const char *text)
{
	return is_plain_name(text) && !strchr(text, '.');
}

const struct image_cut *images_find_config(const struct images *images, const struct image_cut *cut,
					   const char *config)
{
	const struct image_cut *found;
	char *name;

	if (!config || (cut->config && !strcmp(cut->config, config)))
		return cut;
	name = xasprintf("%s-%s", cut->name, config);
	found = images_find(images, name);
	free(name);
	return found && found->config && !strcmp(found->config, config) ? found : NULL;
}

const struct image_cut *image_cut_build(const struct image_cut *cut, unsigned int build)
{
	const struct image_cut *builds = cut->builds.items;

	if (!build)
		return cut;
	return build <= cut->builds.count ? &builds[build - 1] : NULL;
}

const struct image_qemu *images_find_qemu(const struct images *images, const char *name)
{
	return find_named(images->qemus, images->qemu_count, sizeof(*images->qemus),
			  name ? name : QEMU_DEFAULT);
}

const struct image_cut *images_hidden(const struct images *images, const char *cut)
{
	const struct image_cut *shown = images_find(images, cut), *c;
	size_t i;

	for (i = 0; i < images->cut_count; i++) {
		c = &images->cuts[i];
		if (c->hidden && !strcmp(c->name, cut) && strcmp(c->image, shown->image))
			return c;
	}
	return NULL;
}

static int set_path(const struct ini_entry *e, const struct key *key, void *member)
{
	const char *slash = strrchr(e->path, '/');
	char **path = member;

	(void)key;
	if (e->value[0] == '/' || !slash)
		record_set_text(path, e->value);
	else
		*path = xasprintf("%.*s/%s", (int)(slash - e->path), e->path, e->value);
	return 0;
}

/* Texts of patches and trees are shown on terminals and go into JSON: keep only what both take. */
static int set_fact(const struct ini_entry *e, const struct key *key, void *member)
{
	(void)key;
	record_set_text(member, e->value);
	utf8_disarm(*(char **)member);
	return 0;
}

#define FACT(group, member) KEY(group, #member, set_fact, member)

/* Every member is an owned text. */
#define S struct image_cut
static const struct key cut_keys[] = {
	KEY(NULL, "image", set_path, image),
	KEY(NULL, "modules", set_path, modules),
	KEY(NULL, "host_modules", set_path, host_modules),
	FACT(NULL, build_id),
	FACT(NULL, release),
	FACT(NULL, version),
	FACT(NULL, key),
	FACT(NULL, config),
	FACT(NULL, source),
	FACT(NULL, commit),
	FACT(NULL, message_id),
	FACT(NULL, subject),
	FACT(NULL, author_date),
	FACT(NULL, dirty),
	FACT(NULL, fuzz),
	FACT(NULL, trace_events),
	FACT(NULL, config_sha256),
	FACT(NULL, compiler),
	FACT(NULL, patches_sha256),
	FACT(NULL, built_from),
	{ .name = "vmlinux", .renamed = "image" },
	{ .name = NULL },
};
#undef S

#define S struct image_cut
static const struct key build_keys[] = {
	KEY(NULL, "image", set_path, image),
	FACT(NULL, build_id),
	FACT(NULL, release),
	FACT(NULL, key),
	{ .name = NULL },
};
#undef S

#define S struct image_qemu
static const struct key qemu_keys[] = {
	KEY(NULL, "path", set_path, path),
	FACT(NULL, version),
	FACT(NULL, commit),
	FACT(NULL, subject),
	FACT(NULL, source),
	FACT(NULL, built_from),
	{ .name = NULL },
};
#undef S

#define S struct images
static const struct key images_keys[] = {
	KEY("initramfs", "path", set_path, initramfs),
	{ .name = NULL },
};
#undef S

#define S struct image_cut
static RECORD(image_build_record, "build", NULL,
	FIELD(TEXT, image), FIELD(TEXT, release), FIELD(TEXT, build_id), FIELD(TEXT, key));
RECORD(image_cut_record, "cut", NULL,
	FIELD(TEXT, image), FIELD(TEXT, modules), FIELD(TEXT, host_modules), FIELD(TEXT, release), FIELD(TEXT, version),
	FIELD(TEXT, build_id), FIELD(TEXT, key), FIELD(TEXT, config), FIELD(TEXT, source), FIELD(TEXT, commit),
	FIELD(TEXT, message_id), FIELD(TEXT, subject), FIELD(TEXT, author_date),
	FIELD(TEXT, dirty), FIELD(TEXT, fuzz), FIELD(TEXT, trace_events),
	FIELD(TEXT, config_sha256), FIELD(TEXT, compiler), FIELD(TEXT, patches_sha256),
	FIELD(TEXT, built_from), FIELD(LIST, builds, .record = &image_build_record));
#undef S

#define S struct image_qemu
RECORD(image_qemu_record, "qemu", NULL,
	FIELD(TEXT, path), FIELD(TEXT, version), FIELD(TEXT, source), FIELD(TEXT, commit),
	FIELD(TEXT, subject), FIELD(TEXT, built_from));
#undef S

/* Free the texts of an object, and the one that it begins with. */
static void release_texts(const struct key *keys, void *object)
{
	for (; keys->name; keys++)
		if (keys->set)
			free(*(char **)((char *)object + keys->at));
	free(*(char **)object);
}

static struct image_qemu *default_qemu(struct images *images)
{
	if (!images->qemus)
		images->qemus = xcalloc(1, sizeof(*images->qemus));
	return find_or_add_named(images->qemus, &images->qemu_count, sizeof(*images->qemus),
				 QEMU_DEFAULT);
}

/* The cut or QEMU of a section, which may be new. */
static void *item_of(const char *name, void *list, size_t *count, size_t size)
{
	void **items = list;

	*items = xreallocarray(*items, *count + 1, size);
	return find_or_add_named(*items, count, size, name);
}

static int set_cut(const struct ini_entry *e, struct images *images)
{
	const char *name = e->section + strlen(CUT_SECTION);

	if (!is_plain_name(name))
		return ini_fail(e, "expected a cut's name of letters, digits, '.', '_' and '-'");
	return key_set(cut_keys, e,
		       item_of(name, &images->cuts, &images->cut_count, sizeof(*images->cuts)));
}

/* A QEMU of another machine, after the default one. */
static int set_qemu(const struct ini_entry *e, struct images *images)
{
	const char *name = e->section + strlen(QEMU_SECTION);

	if (!is_plain_name(name) || !images->qemu_count)
		return ini_fail(e, "expected a QEMU's name of letters, digits, '.', '_' and '-', "
				   "after [qemu]");
	return key_set(qemu_keys, e,
		       item_of(name, &images->qemus, &images->qemu_count, sizeof(*images->qemus)));
}

/* A key of "[build CUT/N]", which follows that of the build before. */
static int set_build(const struct ini_entry *e, struct image_cut *cut)
{
	struct record_list *builds = &cut->builds;
	const char *at = strchr(e->section, '/') + 1;
	char *end;
	const unsigned long n = strtoul(at, &end, 10);
	struct image_cut *build;

	if (!isdigit((unsigned char)*at) || *end || !n || n >= BUILDS_MAX)
		return ini_fail(e, "expected the number of a build, 1 to %d", BUILDS_MAX - 1);
	if (n > builds->count + 1)
		return ini_fail(e, "there is no [build %s/%zu] before it", cut->name,
				builds->count + 1);
	if (n > builds->count) {
		builds->items = xreallocarray(builds->items, n, sizeof(*build));
		build = (struct image_cut *)builds->items + builds->count++;
		*build = (struct image_cut){ .name = xasprintf("%s/%lu", cut->name, n) };
	}
	return key_set(build_keys, e, (struct image_cut *)builds->items + n - 1);
}

/* The name of the cut in "build CUT/N", to be freed. */
static char *cut_of_build(const char *section)
{
	const char *name = section + strlen(BUILD_SECTION);

	return xasprintf("%.*s", (int)(strchrnul(name, '/') - name), name);
}

static bool is_build(const char *section)
{
	return !strncmp(section, BUILD_SECTION, strlen(BUILD_SECTION)) && strchr(section, '/');
}

static int set_build_of(const struct ini_entry *e, struct images *images)
{
	char *name = cut_of_build(e->section);
	struct image_cut *cut =
		find_named(images->cuts, images->cut_count, sizeof(*images->cuts), name);
	int status = cut ? set_build(e, cut)
			 : ini_fail(e, "there is no [" CUT_SECTION "%s] before it", name);

	free(name);
	return status;
}

static int set_entry(const struct ini_entry *e, void *context)
{
	struct images *images = context;

	if (!strncmp(e->section, CUT_SECTION, strlen(CUT_SECTION)))
		return set_cut(e, images);
	if (is_build(e->section))
		return set_build_of(e, images);
	if (!strcmp(e->section, "qemu"))
		return key_set(qemu_keys, e, default_qemu(images));
	if (!strncmp(e->section, QEMU_SECTION, strlen(QEMU_SECTION)))
		return set_qemu(e, images);
	return key_set(images_keys, e, images);
}

static void set_default(char **text, const char *with)
{
	if (!*text && with)
		*text = xstrdup(with);
}

static void set_defaults(struct images *images, const char *path)
{
	const char *qemu = getenv("QEMU");
	struct image_qemu *q;
	size_t i;

	images->file = xstrdup(path);
	if (qemu && *qemu) {
		q = default_qemu(images);
		release_texts(qemu_keys, q);
		*q = (struct image_qemu){ .name = xstrdup(QEMU_DEFAULT),
					  .path = xstrdup(qemu),
					  .source = xstrdup("$QEMU") };
	}
	if (images->qemu_count) {
		set_default(&images->qemus[0].file, path);
		images->qemu = images->qemus[0].path;
	}
	for (i = 1; i < images->qemu_count; i++)
		set_default(&images->qemus[i].file, path);
	for (i = 0; i < images->cut_count; i++)
		set_default(&images->cuts[i].file, path);
}

int images_load(struct images *images, const char *path, char *err, size_t err_size)
{
	int status;

	memset(images, 0, sizeof(*images));
	status = ini_file_parse(path, set_entry, images, err, err_size);
	if (status == -ENOENT)
		snprintf(err, err_size,
			 "no guest kernels yet (%s does not exist); make all builds them", path);
	if (status)
		images_release(images);
	else
		set_defaults(images, path);
	return status;
}

static void release_cut(struct image_cut *cut)
{
	size_t i;

	for (i = 0; i < cut->builds.count; i++)
		release_texts(build_keys, (struct image_cut *)cut->builds.items + i);
	free(cut->builds.items);
	free(cut->file);
	release_texts(cut_keys, cut);
}

static void release_qemu(struct image_qemu *qemu)
{
	free(qemu->file);
	release_texts(qemu_keys, qemu);
}

void images_release(struct images *images)
{
	size_t i;

	for (i = 0; i < images->cut_count; i++)
		release_cut(&images->cuts[i]);
	for (i = 0; i < images->qemu_count; i++)
		release_qemu(&images->qemus[i]);
	for (i = 0; i < images->lock_count; i++)
		close(images->locks[i]);
	free(images->locks);
	free(images->cuts);
	free(images->qemus);
	release_texts(images_keys, images);
	memset(images, 0, sizeof(*images));
}

/* A file of the registry as it is read. */
struct registered {
	struct image_cut cut;
	struct image_qemu qemu;
	const char *kind; /* CUT_SECTION or QEMU_SECTION */
	char name[NAME_MAX + 1];
};

static int set_registered(const struct ini_entry *e, void *context)
{
	struct registered *r = context;
	size_t n = strlen(r->kind);
	char *of = NULL;
	bool build = false;

	if (is_build(e->section) && !strcmp(r->kind, CUT_SECTION)) {
		of = cut_of_build(e->section);
		build = !strcmp(of, r->name);
		free(of);
	}
	if (build)
		return set_build(e, &r->cut);
	if (strncmp(e->section, r->kind, n) || strcmp(e->section + n, r->name))
		return ini_fail(e, "expected only a section [%s%s]", r->kind, r->name);
	return !strcmp(r->kind, CUT_SECTION) ? key_set(cut_keys, e, &r->cut)
					     : key_set(qemu_keys, e, &r->qemu);
}

static void add_cut(struct images *images, struct image_cut *cut)
{
	cut->hidden = images_find(images, cut->name);
	images->cuts = xreallocarray(images->cuts, images->cut_count + 1, sizeof(*images->cuts));
	images->cuts[images->cut_count++] = *cut;
}

static void add_qemu(struct images *images, struct image_qemu *qemu)
{
	qemu->hidden = images_find_qemu(images, qemu->name);
	images->qemus =
		xreallocarray(images->qemus, images->qemu_count + 1, sizeof(*images->qemus));
	images->qemus[images->qemu_count++] = *qemu;
}

/* The name of a cut or QEMU from "DIR/NAME.ini". */
static void name_of(const char *file, char name[NAME_MAX + 1])
{
	const char *base = strrchr(file, '/') + 1;

	snprintf(name, NAME_MAX + 1, "%.*s", (int)(strlen(base) - strlen(SUFFIX)), base);
}

/* 0 if the file was added. */
static int add_file(struct images *images, const char *file, const char *kind, char *err,
		    size_t err_size)
{
	struct registered r = { .kind = kind };
	const bool is_cut = !strcmp(kind, CUT_SECTION);
	int status;

	name_of(file, r.name);
	r.cut.name = xstrdup(r.name);
	r.qemu.name = xstrdup(r.name);
	r.cut.file = xstrdup(file);
	r.qemu.file = xstrdup(file);
	status = is_plain_name(r.name) ? ini_file_parse(file, set_registered, &r, err, err_size)
				       : refuse(err, err_size,
						"%s: expected a name of letters, digits, '.', '_' "
						"and '-'",
						file);
	if (status)
		snprintf(err + strlen(err), err_size - strlen(err),
			 "; remove %s, or build '%s' again", file, r.name);
	else
		status = is_cut ? image_cut_check(images, &r.cut, err, err_size)
				: image_qemu_check(&r.qemu, err, err_size);
	if (!status && is_cut)
		add_cut(images, &r.cut);
	else
		release_cut(&r.cut);
	if (!status && !is_cut)
		add_qemu(images, &r.qemu);
	else
		release_qemu(&r.qemu);
	return status;
}

void images_add_registered(struct images *images, const char *cache,
			   void (*warn)(const char *message))
{
	static const char *const kinds[][2] = { { CUT_SECTION, "/cuts/*" SUFFIX },
						{ QEMU_SECTION, "/qemus/*" SUFFIX } };
	char err[2 * PATH_MAX];
	glob_t found;
	size_t k, i;

	for (k = 0; k < 2; k++) {
		if (glob_below(cache, kinds[k][1], &found))
			continue;
		for (i = 0; i < found.gl_pathc; i++)
			if (add_file(images, found.gl_pathv[i], kinds[k][0], err, sizeof(err)))
				warn(err);
		globfree(&found);
	}
	if (images->qemu_count && !strcmp(images->qemus[0].name, QEMU_DEFAULT))
		images->qemu = images->qemus[0].path;
}
