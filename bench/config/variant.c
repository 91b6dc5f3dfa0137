/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/variant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/level.h"
#include "lib/ini_file.h"

static struct variant *find(const struct variants *variants, const char *name)
{
	size_t i;

	for (i = 0; i < variants->count; i++)
		if (!strcmp(variants->list[i].name, name))
			return &variants->list[i];
	return NULL;
}

static struct variant *find_or_add(struct variants *variants, const char *name)
{
	struct variant *v = find(variants, name), *longer;

	if (v)
		return v;
	longer = reallocarray(variants->list, variants->count + 1, sizeof(*longer));
	if (!longer)
		return NULL;
	variants->list = longer;
	v = &variants->list[variants->count];
	*v = (struct variant){ .name = strdup(name) };
	if (v->name)
		variants->count++;
	return v->name ? v : NULL;
}

/* The value becomes part of a QEMU option: a comma must not begin another one. */
static int check_device(const struct ini_entry *e)
{
	if (strncmp(e->value, "id=", 3) && !strstr(e->value, ",id=") && !strstr(e->value, ",,"))
		return 0;
	return ini_fail(e,
			"'%s': properties of the device are wanted, as in page-x=on,y=off, "
			"and its id is not yours to set",
			e->value);
}

static int set_method(const struct ini_entry *e, struct variant *v)
{
	if (!method_parse(e->value, &v->method))
		return 0;
	return ini_fail(e, "'%s': balloon, virtio-mem or free-page-reporting is wanted", e->value);
}

static int set_entry(const struct ini_entry *e, void *context)
{
	struct variant *v;
	char **field;

	if (!*e->section)
		return ini_fail(e, "stands before the first [variant]");
	if (e->section[0] == '.' ||
	    e->section[strspn(e->section, "abcdefghijklmnopqrstuvwxyz"
					  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")])
		return ini_fail(e, "a variant's name is made of letters, digits, '.', '_' and '-'");
	v = find_or_add(context, e->section);
	if (!v)
		return -ENOMEM;
	if (!strcmp(e->key, "mover"))
		return set_method(e, v);
	if (!strcmp(e->key, "cut"))
		field = &v->cut;
	else if (!strcmp(e->key, "description"))
		field = &v->description;
	else if (!strcmp(e->key, "device"))
		field = &v->device;
	else if (!strcmp(e->key, "against"))
		field = &v->against;
	else
		return ini_fail(e,
				"unknown key; there are: cut, description, mover, device, against");
	if (field == &v->device && check_device(e))
		return -EINVAL;
	*field = strdup(e->value);
	return *field ? 0 : -ENOMEM;
}

int variants_load(struct variants *variants, const char *path, char *err, size_t err_size)
{
	int status;
	size_t i;

	memset(variants, 0, sizeof(*variants));
	status = ini_file_parse(path, set_entry, variants, err, err_size);
	for (i = 0; !status && i < variants->count; i++) {
		if (variants->list[i].cut)
			continue;
		snprintf(err, err_size,
			 "%s: [%s] has no cut; name one of kernel-patches/series, as in cut = list",
			 path, variants->list[i].name);
		status = -EINVAL;
	}
	if (!status && !variants->count) {
		snprintf(err, err_size, "%s: there is no variant in it", path);
		status = -EINVAL;
	}
	if (status)
		variants_release(variants);
	return status;
}

static void release(struct variant *v)
{
	free(v->name);
	free(v->description);
	free(v->cut);
	free(v->device);
	free(v->against);
	free(v->trace);
	free(v->twin_of);
}

void variants_release(struct variants *variants)
{
	size_t i;

	for (i = 0; i < variants->count; i++)
		release(&variants->list[i]);
	for (i = 0; i < variants->derived_count; i++) {
		release(variants->derived[i]);
		free(variants->derived[i]);
	}
	free(variants->list);
	free(variants->derived);
	memset(variants, 0, sizeof(*variants));
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

/* A copy of a variant under a name of its own; owned by @variants. */
static struct variant *derive(struct variants *variants, const struct variant *from,
			      const char *name)
{
	struct variant **longer, *v = calloc(1, sizeof(*v));

	longer = reallocarray(variants->derived, variants->derived_count + 1, sizeof(*longer));
	if (longer)
		variants->derived = longer;
	if (!v || !longer) {
		free(v);
		return NULL;
	}
	*v = (struct variant){
		.name = strdup(name),
		.description = copy(from->description),
		.cut = copy(from->cut),
		.method = from->method,
		.device = copy(from->device),
		.against = copy(from->against),
		.trace = copy(from->trace),
	};
	variants->derived[variants->derived_count++] = v;
	return v;
}

const struct variant *variants_add_twin(struct variants *variants, const struct variant *base,
					const char *name)
{
	struct variant *v = derive(variants, base, name);

	if (!v)
		return NULL;
	v->twin_of = strdup(base->name);
	/* It is no step from anything. */
	free(v->against);
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
	traced = v ? derive(variants, v, name) : NULL;
	if (traced)
		traced->trace = strdup(plus + 1);
	return traced;
}
