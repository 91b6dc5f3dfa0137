/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_HOST_H
#define ANALYSIS_REPORT_HOST_H

#include "analysis/report/report.h"

/*
 * What the host was told by the guest, what its kernel was asked for by QEMU,
 * and in what pieces the guest had got its pages.
 */
void report_host(FILE *f, const struct report *report);

#endif
