/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat gate: whether a result tree keeps what is claimed of it.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/arguments.h"
#include "analysis/commands.h"
#include "analysis/gate/gate_print.h"
#include "analysis/gate/junit.h"
#include "analysis/data/open_tree.h"
#include "analysis/data/utf8.h"
#include "lib/atomic_file.h"
#include "lib/exit_status.h"
#include "lib/log.h"

enum { OPT_ONLY_MEASURED = 256, OPT_BRIEF };

static const struct argp_option option_table[] = {
	{ "max-regress", 'r', "METRIC=PERCENT%", 0,
	  "no variant is worse than the base by more; may be repeated", 0 },
	{ "qos", 'q', "FILE", 0, "the claims of this file hold; may be repeated", 0 },
	{ "base", 'b', "VARIANT", 0, "compare against this one (default: the plan's first)", 0 },
	{ "scenario", 's', "NAME", 0, "only this one; may be repeated", 0 },
	{ "variant", 'v', "NAME", 0, "judge only this one; may be repeated", 0 },
	{ "only-measured", OPT_ONLY_MEASURED, NULL, 0,
	  "name in one line the claims about scenarios and variants that this run does not have, "
	  "in place of an error or an inconclusive row",
	  0 },
	{ "brief", OPT_BRIEF, NULL, 0, "of claims that pass, show their number only", 0 },
	{ "json", 'j', NULL, 0, "machine-readable", 0 },
	{ "junit", 'u', "FILE", 0,
	  "write JUnit XML there too (-: to stdout, in place of the table)", 0 },
	{ 0 },
};

static const char doc[] =
	"Hold a result tree against claims, and tell by the exit status whether they hold: for "
	"CI. A claim passes where the whole 95 % interval over boots is within its limit, fails "
	"where all of it is beyond, and is inconclusive otherwise."
	"\v"
	"A QoS file is an INI file with a section for each claim:\n\n"
	"  [name]\n"
	"  claim = QUANTITY [during PHASE] OPERATOR LIMIT\n"
	"  scenario = NAME...   default: those that have the quantity\n"
	"  variant = NAME...    default: all, but A/A twins and what is traced\n"
	"                       otherwise\n"
	"  description = TEXT\n\n"
	"  QUANTITY   a metric by its place in result.json, inflate.duration_ns or\n"
	"             inflate.host.discard_calls or vmstat.pgfault; or of a histogram\n"
	"             .p50 (any percentile), .mean or .max: ops.enqueue.p99,\n"
	"             host.dontneed.p99.9, guest.fault_ns.p99\n"
	"  PHASE      before, inflate, plateau, deflate or after: of guest.NAME_UNIT\n"
	"             and host.NAME_UNIT, what ran beside the balloon\n"
	"  OPERATOR   <= < >= >\n"
	"  LIMIT      NUMBER UNIT: ns us ms s, B KiB MiB GiB, GiB/s, none of a count;\n"
	"             or NUMBER x REFERENCE: a variant's name, base, or idle, which is\n"
	"             the same boot's phase before, or its METRIC, another metric of\n"
	"             the same boot\n\n"
	"A boot is one value. An interval is of its claim alone; to fail against another variant, "
	"a permutation test corrected for the number of claims must say so too. A percentile "
	"needs ten events beyond it in a boot, and a verdict four boots.\n\n"
	"EXAMPLES\n"
	"  balloonstat gate DIR --max-regress inflate.duration_ns=5%\n"
	"  balloonstat gate DIR --qos bench/qos/series.ini --junit gate.xml\n"
	"  balloonstat gate DIR --qos my.ini --scenario idle --json\n"
	"  balloonstat gate DIR --qos bench/qos/series.ini --qos bench/qos/victim.ini \\\n"
	"    --only-measured --brief\n"
	"  where my.ini says\n"
	"    [faults]\n"
	"    claim = guest.fault_ns.p99 during inflate <= 1.2 x idle\n\n"
	"Exit status: 0 all claims pass, 1 one fails, 5 none fails but one is inconclusive, 2 "
	"usage or a QoS file is wrong, 3 the tree cannot be read or the result not written.\n";

struct options {
	const char *dir;
	const char *base;
	const char *junit;
	const char *regress[NAMES_MAX];
	size_t regress_count;
	const char *files[NAMES_MAX];
	size_t file_count;
	const char *scenarios[NAMES_MAX];
	size_t scenario_count;
	const char *variants[NAMES_MAX];
	size_t variant_count;
	bool json;
	bool only_measured;
	bool brief;
};

static void check_options(struct argp_state *state, const struct options *o)
{
	if (!o->regress_count && !o->file_count)
		argp_error(state, "nothing to hold the results against: give --max-regress or "
				  "--qos, as in --max-regress inflate.duration_ns=5%%");
	if (o->json && o->junit && !strcmp(o->junit, "-"))
		argp_error(state, "--json and --junit - both write to stdout: give --junit a file");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'r':
		add_name_once(state, o->regress, &o->regress_count, arg);
		break;
	case 'q':
		add_name_once(state, o->files, &o->file_count, arg);
		break;
	case 'b':
		o->base = arg;
		break;
	case 's':
		add_name_once(state, o->scenarios, &o->scenario_count, arg);
		break;
	case 'v':
		add_name_once(state, o->variants, &o->variant_count, arg);
		break;
	case OPT_ONLY_MEASURED:
		o->only_measured = true;
		break;
	case OPT_BRIEF:
		o->brief = true;
		break;
	case 'j':
		o->json = true;
		break;
	case 'u':
		o->junit = arg;
		break;
	case ARGP_KEY_SUCCESS:
		check_options(state, o);
		break;
	default:
		return parse_one_tree(key, arg, state, &o->dir);
	}
	return 0;
}

static int load_claims(struct claims *claims, const struct options *o)
{
	char err[1024];
	size_t i;

	for (i = 0; i < o->regress_count; i++) {
		if (!claims_add_regress(claims, o->regress[i], err, sizeof(err)))
			continue;
		log_error("--max-regress %s: %s", printable(o->regress[i]), err);
		return EXIT_USAGE;
	}
	for (i = 0; i < o->file_count; i++) {
		if (!claims_load(claims, o->files[i], err, sizeof(err)))
			continue;
		log_error("%s", err);
		return EXIT_USAGE;
	}
	return 0;
}

static int check_known(const char *what, const char *const *names, size_t count, char *const *there)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (name_index(there, names[i]) >= 0)
			continue;
		log_unknown_name(what, names[i], there);
		return EXIT_USAGE;
	}
	return 0;
}

static int check_names(struct options *o, const struct tree *tree)
{
	if (!o->base)
		o->base = tree->variants[0];
	return check_known("variant", &o->base, 1, tree->variants) ||
			       check_known("variant", o->variants, o->variant_count,
					   tree->variants) ||
			       check_known("scenario", o->scenarios, o->scenario_count,
					   tree->scenarios)
		       ? EXIT_USAGE
		       : 0;
}

static int write_junit(const struct gate *gate, const char *path)
{
	char *text = NULL;
	size_t size;
	FILE *f;
	int err;

	if (!strcmp(path, "-")) {
		junit_write(gate, stdout);
		return 0;
	}
	f = open_memstream(&text, &size);
	if (!f)
		return -ENOMEM;
	junit_write(gate, f);
	err = fclose(f) ? -ENOMEM : atomic_file_write(path, text, size);
	free(text);
	if (err)
		log_error("--junit %s: %s", path, strerror(-err));
	return err;
}

static void print(const struct gate *gate, const struct options *o)
{
	json_t *all;

	if (!o->json) {
		gate_print_text(gate, o->brief, stdout);
		return;
	}
	all = gate_to_json(gate);
	json_dumpf(all, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(all);
}

static int show(const struct gate *gate, const struct options *o)
{
	bool to_stdout = o->junit && !strcmp(o->junit, "-");
	int status = gate_status(gate);

	if (!to_stdout)
		print(gate, o);
	if (o->junit && write_junit(gate, o->junit))
		status = EXIT_ENVIRONMENT;
	if (fflush(stdout) || ferror(stdout)) {
		log_error("cannot write: %s", strerror(errno));
		status = EXIT_ENVIRONMENT;
	}
	return status;
}

static int judge(const struct tree *tree, const struct claims *claims, const struct options *o)
{
	const struct gate_selection selection = { o->scenarios, o->scenario_count, o->variants,
						  o->variant_count, o->only_measured };
	struct gate gate;
	char err[2048];
	int status;

	if (gate_make(&gate, tree, o->base, claims, &selection, err, sizeof(err))) {
		log_error("%s", err);
		return EXIT_USAGE;
	}
	if (gate.count || (gate.unmeasured_count && !gate.left_out)) {
		status = show(&gate, o);
	} else {
		log_error("--scenario and --variant leave nothing of the claims to judge");
		status = EXIT_USAGE;
	}
	gate_release(&gate);
	return status;
}

int cmd_gate(int argc, char **argv)
{
	static const struct argp argp = {
		option_table, parse_option, "DIR", doc, NULL, NULL, NULL
	};
	struct options options = { 0 };
	struct claims claims = { 0 };
	struct tree tree;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	status = load_claims(&claims, &options);
	if (status)
		goto out;
	status = open_tree(&tree, options.dir);
	if (status)
		goto out;
	status = check_names(&options, &tree);
	if (!status)
		status = judge(&tree, &claims, &options);
	status = close_tree(&tree, status);
out:
	claims_release(&claims);
	return status;
}
