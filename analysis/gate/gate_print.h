/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_GATE_PRINT_H
#define ANALYSIS_GATE_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "analysis/gate/gate.h"

/*
 * For people: a table for each claim, boots that are not used, what was not
 * measured, the names of claims that fail, and last "N claims: ...". @brief: rows
 * that pass are only counted.
 */
void gate_print_text(const struct gate *gate, bool brief, FILE *f);

/* One line, or nothing. */
void gate_print_unmeasured(const struct gate *gate, FILE *f);

/*
 * For programs: schema_version, accel, base, confidence, alpha, boots_min,
 * summary, boots, left_out, unmeasured (names), exit_status, and in "claims" all of every row.
 * Medians are as stored, in "unit"; value, ci_low, ci_high and limit in "limit_unit", or ratios
 * where there is a reference. New reference.
 */
json_t *gate_to_json(const struct gate *gate);

/* "0.409 [0.389, 0.427] x", "12.1 [11.8, 12.4] ms"; "-" where there is no value. */
void gate_format_value(const struct gate_row *row, char *text, size_t size);

/* "<= 5 ms", ">= 0.95 x base" */
void gate_format_limit(const struct gate_row *row, char *text, size_t size);

#endif
