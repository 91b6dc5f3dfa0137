/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_KEYS_H
#define BENCH_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/ini_file.h"

/* One key of an INI file and the member that it sets. Tables end with a NULL name. */
struct key {
	const char *section; /* NULL: any */
	const char *name;
	/* 0 or the value of ini_fail(); NULL: the key has a new name */
	int (*set)(const struct ini_entry *e, const struct key *key, void *member);
	size_t at;
	unsigned int max;	    /* of key_set_number() */
	const char *const *choices; /* of key_set_choice(), NULL-terminated */
	const char *renamed;
};

/* A row for a member of S, the struct of the table; more may follow, as ".max = 16". */
/* clang-format off */
#define KEY(group, key, setter, member, ...) \
	{ .section = group, .name = key, .set = setter, .at = offsetof(S, member), __VA_ARGS__ }
/* clang-format on */

/* Setters of an owned char *, whole MiB, ns, bytes per second: uint64_t. */
int key_set_text(const struct ini_entry *e, const struct key *key, void *member);
int key_set_memory(const struct ini_entry *e, const struct key *key, void *member);
int key_set_time(const struct ini_entry *e, const struct key *key, void *member);
/* Of a double: a factor from 0.001 to 1000. */
int key_set_factor(const struct ini_entry *e, const struct key *key, void *member);
int key_set_rate(const struct ini_entry *e, const struct key *key, void *member);
/* Of an unsigned int from 1 to .max, a bool, an int: the index in .choices. */
int key_set_number(const struct ini_entry *e, const struct key *key, void *member);
int key_set_switch(const struct ini_entry *e, const struct key *key, void *member);
int key_set_choice(const struct ini_entry *e, const struct key *key, void *member);

/* The name of a configuration of the guest's kernel: an owned char *. */
int key_set_config(const struct ini_entry *e, const struct key *key, void *member);

/* Set the member for an entry: 0, or -EINVAL with a message that lists the keys. */
int key_set(const struct key *keys, const struct ini_entry *e, void *object);

/* Free the texts of an object. */
void keys_release(const struct key *keys, void *object);

/* Whether a text is safe as the name of a directory: letters, digits, '.', '_' and '-'. */
bool is_plain_name(const char *text);

/* "a, b, c" */
void join_names(const char *const *names, size_t count, char *text, size_t size);

/* The item of an array of structs that begins with a char * of that name, or NULL. */
void *find_named(const void *list, size_t count, size_t size, const char *name);

/* The same; if there is none, it is appended. There is room for it. */
void *find_or_add_named(void *list, size_t *count, size_t size, const char *name);

#endif
