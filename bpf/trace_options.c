/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/trace_options.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/units.h"

#define RING_MIN 4096ULL
#define RING_MAX (1ULL << 30)

enum { OPT_LEVEL = 512, OPT_DURATION, OPT_INTERVAL, OPT_JSON, OPT_LIST, OPT_MECHANISM, OPT_RING };

static const struct argp_option option_table[] = {
	{ "level", OPT_LEVEL, "LEVEL", 0,
	  "phases: a record per batch, next to no cost; pages: a histogram per operation or call "
	  "as "
	  "well, which slows each of them down (default: pages)",
	  0 },
	{ "duration", OPT_DURATION, "TIME", 0,
	  "how long, in seconds or with a unit as in 500ms (default: until Ctrl-C)", 0 },
	{ "interval", OPT_INTERVAL, "TIME", 0, "print a line for every such time", 0 },
	{ "json", OPT_JSON, NULL, 0, "one JSON object; with --interval one a line", 0 },
	{ "list", OPT_LIST, NULL, 0,
	  "what can be observed here, by which mechanism, and what cannot and why; trace nothing",
	  0 },
	{ "mechanism", OPT_MECHANISM, "NAME", 0,
	  "events, fentry or kprobe, for guest (default: the first that works)", 0 },
	{ "ring", OPT_RING, "SIZE", 0, "of the ring buffer: a power of two (default: 4 MiB)", 0 },
	{ 0 },
};

void trace_options_init(struct trace_options *options)
{
	*options = (struct trace_options){ .tracer = { .level = TRACE_PAGES } };
}

static uint64_t parse_time(struct argp_state *state, const char *name, const char *text)
{
	double seconds;
	uint64_t ns;
	char *end;

	if (!parse_duration(text, &ns) && ns)
		return ns;
	seconds = strtod(text, &end);
	if (end == text || *end || !(seconds > 0 && seconds < 1e9))
		argp_error(state, "--%s %s: a time is wanted, as in 5 or 500ms", name, text);
	return seconds * NSEC_PER_SEC;
}

static uint64_t parse_ring(struct argp_state *state, const char *text)
{
	uint64_t bytes = 0;

	if (parse_bytes(text, &bytes) || bytes < RING_MIN || bytes > RING_MAX ||
	    (bytes & (bytes - 1)))
		argp_error(state, "--ring %s: a power of two from 4 KiB to 1 GiB is wanted", text);
	return bytes;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct trace_options *o = state->input;

	switch (key) {
	case OPT_LEVEL:
		if (!trace_level_parse(arg, &o->tracer.level) || o->tracer.level == TRACE_OFF)
			argp_error(state, "--level %s: phases or pages is wanted", arg);
		break;
	case OPT_DURATION:
		o->duration_ns = parse_time(state, "duration", arg);
		break;
	case OPT_INTERVAL:
		o->interval_ns = parse_time(state, "interval", arg);
		break;
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_LIST:
		o->list = true;
		break;
	case OPT_MECHANISM:
		if (!mechanism_parse(arg, &o->tracer.mechanism))
			argp_error(state,
				   "--mechanism %s: events, fentry, kprobe or auto is wanted", arg);
		break;
	case OPT_RING:
		o->tracer.ring_bytes = parse_ring(state, arg);
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp trace_options_argp = { option_table, parse_option, NULL, NULL, NULL, NULL, NULL };
