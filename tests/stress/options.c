/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/stress/options.h"

#include <argp.h>
#include <string.h>
#include <time.h>

#include "lib/units.h"

enum {
	OPT_OPS = 256,
	OPT_REPLAY,
	OPT_PLAN,
	OPT_KEEP_GOING,
	OPT_METHOD,
};

#define MINUTES_MAX (7 * 24 * 60)
#define OPS_MAX 1000000000
#define BOOTS_MAX 1000000

static const struct argp_option option_table[] = {
	{ "images", 'i', "FILE", 0,
	  "images with debug kernels (default: build/debug/images.ini, which `make stress` builds)",
	  0 },
	{ "cut", 'c', "NAME", 0, "stress this kernel; may be repeated (default: all of the images)",
	  0 },
	{ "method", OPT_METHOD, "NAME", 0,
	  "the balloon: balloon (virtio's, the default), or vmware, for kernels with vmw_balloon",
	  0 },
	{ "seed", 's', "N", 0, "seed of the schedule (default: the time; the log has it)", 0 },
	{ "minutes", 'm', "N", 0, "run for N minutes; new cuts get more of them than old ones", 0 },
	{ "ops", OPT_OPS, "N", 0, "run until N operations were executed on each cut", 0 },
	{ "replay", OPT_REPLAY, "BOOT", 0, "run only this boot of the schedule", 0 },
	{ "plan", OPT_PLAN, NULL, 0,
	  "print the schedule of the first boot, or of that of --replay, and the weights of --cut, "
	  "and run nothing",
	  0 },
	{ "keep-going", OPT_KEEP_GOING, NULL, 0,
	  "continue with the same cut after a finding (default: the next cut)", 0 },
	{ "output", 'o', "DIR", 0, "write logs to DIR (default: results/stress-TIME)", 0 },
	{ "quiet", 'q', NULL, 0, "print only findings", 0 },
	{ 0 },
};

static const char doc[] =
	"Stress the balloon driver of debug kernels. Inflate, deflate, compaction, failing "
	"allocations, memory pressure, suspend and resume, unbind and bind, and removal of the "
	"device run at the same time, as scheduled by a seed. Audits check that no page is lost."
	"\v"
	"EXAMPLES\n"
	"  stress --minutes 30\n"
	"  stress --cut finalize --cut huge --seed 7 --ops 400 -o /tmp/stress\n"
	"  stress --cut finalize --seed 7 --replay 3\n"
	"  stress --seed 7 --replay 3 --plan\n"
	"  stress --cut finalize --method vmware --ops 100\n\n"
	"The schedule depends only on the seed, the boot and the round. The interleaving of "
	"concurrent operations depends on the machine.\n\n"
	"Exit status: 0 nothing was found, 1 something was found, 2 usage, 3 the machine or the "
	"images do not work, 130 interrupted.\n";

static uint64_t number(struct argp_state *state, const char *what, const char *text, uint64_t min,
		       uint64_t max)
{
	uint64_t value = 0;

	if (parse_count(text, min, max, &value))
		argp_error(state, "%s: expected a number from %llu to %llu, got '%s'", what,
			   (unsigned long long)min, (unsigned long long)max, text);
	return value;
}

static void add_cut(struct argp_state *state, struct stress_options *o, const char *name)
{
	if (o->cut_count == STRESS_CUTS_MAX)
		argp_error(state, "--cut: more than %d cuts", STRESS_CUTS_MAX);
	o->cuts[o->cut_count++] = name;
}

static enum result_method method(struct argp_state *state, const char *name)
{
	if (!strcmp(name, method_names[RESULT_VMWARE]))
		return RESULT_VMWARE;
	if (strcmp(name, method_names[RESULT_BALLOON]) != 0)
		argp_error(state, "--method: expected balloon or vmware, got '%s'", name);
	return RESULT_BALLOON;
}

static void check(struct argp_state *state, const struct stress_options *o)
{
	if (!o->minutes && !o->ops && !o->replay && !o->plan)
		argp_error(state, "no limit given; use --minutes, --ops or --replay");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct stress_options *o = state->input;

	switch (key) {
	case 'i':
		o->images = arg;
		break;
	case 'c':
		add_cut(state, o, arg);
		break;
	case OPT_METHOD:
		o->method = method(state, arg);
		break;
	case 's':
		o->seed = number(state, "--seed", arg, 0, INT64_MAX);
		break;
	case 'm':
		o->minutes = number(state, "--minutes", arg, 1, MINUTES_MAX);
		break;
	case OPT_OPS:
		o->ops = number(state, "--ops", arg, 1, OPS_MAX);
		break;
	case OPT_REPLAY:
		o->replay = number(state, "--replay", arg, 1, BOOTS_MAX);
		break;
	case OPT_PLAN:
		o->plan = true;
		break;
	case OPT_KEEP_GOING:
		o->keep_going = true;
		break;
	case 'o':
		o->output = arg;
		break;
	case 'q':
		o->quiet = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		break;
	case ARGP_KEY_END:
		check(state, o);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void stress_options_parse(struct stress_options *options, int argc, char **argv)
{
	static const struct argp argp = { option_table, parse_option, NULL, doc, NULL, NULL, NULL };

	*options = (struct stress_options){ .images = "build/debug/images.ini",
					    .seed = (uint64_t)time(NULL) };
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
