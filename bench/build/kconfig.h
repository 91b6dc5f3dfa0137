/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_KCONFIG_H
#define BENCH_BUILD_KCONFIG_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a kernel is to be configured with: a line a setting, or alternatives of which a tree keeps
 * one, in the order of preference. A line that ends in " ?" may be rejected:
 *
 *     CONFIG_SMP=y
 *     # CONFIG_VT is not set
 *     CONFIG_PREEMPT_VOLUNTARY=y | CONFIG_PREEMPT_LAZY=y
 *     CONFIG_ACPI_PRMT=y ?
 *
 * Trees differ: the tree's Kconfig decides, by what olddefconfig makes of the settings.
 */
struct wanted_line {
	char **settings; /* the alternatives */
	size_t count, chosen;
	size_t tries; /* how often another one was chosen */
	bool optional;
};

struct wanted {
	struct wanted_line *lines;
	size_t count;
};

/*
 * Add the lines of a file. They replace lines that were there and name one of their symbols. 0, or
 * -EINVAL and a message: the file cannot be read, or FILE:LINE is no setting.
 */
int wanted_load(struct wanted *wanted, const char *path, char *err, size_t err_size);
void wanted_release(struct wanted *wanted);

/* All lines in a form that comments and blanks do not change; to be freed. */
char *wanted_text(const struct wanted *wanted);

/* A .config with the chosen settings in place of its own; to be freed. */
char *wanted_merge(const struct wanted *wanted, const char *config);

/* Begin with the first alternatives. */
void wanted_restart(struct wanted *wanted);

/*
 * See what is left of the settings in a .config, and choose the next alternatives where they are
 * not. Whether that is worth another try.
 */
bool wanted_choose(struct wanted *wanted, const char *config);

/*
 * The lines that a .config does not have, "A; B", to be freed; NULL: none. @optional: those that
 * may be missing.
 */
char *wanted_missing(const struct wanted *wanted, const char *config, bool optional);

#endif
