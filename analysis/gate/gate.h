/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_GATE_H
#define ANALYSIS_GATE_H

#include "analysis/data/measure.h"
#include "analysis/write/write.h"
#include "lib/options.h"

/*
 * What must be true of a result tree, as "guest.fault_ns.p99 during inflate <= 1.2 x idle".
 * cmd_gate.c has the grammar and the form of a QoS file; blanks between number and unit, and
 * around the operator, may be left out.
 */
enum claim_operator { CLAIM_AT_MOST, CLAIM_BELOW, CLAIM_AT_LEAST, CLAIM_ABOVE };

enum claim_reference {
	REFERENCE_NONE, /* an absolute limit */
	REFERENCE_VARIANT,
	REFERENCE_BASE,
	REFERENCE_IDLE,
	REFERENCE_ITS, /* another number of the same boot */
};

struct claim {
	char *file;	   /* NULL: the command line */
	unsigned int line; /* of the expression */
	char *name, *description;
	char *expression;	      /* as written; NULL while its section has none */
	char **scenarios, **variants; /* NULL-terminated; NULL: all */
	struct measure measure;
	enum claim_operator operator;
	double limit;	  /* as stored, in ns, bytes, GiB/s; a factor where there is a reference */
	double unit_size; /* of @unit, in ns or bytes; 1 without */
	char unit[8];	  /* as written, "" without */
	enum claim_reference reference;
	char *reference_variant; /* of REFERENCE_VARIANT */
	struct measure its;	 /* of REFERENCE_ITS */
};

struct claims {
	struct claim *list;
	size_t count;
};

/* "<=" */
extern const char *const claim_operators[];

/* The unit that a limit of a measure has; those without one are counts. */
enum field_unit claim_unit(const struct measure *measure);

/* What is compared with the limit: the metric, or its ratio to another of the boot (idle, its). */
struct measure claim_measure(const struct claim *claim);

/* Whether a value as @limit's fulfils the claim. */
bool claim_holds(const struct claim *claim, double value);

/* Into a claim without an expression, to be released in any case: 0; -EINVAL and a message. */
int claim_parse(struct claim *claim, const char *expression, char *err, size_t err_size);
void claim_release(struct claim *claim);

/* Append the claim of "--max-regress METRIC=PERCENT%": within so much of the base's. */
int claims_add_regress(struct claims *claims, const char *text, char *err, size_t err_size);

/* Append the claims of a QoS file: 0; -EINVAL and the like with a message of file, line, key. */
int claims_load(struct claims *claims, const char *path, char *err, size_t err_size);
void claims_release(struct claims *claims);

/* With fewer boots an interval of a single median cannot have 95 %. */
#define GATE_SINGLE_MIN 6

/*
 * Claims checked on a result tree: one judgement for each claim, scenario and variant.
 *
 * A boot is one value. Compared with the limit is the median over boots; its ratio to the median
 * of the reference's boots; or, for "x idle" and "x its", the median of the ratio within each
 * boot. With I its interval of at least 95 %, of a ratio ratio_of(), else
 * interval_of_median_certain():
 *
 *   invalid       the variant, or its reference, has no ok boot
 *   pass          all of I fulfils the claim
 *   fail          none of I does, and against a reference variant the rank test agrees:
 *                 p against the reference's values times the limit, corrected after Holm for
 *                 all such rows, is below ALPHA
 *   inconclusive  where the timer leaves more than RESOLVED_SHARE open; otherwise, or with fewer
 *                 than BOOTS_MIN boots a side, without a reference variant fewer than
 *                 GATE_SINGLE_MIN, or without a ratio, or where a boot has too few events for
 *                 the percentile
 *
 * To pass needs no correction: all claims must (Berger, Multiparameter Hypothesis Testing and
 * Acceptance Sampling, 1982). One failure fails the gate, hence Holm; wider intervals would not
 * help, as none reaches beyond the sample. A claim without a reference variant is not
 * corrected: n boots allow no p below 2^-n. Its error is at most 2.5 %, so set such limits outside
 * the noise.
 */
enum gate_verdict { GATE_PASS, GATE_FAIL, GATE_INCONCLUSIVE, GATE_INVALID, GATE_VERDICTS };

/* NULL-terminated */
extern const char *const gate_verdict_names[];

struct gate_row {
	const struct claim *claim;
	const char *scenario, *variant;	   /* "-": a name of the claim that fits nothing */
	const char *reference;		   /* the other variant, or NULL */
	size_t n, reference_n;		   /* ok boots that have a value */
	size_t too_few, reference_too_few; /* whose histogram does not carry the percentile */
	double median, reference_median;   /* as stored: ns, bytes, GiB/s; NAN where n is 0 */
	double value;			   /* compared: as stored, or a ratio; NAN: none */
	struct interval interval;	   /* NANs where a side has n < 2 */
	double resolution;		   /* of the value, as a share of it */
	bool by_polls;			   /* compared by the timer that both sides have */
	double p, p_holm;		   /* NAN where nothing was tested */
	enum gate_verdict verdict;
	char reason[256]; /* of all but pass */
};

struct gate {
	const struct table *table;
	const char *base;
	struct gate_row *rows;
	size_t count, left_out;		 /* claims of which the selection leaves nothing */
	const struct claim **unmeasured; /* with only_measured: of nothing that was run here */
	size_t unmeasured_count;
};

/* What of the tree is judged; no names, or NULL: all of it. */
struct gate_selection {
	const struct names *scenarios, *variants;
	bool only_measured; /* of scenarios and variants that the tree does not have, no rows */
};

/*
 * Judge all claims; @base is that of "x base". To be released; borrows table and claims.
 *
 * A claim that names no variant is for all but the reference, A/A controls and, unless the metric
 * is of a trace, variants that table_compares() leaves out. One that names no scenario is for
 * those that have the metric and the reference. A name that was not run is an inconclusive row, or
 * none with only_measured: a claim without any row is unmeasured.
 *
 * Return: 0; -EINVAL where a claim fits nothing at all (with only_measured: its metric does not
 * exist), and a message with its file, line and section and what there is.
 */
int gate_make(struct gate *gate, const struct table *table, const char *base,
	      const struct claims *claims, const struct gate_selection *selection, char *err,
	      size_t err_size);
void gate_release(struct gate *gate);

size_t gate_count(const struct gate *gate, enum gate_verdict verdict);

/* 0 where all pass, 1 where one fails, 5 otherwise. */
int gate_status(const struct gate *gate);

/* What a run must have for the unmeasured claims, "scenarios: idle; variants: huge"; to be freed */
char *gate_needs(const struct gate *gate);

/* By gate_make(): the rows of a claim, before anything is judged. */
int gate_match(struct gate *gate, const struct claim *claim, bool only_measured, char *err,
	       size_t err_size);

/* A table for each claim and what was left out. @brief: rows that pass are only counted. */
void gate_print_text(const struct gate *gate, bool brief, FILE *f);

/* An item: name, expression, description. */
void gate_write_claim(struct writer *w, const struct claim *claim);

/* Cells: scenario, variant, n, n of the reference, value, limit, verdict with its reason. */
void gate_write_row(struct writer *w, const struct gate_row *row);

/* Medians as stored, in "unit"; value, interval and limit in "limit_unit", or as ratios. */
void gate_print_json(const struct gate *gate, FILE *f);

/*
 * JUnit's XML in the form that CI servers have in common. A testsuite for each claim, a testcase
 * for each row with classname "SCENARIO.VARIANT". Inconclusive is <skipped>: a server that
 * shows it red would say "regression"; invalid is <error>, as of a test that crashed.
 */
void gate_print_junit(const struct gate *gate, FILE *f);

/* What a ratio is to, or NULL for an absolute claim. */
const char *gate_ratio_to(const struct gate_row *row);

/* The format of a value: four digits, and no powers of ten where a person counts. */
const char *gate_number_format(const struct gate_row *row);

/* "<= 5 ms", ">= 0.95 x base". To be freed. */
char *gate_limit(const struct gate_row *row);

#endif
