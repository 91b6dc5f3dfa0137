/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/gate/claim.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORD_SIZE 128

static const char *const operators[] = {
	[CLAIM_AT_MOST] = "<=",
	[CLAIM_BELOW] = "<",
	[CLAIM_AT_LEAST] = ">=",
	[CLAIM_ABOVE] = ">",
};

static const struct {
	const char *name;
	enum quantity_unit of;
	double size;
} units[] = {
	{ "ns", UNIT_NS, 1 },		{ "us", UNIT_NS, 1e3 },
	{ "ms", UNIT_NS, 1e6 },		{ "s", UNIT_NS, 1e9 },
	{ "B", UNIT_BYTES, 1 },		{ "KiB", UNIT_BYTES, 1 << 10 },
	{ "MiB", UNIT_BYTES, 1 << 20 }, { "GiB", UNIT_BYTES, 1 << 30 },
	{ "GiB/s", UNIT_GIB_PER_S, 1 },
};

static const char *const units_wanted[] = {
	[UNIT_NONE] = "a count has no unit",
	[UNIT_NS] = "a time in ns, us, ms or s is wanted",
	[UNIT_BYTES] = "bytes in B, KiB, MiB or GiB are wanted",
	[UNIT_GIB_PER_S] = "a rate in GiB/s is wanted",
};

const char *claim_operator_name(enum claim_operator operator)
{
	return operators[operator];
}

bool claim_holds(const struct claim *claim, double value)
{
	switch (claim->operator) {
	case CLAIM_AT_MOST:
		return value <= claim->limit;
	case CLAIM_BELOW:
		return value < claim->limit;
	case CLAIM_AT_LEAST:
		return value >= claim->limit;
	default:
		return value > claim->limit;
	}
}

static enum quantity_found figure_over_its(const struct claim *claim, const json_t *boot,
					   double *value)
{
	enum quantity_found found = quantity_of_boot(&claim->quantity, boot, value);
	double its = 0;

	if (found == QUANTITY_THERE)
		found = quantity_of_boot(&claim->its, boot, &its);
	if (found != QUANTITY_THERE)
		return found;
	*value /= its;
	return its > 0 ? QUANTITY_THERE : QUANTITY_ABSENT;
}

enum quantity_found claim_figure(const struct claim *claim, const json_t *boot, double *value)
{
	switch (claim->reference) {
	case REFERENCE_IDLE:
		return quantity_over_idle(&claim->quantity, boot, value);
	case REFERENCE_ITS:
		return figure_over_its(claim, boot, value);
	default:
		return quantity_of_boot(&claim->quantity, boot, value);
	}
}

static bool is_operator(char c)
{
	return c == '<' || c == '>' || c == '=';
}

/* The next word, or the next run of operator characters; "" at the end. What is too long is cut. */
static const char *next_word(const char *at, char *word)
{
	size_t n = 0;

	while (isspace((unsigned char)*at))
		at++;
	if (is_operator(*at))
		while (is_operator(at[n]))
			n++;
	else
		while (at[n] && !isspace((unsigned char)at[n]) && !is_operator(at[n]))
			n++;
	snprintf(word, WORD_SIZE, "%.*s", (int)(n < WORD_SIZE ? n : WORD_SIZE - 1), at);
	return at + n;
}

static const char *shown(const char *word)
{
	return *word ? word : "the end";
}

static int parse_operator(struct claim *claim, const char *word, char *err, size_t err_size)
{
	size_t i;

	for (i = 0; i < COUNT(operators); i++) {
		if (!strcmp(operators[i], word)) {
			claim->operator= i;
			return 0;
		}
	}
	snprintf(err, err_size, "'%s': one of <= < >= > is wanted after the quantity", shown(word));
	return -EINVAL;
}

/* Digits with or without a fraction, no sign: what strtod() takes besides nobody means. */
static const char *parse_number(const char *word, double *number)
{
	size_t n = strspn(word, "0123456789");

	if (!n)
		return NULL;
	if (word[n] == '.') {
		size_t fraction = strspn(word + n + 1, "0123456789");

		if (!fraction)
			return NULL;
		n += 1 + fraction;
	}
	*number = strtod(word, NULL);
	return word + n;
}

static int parse_unit(struct claim *claim, const char *word, char *err, size_t err_size)
{
	size_t i;

	claim->unit_size = 1;
	if (!*word && claim->quantity.unit == UNIT_NONE)
		return 0;
	for (i = 0; i < COUNT(units); i++) {
		if (strcmp(units[i].name, word) || units[i].of != claim->quantity.unit)
			continue;
		snprintf(claim->unit, sizeof(claim->unit), "%s", word);
		claim->unit_size = units[i].size;
		claim->limit *= units[i].size;
		return 0;
	}
	snprintf(err, err_size, "'%s': of %s %s, or 'x' and a reference", shown(word),
		 claim->quantity.name, units_wanted[claim->quantity.unit]);
	return -EINVAL;
}

static int parse_idle(struct claim *claim, char *err, size_t err_size)
{
	claim->reference = REFERENCE_IDLE;
	if (!claim->quantity.phase) {
		snprintf(err, err_size,
			 "'idle': %s has no phases; 'during PHASE' goes with guest.NAME_UNIT and "
			 "host.NAME_UNIT",
			 claim->quantity.name);
		return -EINVAL;
	}
	if (claim->quantity.phase == quantity_phase("before")) {
		snprintf(err, err_size, "'idle': that is what 'during before' is itself");
		return -EINVAL;
	}
	return 0;
}

/* "its METRIC": a figure per boot without a phase. */
static int parse_its(struct claim *claim, const char **at, char *err, size_t err_size)
{
	char name[WORD_SIZE];
	int status;

	*at = next_word(*at, name);
	status = quantity_parse(&claim->its, name, NULL, err, err_size);
	if (status)
		return status;
	claim->reference = REFERENCE_ITS;
	if (claim->its.kind == QUANTITY_METRIC)
		return 0;
	snprintf(err, err_size, "'%s': after 'its' a metric is wanted, as in its inflate.kicks",
		 name);
	return -EINVAL;
}

static int parse_reference(struct claim *claim, const char *word, const char **at, char *err,
			   size_t err_size)
{
	if (!strcmp(word, "idle"))
		return parse_idle(claim, err, err_size);
	if (!strcmp(word, "its"))
		return parse_its(claim, at, err, err_size);
	if (!strcmp(word, "base")) {
		claim->reference = REFERENCE_BASE;
		return 0;
	}
	if (*word) {
		claim->reference = REFERENCE_VARIANT;
		claim->reference_variant = strdup(word);
		return claim->reference_variant ? 0 : -ENOMEM;
	}
	snprintf(err, err_size,
		 "after 'x' a variant's name, 'base', 'idle' or 'its METRIC' is wanted");
	return -EINVAL;
}

/* What follows the number: a unit, or "x" and a reference. */
static int parse_limit(struct claim *claim, const char **at, char *err, size_t err_size)
{
	char word[WORD_SIZE], unit[WORD_SIZE];
	const char *rest;

	*at = next_word(*at, word);
	rest = parse_number(word, &claim->limit);
	if (!rest) {
		snprintf(err, err_size, "'%s': a number is wanted, as in 5 ms, or as in 1.2 x base",
			 shown(word));
		return -EINVAL;
	}
	snprintf(unit, sizeof(unit), "%s", rest);
	if (!*unit)
		*at = next_word(*at, unit);
	if (strcmp(unit, "x"))
		return parse_unit(claim, unit, err, err_size);
	claim->unit_size = 1;
	*at = next_word(*at, word);
	return parse_reference(claim, word, at, err, err_size);
}

/* "QUANTITY [during PHASE]"; @word: what follows it. */
static int parse_quantity(struct claim *claim, const char **at, char *word, char *err,
			  size_t err_size)
{
	char name[WORD_SIZE];
	const char *phase = NULL;

	*at = next_word(*at, name);
	*at = next_word(*at, word);
	if (!strcmp(word, "during")) {
		*at = next_word(*at, word);
		phase = quantity_phase(word);
		if (!phase) {
			snprintf(err, err_size, "'%s': after 'during' one of %s is wanted",
				 shown(word), QUANTITY_PHASES);
			return -EINVAL;
		}
		*at = next_word(*at, word);
	}
	return quantity_parse(&claim->quantity, name, phase, err, err_size);
}

int claim_parse(struct claim *claim, const char *expression, char *err, size_t err_size)
{
	char word[WORD_SIZE];
	int status;

	claim->expression = strdup(expression);
	if (!claim->expression)
		return -ENOMEM;
	status = parse_quantity(claim, &expression, word, err, err_size);
	if (!status)
		status = parse_operator(claim, word, err, err_size);
	if (!status)
		status = parse_limit(claim, &expression, err, err_size);
	if (status)
		return status;
	next_word(expression, word);
	if (!*word)
		return 0;
	snprintf(err, err_size, "'%s' is too much: the claim ends before it", word);
	return -EINVAL;
}

static void free_names(char **names)
{
	size_t i;

	for (i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}

void claim_release(struct claim *claim)
{
	free(claim->file);
	free(claim->name);
	free(claim->expression);
	free(claim->description);
	free(claim->reference_variant);
	free_names(claim->scenarios);
	free_names(claim->variants);
	quantity_release(&claim->quantity);
	quantity_release(&claim->its);
	memset(claim, 0, sizeof(*claim));
}

void claims_release(struct claims *claims)
{
	size_t i;

	for (i = 0; i < claims->count; i++)
		claim_release(&claims->list[i]);
	free(claims->list);
	memset(claims, 0, sizeof(*claims));
}
