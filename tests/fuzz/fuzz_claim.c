/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims of a command line: with a first byte of '=' the argument of --max-regress, else
 * an expression.
 */
#include <stdlib.h>

#include "analysis/gate/gate.h"
#include "tests/fuzz/input.h"

static void parse_regress(const char *text)
{
	struct claims claims = { .list = NULL };
	char err[1024] = "";

	if (claims_add_regress(&claims, text, err, sizeof(err)))
		FUZZ_HOLDS(*err);
	else
		FUZZ_HOLDS(claims.count == 1 && claims.list[0].reference == REFERENCE_BASE);
	claims_release(&claims);
}

static void parse_expression(const char *text)
{
	struct claim claim = { .name = NULL }, again = { .name = NULL };
	char err[1024] = "";

	if (claim_parse(&claim, text, err, sizeof(err))) {
		FUZZ_HOLDS(*err);
	} else {
		/* The expression that is printed is the same claim. */
		FUZZ_HOLDS(!claim_parse(&again, claim.expression, err, sizeof(err)));
		FUZZ_HOLDS(again.limit == claim.limit && again.operator== claim.operator);
	}
	claim_release(&claim);
	claim_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	if (*text == '=')
		parse_regress(text + 1);
	else
		parse_expression(text);
	free(text);
	return 0;
}
