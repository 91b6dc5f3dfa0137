/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat gate: check claims about a result tree.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/arguments.h"
#include "analysis/gate/gate.h"
#include "lib/utf8.h"
#include "lib/alloc.h"
#include "lib/atomic_file.h"
#include "lib/exit_status.h"
#include "lib/log.h"

struct options {
	const char *dir, *base, *junit;
	struct names regress, claim_files, scenarios, variants;
	bool json, only_measured, brief;
};

#define OPTIONS struct options

static const struct option_row rows[] = {
	ROW_TREE,
	OPTION(NAMES, regress, "max-regress", 'r', "METRIC=PERCENT%",
	       "claim that no variant is worse than the base by more", .hint = HINT_METRIC),
	ROW_QOS,
	ROW_BASE,
	ROW_SCENARIOS,
	ROW_VARIANTS,
	ROW_ONLY_MEASURED,
	OPTION(FLAG, brief, "brief", 0, NULL, "print only the number of claims that pass"),
	ROW_JSON,
	OPTION(STRING, junit, "junit", 'u', "FILE",
	       "also write JUnit XML to this file (-: to standard output, in place of the table)",
	       .hint = HINT_FILE),
	{ 0 },
};

static bool writes_junit_to_stdout(const struct options *o)
{
	return o->junit && !strcmp(o->junit, "-");
}

static int load_claims(struct claims *claims, const struct options *o)
{
	char err[1024] = "";
	size_t i;

	if (!o->regress.count && !o->claim_files.count)
		refuse(err, sizeof(err),
		       "no claims: give --max-regress or --qos, as in --max-regress "
		       "inflate.duration_ns=5%%");
	if (o->json && writes_junit_to_stdout(o))
		refuse(err, sizeof(err),
		       "--json and --junit -: both write to standard output; give --junit a file");
	for (i = 0; !*err && i < o->regress.count; i++) {
		if (claims_add_regress(claims, o->regress.list[i], err, sizeof(err))) {
			log_error("--max-regress %s: %s", printable(o->regress.list[i]), err);
			return EXIT_USAGE;
		}
	}
	for (i = 0; !*err && i < o->claim_files.count; i++)
		claims_load(claims, o->claim_files.list[i], err, sizeof(err));
	if (*err)
		log_error("%s", err);
	return *err ? EXIT_USAGE : 0;
}

static int check_names(struct options *o, const struct table *table)
{
	int status = check_base(&o->base, table->variants);

	if (!status)
		status = check_known("variant", &o->variants, table->variants);
	if (!status)
		status = check_known("scenario", &o->scenarios, table->scenarios);
	return status;
}

static int write_junit(const struct gate *gate, const char *path)
{
	char *text = NULL;
	size_t size;
	FILE *f = xmemstream(&text, &size);
	int err;

	gate_print_junit(gate, f);
	err = fclose(f) ? -ENOMEM : atomic_file_write(path, text, size);
	free(text);
	if (err)
		log_error("--junit %s: %s", path, strerror(-err));
	return err ? EXIT_ENVIRONMENT : 0;
}

static int show(const struct gate *gate, const struct options *o)
{
	int status = 0;

	if (writes_junit_to_stdout(o))
		gate_print_junit(gate, stdout);
	else if (o->json)
		gate_print_json(gate, stdout);
	else
		gate_print_text(gate, o->brief, stdout);
	if (o->junit && !writes_junit_to_stdout(o))
		status = write_junit(gate, o->junit);
	return status ? status : gate_status(gate);
}

static int judge(const struct table *table, const struct claims *claims, const struct options *o)
{
	const struct gate_selection selection = { &o->scenarios, &o->variants, o->only_measured };
	struct gate gate;
	char err[2048];
	int status;

	if (gate_make(&gate, table, o->base, claims, &selection, err, sizeof(err))) {
		log_error("%s", err);
		return EXIT_USAGE;
	}
	if (gate.count || (gate.unmeasured_count && !gate.left_out)) {
		status = show(&gate, o);
	} else {
		log_error("--scenario and --variant leave no claim to judge");
		status = EXIT_USAGE;
	}
	gate_release(&gate);
	return status;
}

static int run(struct command_line *line)
{
	struct options *o = line->options;
	struct claims claims = { 0 };
	struct table table;
	int status = load_claims(&claims, o);

	if (!status)
		status = open_table(&table, o->dir);
	if (status)
		goto out;
	status = check_names(o, &table);
	if (!status)
		status = judge(&table, &claims, o);
	status = close_table(&table, status);
out:
	claims_release(&claims);
	return status;
}

const struct command gate_command = {
	.name = "gate",
	.purpose = "check claims and limits; the exit status is the answer, for CI",
	.description =
		"Check claims about a result tree, for CI: the exit status says whether they hold. "
		"A claim passes if the whole 95 % interval over boots is within its limit, fails "
		"if all of it is beyond, and is inconclusive otherwise, "
		"also where the timer leaves more than 3 % open.\n"
		"A QoS file is an INI file with a section for each claim:\n"
		"  [name]\n"
		"  claim = METRIC [during PHASE] OPERATOR LIMIT\n"
		"  scenario = NAME...   default: those that have the metric\n"
		"  variant = NAME...    default: all except A/A controls and variants traced\n"
		"                       at another level than the run\n"
		"  description = TEXT\n"
		" \n"
		"  METRIC     a path in result.json, as `compare --metric help` lists them:\n"
		"             inflate.duration_ns, inflate.host.discard_calls, vmstat.pgfault;\n"
		"             or a histogram with .p50 (any percentile), .mean or .max:\n"
		"             ops.enqueue.p99, host.dontneed.p99.9, guest.fault_ns.p99\n"
		"  PHASE      before, inflate, plateau, deflate or after: of guest.NAME_UNIT\n"
		"             and host.NAME_UNIT, the victims' metrics\n"
		"  OPERATOR   <= < >= >\n"
		"  LIMIT      NUMBER UNIT: ns us ms s, B KiB MiB GiB, GiB/s, none of a count;\n"
		"             or NUMBER x REFERENCE: a variant's name, base, or idle, which is\n"
		"             the same boot's phase before, or its METRIC, another metric of\n"
		"             the same boot\n"
		"A boot is one value. An interval is for its claim alone; a claim against another "
		"variant fails only if a rank test, corrected for the number of claims, "
		"confirms it. A percentile needs ten events beyond it in each boot, and a verdict "
		"four boots, six without another variant.",
	.examples = "  balloonstat gate DIR --max-regress inflate.duration_ns=5%\n"
		    "  balloonstat gate DIR --qos bench/qos/series.ini --junit gate.xml\n"
		    "  balloonstat gate DIR --qos my.ini --scenario idle --json\n"
		    "  balloonstat gate DIR --qos bench/qos/series.ini \\\n"
		    "    --qos bench/qos/victim.ini --only-measured --brief\n"
		    "  my.ini:\n"
		    "    [faults]\n"
		    "    claim = guest.fault_ns.p99 during inflate <= 1.2 x idle\n",
	.exits = "0 all claims pass\n"
		 "1 a claim fails\n"
		 "2 wrong usage, or a QoS file is wrong\n"
		 "3 the tree cannot be read, or the result not written\n"
		 "5 no claim fails, but one is inconclusive",
	.rows = rows,
	.size = sizeof(struct options),
	.run = run,
};
