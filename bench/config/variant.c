/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/variant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/keys.h"
#include "bpf/level.h"
#include "lib/alloc.h"
#include "lib/log.h"

static struct variant *find(const struct variants *variants, const char *name)
{
	return find_named(variants->list, variants->count, sizeof(*variants->list), name);
}

/* A QEMU option gets the value: a comma must not begin another option. */
static int set_device(const struct ini_entry *e, const struct key *key, void *member)
{
	if (!strncmp(e->value, "id=", 3) || strstr(e->value, ",id=") || strstr(e->value, ",,"))
		return ini_fail(e,
				"'%s': expected properties of the device other than its id, as in "
				"page-x=on,y=off",
				e->value);
	return key_set_text(e, key, member);
}

#define S struct variant
static const struct key keys[] = {
	KEY(NULL, "cut", key_set_text, cut),
	KEY(NULL, "description", key_set_text, description),
	KEY(NULL, "method", key_set_choice, method, .choices = method_names),
	KEY(NULL, "device", set_device, device),
	KEY(NULL, "against", key_set_text, against),
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

int variants_load(struct variants *variants, const char *path, char *err, size_t err_size)
{
	int status;
	size_t i;

	memset(variants, 0, sizeof(*variants));
	status = ini_file_parse(path, set_entry, variants, err, err_size);
	for (i = 0; !status && i < variants->count; i++)
		if (!variants->list[i].cut)
			status = refuse(err, err_size,
					"%s: [%s] has no cut; name one of kernel-patches/series, "
					"as in cut = list",
					path, variants->list[i].name);
	if (!status && !variants->count)
		status = refuse(err, err_size, "%s: there is no variant in this file", path);
	if (status)
		variants_release(variants);
	return status;
}

void variants_release(struct variants *variants)
{
	size_t i;

	for (i = 0; i < variants->count; i++) {
		keys_release(keys, &variants->list[i]);
		free(variants->list[i].name);
		free(variants->list[i].device);
	}
	for (i = 0; i < variants->derived_count; i++) {
		free(variants->derived[i]->name);
		free(variants->derived[i]);
	}
	free(variants->list);
	free(variants->derived);
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

const struct variant *variants_find(struct variants *variants, const char *name)
{
	const char *plus = strchr(name, '+');
	const struct variant *v = find(variants, name);
	struct variant *traced;
	enum trace_level level;
	char base[128];

	if (v || !plus || !trace_level_parse(plus + 1, &level))
		return v;
	snprintf(base, sizeof(base), "%.*s", (int)(plus - name), name);
	v = find(variants, base);
	if (!v)
		return NULL;
	traced = derive(variants, v, name);
	traced->trace = strchr(traced->name, '+') + 1;
	return traced;
}

const char *method_refuses(enum result_method method, const struct scenario *s,
			   enum result_accel accel)
{
	const bool plugs = method == RESULT_VIRTIO_MEM, reports = method == RESULT_REPORTING;
	const struct {
		bool applies;
		const char *why;
	} rules[] = {
		{ (plugs || reports) &&
			  (s->compaction_rounds || s->pressure.cache_bytes || s->deflate_on_oom),
		  "compaction, pressure and deflate_on_oom need a balloon" },
		{ plugs && s->state == PREPARED_FRAGMENTED,
		  "virtio-mem cannot unplug a block with a pinned page, and state = fragmented "
		  "pins one in each" },
		{ plugs && (s->inflate_bytes % METHOD_BLOCK_BYTES ||
			    s->step_bytes % METHOD_BLOCK_BYTES),
		  "virtio-mem plugs blocks of 2 MiB; make inflate and step multiples of that" },
		{ reports && accel == RESULT_ICOUNT,
		  "the guest sleeps between reports, and no time passes then under icount" },
		{ reports && s->backing == BACKING_HUGETLB,
		  "the host does not show how much hugetlb memory was returned" },
		{ reports && s->state != PREPARED_TOUCHED,
		  "the guest reports memory that it has used and freed; expected state = "
		  "touched" },
		{ reports && (s->rate_bytes_per_s || s->step_bytes != s->inflate_bytes),
		  "the guest's kernel sets the rate; remove rate and step" },
	};
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].applies)
			return rules[i].why;
	return NULL;
}
