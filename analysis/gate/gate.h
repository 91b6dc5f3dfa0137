/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_GATE_H
#define ANALYSIS_GATE_H

#include <stddef.h>

#include "analysis/gate/claim.h"
#include "analysis/data/tree.h"
#include "lib/bootstrap.h"

/*
 * Claims held against a result tree, one judgement for each claim, scenario and
 * variant.
 *
 * A boot is one value. What is held against the limit is the median over boots;
 * its ratio to the median of the reference's boots; or, for "x idle", the median
 * of the ratio within each boot ("its" the same). With I its 95 % bootstrap interval:
 *
 *   invalid       the variant, or its reference, has no ok boot
 *   inconclusive  fewer than BOOTS_MIN boots on a side have a value, or there is no ratio
 *   pass          all of I fulfils the claim
 *   fail          none of I does, and against a reference the permutation test says
 *                 so too: p against the reference's values times the limit,
 *                 corrected after Holm for all such rows, is below ALPHA
 *   inconclusive  otherwise
 *
 * Of many claims some fall by chance, and some hold by chance.
 *
 * A gate passes if every claim does: one that is broken passes by chance in at
 * most 2.5 % (an end of the interval), however many others there are, and so
 * does the gate; nothing is to be corrected there (Berger, Multiparameter
 * Hypothesis Testing and Acceptance Sampling, 1982: intersection-union tests).
 *
 * A gate fails if any claim does, and that chance adds up over claims that
 * hold by a hair. Hence Holm. Wider intervals, at 1 - 0.05 / m, would not do
 * it: no resample reaches beyond the sample, so that with n boots the interval
 * of a median ends at the least and the largest of them, which is 1 - 2^(1-n) (98.4
 * % with 7) whatever is written beside it. For the same reason a claim
 * without a reference variant, absolute, "x idle" or "x its", is not corrected: n boots
 * allow no p below 2^-n, and a file of ten claims could never fail. Its error is
 * 2.5 % per claim. Set such limits where chance does not reach.
 *
 * 2.5 % is what an end of a 95 % interval has by name; what few boots really
 * give is measured by tests/unit/test_bootstrap.c.
 */
enum gate_verdict { GATE_PASS, GATE_FAIL, GATE_INCONCLUSIVE, GATE_INVALID, GATE_VERDICTS };

struct gate_row {
	const struct claim *claim;
	const char *scenario;  /* "-": a name of the claim that fits nothing in the tree */
	const char *variant;   /* the same */
	const char *reference; /* the other variant, or NULL */
	size_t n;	       /* ok boots that have a value */
	size_t too_few;	       /* ok boots whose histogram does not carry the percentile */
	double median;	       /* as stored: ns, bytes, GiB/s; NAN where n is 0 */
	size_t reference_n;
	size_t reference_too_few;
	double reference_median;
	double value;		  /* held against the limit: as stored, or a ratio; NAN: none */
	struct interval interval; /* NANs where a side has n < 2 */
	double p;		  /* NAN where nothing was tested */
	double p_holm;
	enum gate_verdict verdict;
	char reason[256]; /* of all but pass */
};

struct gate {
	const struct tree *tree;
	const char *base;
	struct gate_row *rows;
	size_t count;
	size_t left_out;		 /* claims of which the selection leaves nothing */
	const struct claim **unmeasured; /* with only_measured: of nothing that was run here */
	size_t unmeasured_count;
};

/* What of the tree is judged; no names: all of it. */
struct gate_selection {
	const char *const *scenarios;
	size_t scenario_count;
	const char *const *variants;
	size_t variant_count;
	bool only_measured; /* of scenarios and variants that the tree does not have, no rows */
};

/**
 * gate_make() - judge all claims
 * @base: of "x base"; a variant of the tree
 * @gate: to be released; borrows tree and claims
 *
 * Where a claim names no variant, it is for all but the reference, A/A twins
 * (plan.json: "twin_of"), and variants that are traced otherwise than the run,
 * which count where the quantity or the reference is of that trace. Where it
 * names no scenario, it is for those that have the quantity and the reference.
 * A name of a claim that was not run is a row that is inconclusive.
 *
 * With only_measured it is no row, and a claim that is left without any is one of
 * @gate->unmeasured: the same claims can be held against runs of any suite.
 *
 * Return: 0; -EINVAL where a claim fits nothing at all (a quantity that there is not,
 * with only_measured), and a message with its file, line and section and what there is.
 */
int gate_make(struct gate *gate, const struct tree *tree, const char *base,
	      const struct claims *claims, const struct gate_selection *selection, char *err,
	      size_t err_size);
void gate_release(struct gate *gate);

size_t gate_count(const struct gate *gate, enum gate_verdict verdict);

/* 0 where all pass, 1 where one fails, 5 otherwise. */
int gate_status(const struct gate *gate);

const char *gate_verdict_name(enum gate_verdict verdict);

/*
 * What a run must have for the unmeasured claims, as "scenarios: victim, idle; variants: huge";
 * "" where there are none. To be freed.
 */
char *gate_needs(const struct gate *gate);

/* By gate_make(): the rows of a claim, before anything is judged. */
int gate_match(struct gate *gate, const struct claim *claim, bool only_measured, char *err,
	       size_t err_size);

#endif
