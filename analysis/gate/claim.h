/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_CLAIM_H
#define ANALYSIS_CLAIM_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/gate/quantity.h"

/*
 * What must hold in a result tree, in words:
 *
 *   EXPRESSION = QUANTITY ["during" PHASE] OPERATOR LIMIT
 *   QUANTITY   = as in analysis/gate/quantity.h
 *   PHASE      = before | inflate | plateau | deflate | after
 *   OPERATOR   = <= | < | >= | >
 *   LIMIT      = NUMBER [UNIT]  |  NUMBER x REFERENCE
 *   UNIT       = ns | us | ms | s of a time, B | KiB | MiB | GiB of bytes,
 *                GiB/s of a rate, none of a count
 *   REFERENCE  = VARIANT: the same quantity of that variant in the same scenario
 *              | base: of the base
 *              | idle: of the same boot's phase "before" (with "during" only)
 *              | its METRIC: another metric of the same boot
 *   NUMBER     = digits, with or without a fraction
 *
 * as in "guest.fault_ns.p99 during inflate <= 1.2 x idle", or in
 * "compaction.round_trips <= 2 x its compaction.migrated_pages". Blanks between
 * number and unit, and around the operator, may be left out.
 *
 * A QoS file is an INI file with a section for each claim:
 *
 *   [name]
 *   claim = EXPRESSION
 *   scenario = NAME...      where it must hold (default: where there is the quantity)
 *   variant = NAME...       for which (the same)
 *   description = TEXT
 */
enum claim_operator { CLAIM_AT_MOST, CLAIM_BELOW, CLAIM_AT_LEAST, CLAIM_ABOVE };

enum claim_reference {
	REFERENCE_NONE, /* an absolute limit */
	REFERENCE_VARIANT,
	REFERENCE_BASE,
	REFERENCE_IDLE,
	REFERENCE_ITS, /* another metric of the same boot */
};

struct claim {
	char *file;	   /* NULL: the command line */
	unsigned int line; /* of the expression */
	char *name;
	char *expression; /* as written; NULL while its section has none */
	char *description;
	char **scenarios; /* NULL-terminated; NULL: all */
	char **variants;
	struct quantity quantity;
	enum claim_operator operator;
	double limit;	  /* as stored, in ns, bytes, GiB/s; a factor where there is a reference */
	double unit_size; /* of @unit, in ns or bytes; 1 without */
	char unit[8];	  /* as written, "" without */
	enum claim_reference reference;
	char *reference_variant; /* of REFERENCE_VARIANT */
	struct quantity its;	 /* of REFERENCE_ITS, a metric */
};

struct claims {
	struct claim *list;
	size_t count;
};

/* "<=" */
const char *claim_operator_name(enum claim_operator operator);

/*
 * What a boot has to be held against the limit: the quantity, or where the claim
 * refers to the same boot ("idle", "its") the ratio to that.
 */
enum quantity_found claim_figure(const struct claim *claim, const json_t *boot, double *value);

/* Whether a value as @limit's fulfils the claim. */
bool claim_holds(const struct claim *claim, double value);

/**
 * claim_parse() - understand an expression
 * @claim: with nothing of an expression in it yet; to be released in any case
 *
 * Return: 0; -EINVAL, and a message that names the word and what is wanted.
 */
int claim_parse(struct claim *claim, const char *expression, char *err, size_t err_size);
void claim_release(struct claim *claim);

/**
 * claims_add_regress() - the claim of "--max-regress METRIC=PERCENT%"
 * @text: METRIC is any quantity, with its "during PHASE" where it has one
 *
 * The quantity is at most 1 + PERCENT/100 of the base's, or at least 1 -
 * PERCENT/100 where more is better.
 */
int claims_add_regress(struct claims *claims, const char *text, char *err, size_t err_size);

/* Append the claims of a QoS file: 0; -EINVAL and the like with a message of file, line, key. */
int claims_load(struct claims *claims, const char *path, char *err, size_t err_size);

void claims_release(struct claims *claims);

#endif
