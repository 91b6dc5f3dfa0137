/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-device: fuzz QEMU's balloon device with malicious guests.
 */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/exit_status.h"
#include "tests/device/fuzz/campaign.h"
#include "tests/device/fuzz/mutate.h"

static const struct argp_option option_table[] = {
	{ "qemu", 'q', "PATH", 0, "path printed by vm-images/build-qemu --sanitize", 0 },
	{ "corpus", 'c', "DIR", 0, "inputs to start with (default: none)", 0 },
	{ "seconds", 't', "N", 0, "how long to search for new inputs (default: 30)", 0 },
	{ "seed", 's', "N", 0, "seed of the search (default: 1)", 0 },
	{ "replay", 'r', NULL, 0, "only run FILEs, each in a new QEMU, and show them", 0 },
	{ "keep", 'k', "DIR", 0, "save inputs that reach new code in DIR", 0 },
	{ "merge", 'm', "DIR", 0,
	  "save the smallest part of the corpus that reaches the same code in DIR; no search", 0 },
	{ "hints", 'i', NULL, 0, "with free-page-hint, where QEMU 10.0 is known to deadlock", 0 },
	{ "failures", 'f', "DIR", 0, "where to save an input that fails (default: .)", 0 },
	{ 0 },
};

static const char doc[] =
	"Drive QEMU's balloon device like a malicious guest. Inputs that reach new code are kept "
	"and mutated. An input fails if QEMU dies or does not answer, a sanitizer reports, "
	"memory is discarded that the guest has not named, or the device does not work after a "
	"reset. A failing input is minimised and saved for --replay."
	"\v"
	"EXAMPLES\n"
	"  Q=$(vm-images/build-qemu --sanitize)\n"
	"  fuzz-device --qemu $Q --corpus build/corpus/device --seconds 600 --seed 7\n"
	"  fuzz-device --qemu $Q --replay fail-0123456789abcdef\n"
	"  fuzz-device --qemu $Q --corpus found --merge build/corpus/device\n\n"
	"Exit status: 0 no input failed, 1 an input failed, 2 usage, 3 QEMU does not start or a "
	"file cannot be read or written, 130 interrupted.\n";

#define FILES_MAX 1024

struct options {
	const char *qemu, *corpus, *keep, *merge, *failures;
	uint64_t seconds, seed;
	bool replay, hints;
	const char *files[FILES_MAX];
	size_t file_count;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static error_t parse_number(const char *text, uint64_t *number, struct argp_state *state)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	if (errno || *end || end == text || *text == '-')
		argp_error(state, "expected a number, got '%s'", text);
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'q':
		o->qemu = arg;
		return 0;
	case 'c':
		o->corpus = arg;
		return 0;
	case 't':
		return parse_number(arg, &o->seconds, state);
	case 's':
		return parse_number(arg, &o->seed, state);
	case 'r':
		o->replay = true;
		return 0;
	case 'i':
		o->hints = true;
		return 0;
	case 'k':
		o->keep = arg;
		return 0;
	case 'm':
		o->merge = arg;
		return 0;
	case 'f':
		o->failures = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (o->file_count == FILES_MAX)
			argp_error(state, "more than %d files", FILES_MAX);
		o->files[o->file_count++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->qemu)
			argp_error(state,
				   "--qemu is missing; vm-images/build-qemu --sanitize prints "
				   "the path");
		if (o->replay != (o->file_count > 0))
			argp_error(state, "--replay needs files, and files need --replay");
		if (o->merge && !o->corpus)
			argp_error(state, "--merge needs a --corpus");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int cannot_run(const struct campaign *c, int err)
{
	fprintf(stderr, "fuzz-device: %s: %s\n", c->qemu,
		*c->trouble ? c->trouble : strerror(-err));
	return EXIT_ENVIRONMENT;
}

/* Minimise a failing input, if it fails in a new QEMU, and save it. */
static int report(struct campaign *c, const struct options *o, const struct input *input)
{
	char path[4096], trouble[sizeof(c->trouble)];
	struct input shorter = *input;
	int err;

	snprintf(trouble, sizeof(trouble), "%s", c->trouble);
	printf("FAILED: %s\n", trouble);
	fflush(stdout);
	err = campaign_run_alone(c, &shorter);
	if (!err && *c->trouble)
		err = campaign_minimise(c, &shorter);
	else if (!err)
		printf("the input does not fail in a new QEMU: earlier inputs or timing matter\n");
	if (err)
		return cannot_run(c, err);
	err = input_save(&shorter, o->failures, path, sizeof(path));
	if (err) {
		fprintf(stderr, "fuzz-device: %s: %s\n", path, strerror(-err));
		return EXIT_ENVIRONMENT;
	}
	printf("%zu of %zu records are in %s:\n", shorter.count, input->count, path);
	input_print(&shorter);
	if (*c->trouble && strcmp(c->trouble, trouble) != 0)
		printf("minimised, it fails with: %s\n", c->trouble);
	return EXIT_REGRESSION;
}

static int keep(struct campaign *c, const char *dir, const struct input *input)
{
	char path[4096] = "";
	int err = campaign_keep(c, input) ? 0 : -ENOMEM;

	if (!err && dir)
		err = input_save(input, dir, path, sizeof(path));
	if (!err)
		return EXIT_FINE;
	fprintf(stderr, "fuzz-device: %s: %s\n", *path ? path : "an input", strerror(-err));
	return EXIT_ENVIRONMENT;
}

static int try(struct campaign *c, const struct options *o, const struct input *input,
	       const char *dir)
{
	int err = campaign_run(c, input);

	if (err)
		return cannot_run(c, err);
	if (*c->trouble)
		return report(c, o, input);
	return campaign_is_new(c, input) ? keep(c, dir, input) : EXIT_FINE;
}

struct corpus {
	struct input *inputs;
	size_t count;
};

static int by_size(const void *a, const void *b)
{
	const struct input *x = a, *y = b;

	return (x->count > y->count) - (x->count < y->count);
}

static int add_file(struct corpus *corpus, const char *path)
{
	struct input *more = reallocarray(corpus->inputs, corpus->count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	corpus->inputs = more;
	return input_load(&more[corpus->count++], path);
}

/* Short inputs first, so that a longer one is kept only for what it adds. */
static int load_corpus(struct corpus *corpus, const char *dir)
{
	struct dirent **names = NULL;
	int n = scandir(dir, &names, NULL, alphasort), i, err = n < 0 ? -errno : 0;
	char path[4096];

	for (i = 0; i < n; i++) {
		/* Not "." and "..". */
		if (!err && !strchr(names[i]->d_name, '.')) {
			snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
			err = add_file(corpus, path);
		}
		free(names[i]);
	}
	free(names);
	if (err) {
		fprintf(stderr, "fuzz-device: %s: %s\n", n < 0 ? dir : path, strerror(-err));
		return EXIT_ENVIRONMENT;
	}
	if (corpus->count)
		qsort(corpus->inputs, corpus->count, sizeof(*corpus->inputs), by_size);
	return EXIT_FINE;
}

static int run_corpus(struct campaign *c, const struct options *o)
{
	struct corpus corpus = { 0 };
	int status = load_corpus(&corpus, o->corpus);
	size_t i;

	for (i = 0; !status && !interrupted && i < corpus.count; i++)
		status = try(c, o, &corpus.inputs[i], o->merge);
	if (!status)
		printf("%zu inputs of %s replayed\n", corpus.count, o->corpus);
	free(corpus.inputs);
	return status;
}

static void show(const struct campaign *c, uint64_t ns, const char *end)
{
	unsigned int reached, places;

	campaign_coverage(c, &reached, &places);
	printf("%llu inputs, %.0f/s; %zu kept; %u of %u places of virtio-balloon.c reached%s",
	       (unsigned long long)c->executed, c->executed * 1e9 / (ns + 1), c->kept_count,
	       reached, places, end);
	fflush(stdout);
}

static int run_basics(struct campaign *c, const struct options *o)
{
	struct input input;
	int status = EXIT_FINE;
	unsigned int n;

	for (n = 0; !status && !interrupted && n < BASICS; n++) {
		mutate_basic(n, &input);
		status = try(c, o, &input, NULL);
	}
	return status;
}

static int fuzz(struct campaign *c, const struct options *o, uint64_t begin)
{
	uint64_t end = deadline_in_ms(o->seconds * 1000), said = begin;
	/* Seeds that are neighbours begin far apart; 0 would stay 0. */
	struct random random = { (o->seed + 1) * 0x9e3779b97f4a7c15ULL | 1 };
	struct input input = { 0 };
	int status = EXIT_FINE;

	while (!status && !interrupted && clock_ns() < end) {
		mutate(&random, c->kept, c->kept_count, &input);
		status = try(c, o, &input, o->keep);
		if (clock_ns() - said > 60 * NSEC_PER_SEC) {
			said = clock_ns();
			show(c, said - begin, "\n");
		}
	}
	return status;
}

static int replay(struct campaign *c, const char *path)
{
	struct input input;
	int err = input_load(&input, path);

	if (err) {
		fprintf(stderr, "fuzz-device: %s: %s\n", path, strerror(-err));
		return EXIT_ENVIRONMENT;
	}
	printf("%s:\n", path);
	input_print(&input);
	err = campaign_run_alone(c, &input);
	if (err)
		return cannot_run(c, err);
	printf("%s%s\n", *c->trouble ? "FAILED: " : "fine", c->trouble);
	campaign_is_new(c, &input);
	return *c->trouble ? EXIT_REGRESSION : EXIT_FINE;
}

static int replay_all(struct campaign *c, const struct options *o)
{
	int status = EXIT_FINE, one;
	size_t i;

	for (i = 0; i < o->file_count && !interrupted && status != EXIT_ENVIRONMENT; i++) {
		one = replay(c, o->files[i]);
		status = one ? one : status;
	}
	return status;
}

static int run(struct campaign *c, const struct options *o)
{
	uint64_t begin = clock_ns();
	int status;

	if (o->replay)
		return replay_all(c, o);
	status = run_basics(c, o);
	if (!status && o->corpus)
		status = run_corpus(c, o);
	if (!status && !o->merge)
		status = fuzz(c, o, begin);
	show(c, clock_ns() - begin, "\n");
	return status;
}

int main(int argc, char **argv)
{
	static const struct argp argp = { option_table, parse, "[FILE...]", doc, NULL, NULL, NULL };
	struct options options = { .seconds = 30, .seed = 1, .failures = "." };
	const struct sigaction action = { .sa_handler = interrupt };
	static struct campaign campaign;
	int status;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	campaign.qemu = options.qemu;
	campaign.hints = options.hints;
	status = run(&campaign, &options);
	campaign_end(&campaign);
	return interrupted ? EXIT_INTERRUPTED : status;
}
