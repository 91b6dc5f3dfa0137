/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/variant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/kernel_args.h"
#include "bench/config/keys.h"
#include "bpf/level.h"
#include "lib/alloc.h"
#include "lib/log.h"

static struct variant *find(const struct variants *variants, const char *name)
{
	return find_named(variants->list, variants->count, sizeof(*variants->list), name);
}

int device_each(const char *device, int (*fn)(const char *name, const char *value, void *context),
		void *context)
{
	char *copy = xstrdup(device ? device : ""), *save, *word, *equals;
	int status = 0;

	for (word = strtok_r(copy, ",", &save); word && !status;
	     word = strtok_r(NULL, ",", &save)) {
		equals = strchr(word, '=');
		if (equals)
			*equals = '\0';
		status = fn(word, equals ? equals + 1 : "", context);
	}
	free(copy);
	return status;
}

static int is_id(const char *name, const char *value, void *context)
{
	(void)value;
	(void)context;
	return !strcmp(name, "id");
}

/* A QEMU option gets the value: a comma must not begin another option. */
static int set_device(const struct ini_entry *e, const struct key *key, void *member)
{
	if (device_each(e->value, is_id, NULL) || strstr(e->value, ",,"))
		return ini_fail(e,
				"'%s': expected properties of the device other than its id, as in "
				"page-x=on,y=off",
				e->value);
	return key_set_text(e, key, member);
}

static int set_qemu(const struct ini_entry *e, const struct key *key, void *member)
{
	if (!is_plain_name(e->value))
		return ini_fail(e,
				"'%s': expected the name of a QEMU; `balloonbench list` shows "
				"them, `balloonbench build --qemu PATH` adds one",
				e->value);
	return key_set_text(e, key, member);
}

static int set_host(const struct ini_entry *e, const struct key *key, void *member)
{
	if (!is_plain_name(e->value))
		return ini_fail(e,
				"'%s': expected the name of a kernel; `balloonbench list` shows "
				"them, `balloonbench build --debian 6.12` adds one",
				e->value);
	return key_set_text(e, key, member);
}

#define S struct variant
static const struct key keys[] = {
	KEY(NULL, "cut", key_set_text, cut),
	KEY(NULL, "description", key_set_text, description),
	KEY(NULL, "method", key_set_choice, method, .choices = method_names),
	KEY(NULL, "policy", key_set_choice, policy, .choices = policy_names),
	KEY(NULL, "program", key_set_text, program),
	KEY(NULL, "qemu", set_qemu, qemu),
	KEY(NULL, "device", set_device, device),
	KEY(NULL, "config", key_set_config, config),
	KEY(NULL, "host", set_host, host),
	KEY(NULL, "kernel_args", key_set_kernel_args, kernel_args),
	KEY(NULL, "against", key_set_text, against),
	KEY(NULL, "control_of", key_set_text, control_of),
	{ .name = "mover", .renamed = "method" },
	{ .name = NULL },
};
#undef S

static int set_entry(const struct ini_entry *e, void *context)
{
	struct variants *variants = context;
	const size_t size = sizeof(*variants->list);

	if (!*e->section)
		return ini_fail(e, "expected a [variant] before the first key");
	if (!is_plain_name(e->section))
		return ini_fail(e, "expected a name of letters, digits, '.', '_' and '-'");
	variants->list = xreallocarray(variants->list, variants->count + 1, size);
	return key_set(keys, e,
		       find_or_add_named(variants->list, &variants->count, size, e->section));
}

static void release_variant(struct variant *v)
{
	keys_release(keys, v);
	free(v->name);
	free(v->qemu);
	free(v->host);
	free(v->device);
	free(v->config);
	free(v->kernel_args);
	free(v->file);
}

int variants_load(struct variants *variants, const char *path, char *err, size_t err_size)
{
	struct variant *v;
	size_t i;
	int status;

	memset(variants, 0, sizeof(*variants));
	status = ini_file_parse(path, set_entry, variants, err, err_size);
	for (i = 0; !status && i < variants->count; i++) {
		v = &variants->list[i];
		v->file = xstrdup(path);
		if (!v->cut)
			status = refuse(err, err_size,
					"%s: [%s] has no cut; name one that `balloonbench list` "
					"shows, as in cut = list",
					path, v->name);
		else if ((v->policy == POLICY_PROGRAM) != (v->program != NULL))
			status =
				refuse(err, err_size,
				       "%s: [%s] program: expected with policy = program, and only "
				       "there",
				       path, v->name);
		else if (v->policy != POLICY_NONE && v->method != RESULT_BALLOON &&
			 v->method != RESULT_VIRTIO_MEM)
			status = refuse(err, err_size,
					"%s: [%s] policy: %s has no size that a policy could set; "
					"expected method = balloon or virtio-mem",
					path, v->name, method_names[v->method]);
	}
	if (!status && !variants->count)
		status = refuse(err, err_size, "%s: there is no variant in this file", path);
	if (status)
		variants_release(variants);
	else
		variants->file = xstrdup(path);
	return status;
}

int variants_add_file(struct variants *variants, const char *path,
		      void (*replaced)(const struct variant *by, const char *file), char *err,
		      size_t err_size)
{
	const size_t size = sizeof(*variants->list);
	struct variants added;
	struct variant *v, *old;
	int status = variants_load(&added, path, err, err_size);
	size_t i;

	if (status)
		return status;
	variants->list = xreallocarray(variants->list, variants->count + added.count, size);
	for (i = 0; i < added.count; i++) {
		v = &added.list[i];
		old = find(variants, v->name);
		if (old) {
			replaced(v, old->file);
			release_variant(old);
		} else {
			old = &variants->list[variants->count++];
		}
		*old = *v;
	}
	added.count = 0;
	variants_release(&added);
	return 0;
}

void variants_release(struct variants *variants)
{
	size_t i;

	for (i = 0; i < variants->count; i++)
		release_variant(&variants->list[i]);
	for (i = 0; i < variants->derived_count; i++) {
		free(variants->derived[i]->name);
		free(variants->derived[i]);
	}
	record_release_texts(&variants->texts);
	free(variants->list);
	free(variants->derived);
	free(variants->file);
	memset(variants, 0, sizeof(*variants));
}

/* A variant under a name of its own, with the texts of another. */
static struct variant *derive(struct variants *variants, const struct variant *from,
			      const char *name)
{
	struct variant *v = xcalloc(1, sizeof(*v));

	*v = *from;
	v->name = xstrdup(name);
	variants->derived = xreallocarray(variants->derived, variants->derived_count + 1,
					  sizeof(*variants->derived));
	return variants->derived[variants->derived_count++] = v;
}

const struct variant *variants_add_control(struct variants *variants, const struct variant *base,
					   const char *name)
{
	struct variant *v = derive(variants, base, name);

	v->control_of = base->name;
	v->against = NULL;
	return v;
}

/* A text that lives as long as the variants do. */
static char *keep(struct variants *variants, const char *text)
{
	record_append_text(&variants->texts, text);
	return ((char **)variants->texts.items)[variants->texts.count - 1];
}

const struct variant *variants_named(struct variants *variants, const struct images *images,
				     const char *name)
{
	const struct variant *v = find(variants, name);
	const struct image_cut *cut = v || !images ? NULL : images_find(images, name);
	struct variant of_cut = { .cut = NULL };
	struct variant *derived;

	if (!cut)
		return v;
	derived = derive(variants, &of_cut, name);
	derived->cut = cut->name;
	derived->description = cut->subject ? cut->subject : cut->source;
	derived->file = cut->file;
	return derived;
}

/* A spec in its parts, which are cut out of @text; absent ones are NULL. */
struct spec {
	char text[VARIANT_SPEC_MAX + 1];
	char *name, *properties, *qemu, *level;
};

static char *cut_off(char *text, char c)
{
	char *at = text ? strchr(text, c) : NULL;

	if (at)
		*at++ = '\0';
	return at;
}

/* Errors of a spec: err and err_size are those of the caller. */
#define WRONG(spec, ...) refuse_spec(err, err_size, spec, xasprintf(__VA_ARGS__))

static int refuse_spec(char *err, size_t err_size, const char *spec, char *why)
{
	refuse(err, err_size, "variant '%s': %s", spec, why);
	free(why);
	return -EINVAL;
}

static int split(struct spec *s, const char *text, char *err, size_t err_size)
{
	char shown[24];

	snprintf(shown, sizeof(shown), "%.20s...", text);
	if (strlen(text) > VARIANT_SPEC_MAX)
		return WRONG(shown,
			     "longer than %d characters; give it a name in a file, for --variants",
			     VARIANT_SPEC_MAX);
	snprintf(s->text, sizeof(s->text), "%s", text);
	s->name = s->text;
	s->level = cut_off(s->text, '+');
	s->qemu = cut_off(s->text, '@');
	s->properties = cut_off(s->text, ',');
	if (s->qemu && strpbrk(s->qemu, ",="))
		return WRONG(text, "the properties of the device belong before '@'");
	if (!is_plain_name(s->name))
		return WRONG(text,
			     "'%s': expected a name of letters, digits, '.', '_' and '-', as "
			     "in NAME,property=value@QEMU+LEVEL",
			     s->name);
	return 0;
}

/* Properties of a spec as they are checked and put together with those of its variant. */
struct properties {
	const char *spec;
	char *all; /* "a=on,b=off" */
	char *err;
	size_t err_size;
};

/* Whether "a=on,b=off" has a property of that name, then 1. */
static int same_name(const char *name, const char *value, void *context)
{
	(void)value;
	return !strcmp(name, context);
}

static void append(struct properties *p, const char *name, const char *value)
{
	char *before = p->all;

	p->all = xasprintf("%s%s%s%s%s", before ? before : "", before ? "," : "", name,
			   *value ? "=" : "", value);
	free(before);
}

static int check_property(char *word, struct properties *p)
{
	char *value = cut_off(word, '='), *err = p->err;
	size_t err_size = p->err_size;

	if (!is_plain_name(word) || !value || !is_plain_name(value))
		return WRONG(p->spec,
			     "'%s%s%s': expected property=value of letters, digits, '.', '_' and "
			     "'-', as in page-chunks=on",
			     word, value ? "=" : "", value ? value : "");
	if (!strcmp(word, "id"))
		return WRONG(p->spec, "'id': the benchmark names the device itself; leave it out");
	if (device_each(p->all, same_name, word))
		return WRONG(p->spec, "'%s' is given twice", word);
	append(p, word, value);
	return 0;
}

/* The properties of a variant that a spec does not replace, before those of the spec. */
static int keep_others(const char *name, const char *value, void *context)
{
	struct properties *const *both = context;

	if (!device_each(both[1]->all, same_name, (char *)name))
		append(both[0], name, value);
	return 0;
}

static int add_properties(struct variants *variants, struct variant *v, char *text, char *err,
			  size_t err_size)
{
	struct properties own = { .spec = v->name, .err_size = err_size }, all = { .all = NULL };
	struct properties *both[] = { &all, &own };
	char *word = text, *next;
	int status = 0;

	own.err = err;
	for (; word && !status; word = next) {
		next = cut_off(word, ',');
		status = check_property(word, &own);
	}
	if (!status) {
		device_each(v->device, keep_others, both);
		append(&all, own.all, "");
		v->device = keep(variants, all.all);
	}
	free(own.all);
	free(all.all);
	return status;
}

static int set_spec_qemu(struct variants *variants, const struct images *images, struct variant *v,
			 const char *name, char *err, size_t err_size)
{
	char list[512] = "";
	size_t i, n = 0;

	if (images && images_find_qemu(images, name)) {
		v->qemu = strcmp(name, QEMU_DEFAULT) ? keep(variants, name) : NULL;
		return 0;
	}
	for (i = 0; images && i < images->qemu_count && n < sizeof(list); i++)
		if (!images->qemus[i].hidden)
			n += snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "",
				      images->qemus[i].name);
	return WRONG(v->name,
		     "no QEMU '%s'; there are: %s; `balloonbench build --qemu PATH --name "
		     "NAME` adds one",
		     name, *list ? list : "none");
}

static int set_level(struct variant *v, const char *name, char *err, size_t err_size)
{
	const char *slash = strchr(name, '/');
	struct trace_setting setting;
	const char *wrong = trace_setting_parse(name, &setting);

	if (wrong)
		return WRONG(v->name, "'%s' is no level of tracing: %s", name, wrong);
	/* The name of a variant is that of a directory. */
	if (slash)
		return WRONG(v->name, "'%s': write it +pages=%s in a variant", name, slash + 1);
	v->trace = strchr(v->name, '+') + 1;
	return 0;
}

const struct variant *variants_find(struct variants *variants, const struct images *images,
				    const char *spec, char *err, size_t err_size)
{
	const struct variant *base;
	struct variant *v;
	struct spec s;

	if (split(&s, spec, err, err_size))
		return NULL;
	base = variants_named(variants, images, s.name);
	if (!base) {
		refuse(err, err_size,
		       "no variant '%s' in %s, and no cut of that name; `balloonbench "
		       "list` shows them",
		       s.name, variants->file);
		return NULL;
	}
	if (!s.properties && !s.qemu && !s.level)
		return base;
	v = derive(variants, base, spec);
	if ((s.properties && add_properties(variants, v, s.properties, err, err_size)) ||
	    (s.qemu && set_spec_qemu(variants, images, v, s.qemu, err, err_size)) ||
	    (s.level && set_level(v, s.level, err, err_size)))
		return NULL;
	return v;
}

bool method_is_balloon(enum result_method method)
{
	return method == RESULT_BALLOON || method == RESULT_VMWARE || method == RESULT_CMM;
}

const char *variant_config(const struct variant *v, const struct scenario *s)
{
	return s->config ?: v->config;
}

/* Of the method vmware, whose driver asks for its target once a second. */
static const char *vmware_refuses(const struct scenario *s, enum result_accel accel)
{
	const struct {
		bool applies;
		const char *why;
	} rules[] = {
		{ s->inflate_bytes % METHOD_BLOCK_BYTES || s->step_bytes % METHOD_BLOCK_BYTES,
		  "vmw_balloon leaves a balloon alone that is less than 2 MiB too large; make "
		  "inflate and step multiples of that" },
		{ s->rate_bytes_per_s,
		  "vmw_balloon asks for its target once a second; remove rate" },
		{ s->backing == BACKING_HUGETLB,
		  "the device discards pages of 4 KiB, and the host has larger ones" },
		{ s->deflate_on_oom || s->pressure.growth_bytes,
		  "vmw_balloon does not deflate when the guest is out of memory" },
		{ s->replay.file, "no policy sets the target of vmw_balloon" },
		{ accel_is_icount(accel),
		  "vmw_balloon may work on the agent's vCPU, and its instructions cannot be told "
		  "from those of the agent's polls" },
	};
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].applies)
			return rules[i].why;
	return NULL;
}

/* What cmm leaves the guest at least. */
#define CMM_REST_BYTES (256ULL << 20)

/* Of the method cmm, likewise. */
static const char *cmm_refuses(const struct scenario *s, enum result_accel accel)
{
	if (s->rate_bytes_per_s)
		return "cmm asks for its target once a second; remove rate";
	if (s->inflate_bytes + CMM_REST_BYTES > s->memory_bytes)
		return "cmm leaves the guest 256 MiB; make inflate smaller";
	if (s->deflate_on_oom || s->pressure.growth_bytes)
		return "cmm lowers its target when the guest is out of memory";
	return accel == RESULT_ICOUNT ? "cmm may work on the agent's vCPU, and its instructions "
					"cannot be told from those of the agent's polls"
				      : NULL;
}

const char *method_refuses(enum result_method method, const struct scenario *s,
			   enum result_accel accel)
{
	const bool plugs = method == RESULT_VIRTIO_MEM, reports = method == RESULT_REPORTING;
	const bool floor = method == RESULT_FLOOR, replays = s->replay.file;
	const struct {
		bool applies;
		const char *why;
	} rules[] = {
		{ (plugs || reports || floor) &&
			  (s->compaction_rounds || s->pressure.cache_bytes || s->deflate_on_oom),
		  "compaction, pressure and deflate_on_oom need a balloon" },
		{ plugs && s->state == PREPARED_FRAGMENTED,
		  "virtio-mem cannot unplug a block with a pinned page, and state = fragmented "
		  "pins one in each" },
		{ plugs && (s->inflate_bytes % METHOD_BLOCK_BYTES ||
			    s->step_bytes % METHOD_BLOCK_BYTES),
		  "virtio-mem plugs blocks of 2 MiB; make inflate and step multiples of that" },
		{ floor && s->state == PREPARED_FRAGMENTED,
		  "the guest gives up whole huge pages for it, and state = fragmented leaves "
		  "none" },
		{ floor && s->inflate_bytes % METHOD_BLOCK_BYTES,
		  "the guest gives up huge pages of 2 MiB; make inflate a multiple of that" },
		{ floor && (s->rate_bytes_per_s || s->step_bytes != s->inflate_bytes),
		  "the host discards the memory at once; remove rate and step" },
		{ floor && accel == RESULT_ICOUNT,
		  "the host does all the work, and no instruction of the guest counts it" },
		{ s->busy && accel_is_icount(accel),
		  "the guest's clock would count the instructions of the busy vCPU" },
		{ s->busy && reports,
		  "the agent does not time free page reporting, so it cannot tell whether a vCPU "
		  "was busy meanwhile" },
		{ reports && accel_is_icount(accel),
		  "the guest sleeps between reports, and icount counts work, not sleep" },
		{ reports && s->backing == BACKING_HUGETLB,
		  "the host does not show how much hugetlb memory was returned" },
		{ replays && floor, "the method floor does not replay a workload" },
		{ replays && s->backing == BACKING_HUGETLB,
		  "the host does not show how much hugetlb memory a workload takes" },
		{ replays && accel == RESULT_ICOUNT,
		  "a workload takes its time by the clock, and guest time counts instructions "
		  "under icount" },
		{ reports && !replays && s->state != PREPARED_TOUCHED,
		  "the guest reports memory that it has used and freed; expected state = "
		  "touched" },
		{ reports && (s->rate_bytes_per_s || s->step_bytes != s->inflate_bytes),
		  "the guest's kernel sets the rate; remove rate and step" },
	};
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].applies)
			return rules[i].why;
	if (method == RESULT_CMM)
		return cmm_refuses(s, accel);
	return method == RESULT_VMWARE ? vmware_refuses(s, accel) : NULL;
}
