/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_JUNIT_H
#define ANALYSIS_JUNIT_H

#include <stdio.h>

#include "analysis/gate/gate.h"

/**
 * junit_write() - a gate as CI servers read test results
 *
 * JUnit's XML in the form that they have in common: testsuites, a testsuite for
 * each claim, a testcase for each row with classname "SCENARIO.VARIANT", the
 * figures in its system-out. No times: a run measured these, long ago.
 *
 *   fail          <failure>
 *   invalid       <error>: nothing ran that could be judged, as with a test that crashed
 *   inconclusive  <skipped>: a server that shows it red would say "regression",
 *                 which is just what is not known. That the gate did not pass is
 *                 in its exit status, 5, which a job may allow or not.
 */
void junit_write(const struct gate *gate, FILE *f);

/* A text in an element or a quoted attribute; what XML cannot hold is U+FFFD. */
void junit_text(const char *text, FILE *f);

#endif
