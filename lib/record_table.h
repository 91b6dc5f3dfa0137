/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_RECORD_TABLE_H
#define LIB_RECORD_TABLE_H

#include "lib/record.h"

/*
 * For files that define tables of records: a line a field. S is the struct that a
 * table describes; what follows the name is the rest of struct field. NAMED() is for
 * keys that are not the name of the member.
 *
 *   #define S struct step
 *   static RECORD(step_record, "step", "what the scenario does at once",
 *           FIELD(COUNT, pages, .required = true, .unit = UNIT_PAGES),
 *           NAMED("why", TEXT, reason));
 *   #undef S
 */
/* clang-format off */
#define FIELD(kind, member, ...) NAMED(#member, kind, member, __VA_ARGS__)
#define NAMED(key, kind, member, ...) \
	{ .name = key, .type = FIELD_##kind, .offset = offsetof(S, member), __VA_ARGS__ }
#define RECORD(symbol, title, text, ...) \
	const struct record symbol = { .name = title, .size = sizeof(S), .doc = text, \
				       .fields = (const struct field[]){ __VA_ARGS__, { .name = NULL } } }
/* clang-format on */

#endif
