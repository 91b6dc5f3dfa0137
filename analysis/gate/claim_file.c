/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where claims come from: QoS files, and --max-regress.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/gate/claim.h"
#include "analysis/data/utf8.h"
#include "lib/ini_file.h"

/* libinih cuts the name of a section off there, without a word. */
#define SECTION_MAX 48
#define PERCENT_MAX 1000

static struct claim *add_claim(struct claims *claims, const char *name)
{
	struct claim *longer, *claim;

	longer = reallocarray(claims->list, claims->count + 1, sizeof(*longer));
	if (!longer)
		return NULL;
	claims->list = longer;
	claim = &longer[claims->count];
	*claim = (struct claim){ .name = strdup(name), .unit_size = 1 };
	if (!claim->name)
		return NULL;
	claims->count++;
	return claim;
}

/* "METRIC=PERCENT%": where the '=' is, or NULL. */
static const char *read_percent(const char *text, double *percent)
{
	const char *equals = strrchr(text, '=');
	size_t digits = equals ? strspn(equals + 1, "0123456789.") : 0;
	char *end;

	if (!digits || equals == text)
		return NULL;
	*percent = strtod(equals + 1, &end);
	if (end != equals + 1 + digits || strcmp(end, "%") || *percent > PERCENT_MAX)
		return NULL;
	return equals;
}

static int make_regress(struct claim *claim, const char *quantity, double percent, char *err,
			size_t err_size)
{
	char *expression;
	int status;

	if (asprintf(&expression, "%s <= %.10g x base", quantity, 1 + percent / 100) < 0)
		return -ENOMEM;
	status = claim_parse(claim, expression, err, err_size);
	free(expression);
	if (status || !claim->quantity.higher_is_better)
		return status;
	if (percent >= 100) {
		snprintf(err, err_size,
			 "'%.10g%%': nothing is worse by more than 100 %% where more "
			 "is better",
			 percent);
		return -EINVAL;
	}
	claim->operator= CLAIM_AT_LEAST;
	claim->limit = 1 - percent / 100;
	free(claim->expression);
	if (asprintf(&claim->expression, "%s >= %.10g x base", quantity, claim->limit) >= 0)
		return 0;
	claim->expression = NULL;
	return -ENOMEM;
}

int claims_add_regress(struct claims *claims, const char *text, char *err, size_t err_size)
{
	char *name, *quantity = NULL;
	struct claim *claim = NULL;
	const char *equals;
	double percent;
	int status = -ENOMEM;

	snprintf(err, err_size, "out of memory");
	equals = read_percent(text, &percent);
	if (!equals) {
		snprintf(err, err_size,
			 "'%s': METRIC=PERCENT%% is wanted, as in inflate.duration_ns=5%%",
			 printable(text));
		return -EINVAL;
	}
	if (asprintf(&name, "max-regress %s", text) < 0)
		return -ENOMEM;
	quantity = strndup(text, equals - text);
	claim = add_claim(claims, name);
	if (quantity && claim)
		status = make_regress(claim, quantity, percent, err, err_size);
	free(quantity);
	free(name);
	return status;
}

struct loading {
	struct claims *claims;
	size_t first; /* of this file */
};

static struct claim *find_or_add(struct loading *l, const struct ini_entry *e)
{
	struct claim *claim;
	size_t i;

	for (i = l->first; i < l->claims->count; i++)
		if (!strcmp(l->claims->list[i].name, e->section))
			return &l->claims->list[i];
	claim = add_claim(l->claims, e->section);
	if (!claim)
		return NULL;
	claim->line = e->line;
	claim->file = strdup(e->path);
	return claim->file ? claim : NULL;
}

/* Words to a NULL-terminated list. */
static int set_names(const struct ini_entry *e, char ***names)
{
	const char *at = e->value;
	size_t count = 0, n;

	while (*(at += strspn(at, " \t"))) {
		char **longer = reallocarray(*names, count + 2, sizeof(*longer));

		if (!longer)
			return -ENOMEM;
		*names = longer;
		n = strcspn(at, " \t");
		longer[count] = strndup(at, n);
		longer[count + 1] = NULL;
		if (!longer[count++])
			return -ENOMEM;
		at += n;
	}
	return count ? 0 : ini_fail(e, "names are wanted, with blanks between them");
}

static int set_claim(const struct ini_entry *e, struct claim *claim)
{
	char why[512];
	int status;

	claim->line = e->line;
	status = claim_parse(claim, e->value, why, sizeof(why));
	return status == -EINVAL ? ini_fail(e, "%s", why) : status;
}

static int set_entry(const struct ini_entry *e, void *context)
{
	struct claim *claim;

	if (!utf8_is_valid(e->section) || !utf8_is_valid(e->key) || !utf8_is_valid(e->value))
		return ini_fail(e, "the line or its section is not UTF-8");
	if (!*e->section)
		return ini_fail(e, "stands before the first [claim]");
	if (strlen(e->section) > SECTION_MAX)
		return ini_fail(e, "a claim's name has up to %d characters", SECTION_MAX);
	claim = find_or_add(context, e);
	if (!claim)
		return -ENOMEM;
	if (!strcmp(e->key, "claim"))
		return set_claim(e, claim);
	if (!strcmp(e->key, "scenario"))
		return set_names(e, &claim->scenarios);
	if (!strcmp(e->key, "variant"))
		return set_names(e, &claim->variants);
	if (strcmp(e->key, "description"))
		return ini_fail(e, "unknown key; there are: claim, scenario, variant, description");
	claim->description = strdup(e->value);
	return claim->description ? 0 : -ENOMEM;
}

int claims_load(struct claims *claims, const char *path, char *err, size_t err_size)
{
	struct loading loading = { claims, claims->count };
	int status;
	size_t i;

	snprintf(err, err_size, "%s: out of memory", path);
	status = ini_file_parse(path, set_entry, &loading, err, err_size);
	for (i = loading.first; !status && i < claims->count; i++) {
		if (claims->list[i].expression)
			continue;
		snprintf(err, err_size,
			 "%s:%u: [%s] has no claim; one is wanted, as in claim = "
			 "inflate.duration_ns <= 1.05 x base",
			 path, claims->list[i].line, claims->list[i].name);
		status = -EINVAL;
	}
	if (!status && claims->count == loading.first) {
		snprintf(err, err_size, "%s: there is no claim in it", path);
		status = -EINVAL;
	}
	return status;
}
