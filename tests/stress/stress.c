/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stress: stress the balloon driver of debug kernels, boot by boot, until the time is over
 * or something is found.
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/vm/vm.h"
#include "bench/config/images.h"
#include "bench/vm/interrupt.h"
#include "bench/config/variant.h"
#include "lib/directory.h"
#include "lib/clock.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "tests/stress/boot.h"
#include "tests/stress/options.h"
#include "tests/stress/schedule.h"
#include "tests/stress/summary.h"

/*
 * kmemleak for the audits; no delay in pm_test. An emulated CPU may wait long
 * for a real one: a late stall warning, and no check of the timer. An NMI shows where it is.
 */
#define DEBUG_COMMAND_LINE                                                                         \
	"kmemleak=on suspend.pm_test_delay=0 unknown_nmi_panic "                                   \
	"rcupdate.rcu_cpu_stall_timeout=300 no_timer_check"

struct stress {
	struct stress_options options;
	struct images images;
	struct variants variants;
	const struct image_cut *cuts[STRESS_CUTS_MAX];
	size_t cut_count;
	enum result_accel accel;
	char directory[PATH_MAX];
	FILE *log;
	uint64_t started_ns;
	json_t *summary;
	bool found;
};

static int choose_cuts(struct stress *s)
{
	size_t i;

	for (i = 0; i < s->options.cut_count; i++) {
		s->cuts[i] = images_find(&s->images, s->options.cuts[i]);
		if (!s->cuts[i]) {
			log_error("%s has no cut '%s'", s->options.images, s->options.cuts[i]);
			return EXIT_USAGE;
		}
		s->cut_count++;
	}
	for (i = 0; !s->options.cut_count && i < s->images.cut_count && i < STRESS_CUTS_MAX; i++)
		s->cuts[s->cut_count++] = &s->images.cuts[i];
	return 0;
}

static int choose_accel(struct stress *s)
{
	char reason[256];
	int err = accel_choose("auto", &s->images, ACCEL_TRY_NS, &s->accel, reason, sizeof(reason));

	if (!err)
		return 0;
	if (err != -EINTR)
		log_error("%s", reason);
	return err == -EINTR ? EXIT_INTERRUPTED : EXIT_ENVIRONMENT;
}

static int load(struct stress *s)
{
	char err[1024];
	int failed = images_load(&s->images, s->options.images, err, sizeof(err));

	if (!failed)
		failed = variants_load(&s->variants, path_variants(), err, sizeof(err));
	if (failed) {
		log_error("%s", err);
		return failed == -EINVAL ? EXIT_USAGE : EXIT_ENVIRONMENT;
	}
	return choose_cuts(s);
}

static int open_output(struct stress *s)
{
	char path[PATH_MAX], now[32];
	time_t t = time(NULL);

	strftime(now, sizeof(now), "%Y%m%dT%H%M%SZ", gmtime(&t));
	if (s->options.output)
		snprintf(s->directory, sizeof(s->directory), "%s", s->options.output);
	else
		snprintf(s->directory, sizeof(s->directory), "results/stress-%s", now);
	if (make_directories(s->directory)) {
		log_error("cannot create %s: %s; choose another directory with -o", s->directory,
			  strerror(errno));
		return EXIT_ENVIRONMENT;
	}
	snprintf(path, sizeof(path), "%s/log.jsonl", s->directory);
	s->log = fopen(path, "we");
	if (!s->log)
		log_error("cannot write %s: %s; choose another directory with -o", path,
			  strerror(errno));
	return s->log ? 0 : EXIT_ENVIRONMENT;
}

static json_t *begin_summary(const struct stress *s, int argc, char **argv)
{
	json_t *arguments = json_array();
	char now[32];
	time_t t = time(NULL);
	int i;

	for (i = 0; i < argc; i++)
		json_array_append_new(arguments, json_string(argv[i]));
	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", gmtime(&t));
	return json_pack("{s:i, s:o, s:s, s:f, s:b, s:I, s:s, s:I, s:i, s:s, s:{s:s, s:s, s:s}, "
			 "s:[]}",
			 "schema_version", STRESS_SUMMARY_VERSION, "arguments", arguments,
			 "started_utc", now, "duration_s", 0.0, "interrupted", 0, "seed",
			 (json_int_t)s->options.seed, "accel", accel_names[s->accel],
			 "memory_bytes", (json_int_t)STRESS_MEMORY_BYTES, "vcpus", STRESS_VCPUS,
			 "qemu_version", "", "kernel", "source", s->images.cuts[0].source,
			 "compiler", s->images.cuts[0].compiler, "config_sha256",
			 s->images.cuts[0].config_sha256, "cuts");
}

static void choose_machine(const struct stress_options *o, unsigned int boot,
			   struct stress_machine *machine)
{
	if (o->method == RESULT_VMWARE)
		schedule_machine_of_vmware(machine, o->seed, boot);
	else
		schedule_machine(machine, o->seed, boot);
}

/* The device properties of the variant with the name of the cut, or NULL. */
static const char *device_of(struct stress *s, const char *cut)
{
	const struct variant *variant = variants_named(&s->variants, &s->images, cut);

	return variant ? variant->device : NULL;
}

static struct qemu_config config_of(const struct stress *s, const struct image_cut *cut,
				    const char *append, const char *properties,
				    const char *directory)
{
	return (struct qemu_config){ .binary = s->images.qemu,
				     .image = cut->image,
				     .modules = cut->modules,
				     .initramfs = s->images.initramfs,
				     .append = append,
				     .accel = s->accel,
				     .memory_bytes = STRESS_MEMORY_BYTES,
				     .vcpus = STRESS_VCPUS,
				     .method = s->options.method,
				     .device_properties = properties,
				     .directory = directory };
}

static void show_finding(const json_t *finding)
{
	const json_t *line;
	size_t i;

	log_error("%s: %s", json_string_value(json_object_get(finding, "kind")),
		  json_string_value(json_object_get(finding, "line")));
	json_array_foreach (json_object_get(finding, "excerpt"), i, line)
		fprintf(stderr, "    %s\n", json_string_value(line));
	log_error("replay with: %s", json_string_value(json_object_get(finding, "replay")));
}

static void keep_finding(struct stress *s, struct stress_boot *boot, json_t *findings)
{
	char replay[512];

	snprintf(replay, sizeof(replay), "stress --images %s --cut %s%s --seed %llu --replay %u",
		 s->options.images, boot->cut->name,
		 s->options.method == RESULT_VMWARE ? " --method vmware" : "",
		 (unsigned long long)s->options.seed, boot->number);
	json_object_set_new(boot->finding, "boot", json_integer(boot->number));
	json_object_set_new(boot->finding, "round", json_integer(boot->round));
	json_object_set_new(boot->finding, "replay", json_string(replay));
	show_finding(boot->finding);
	json_array_append_new(findings, boot->finding);
	boot->finding = NULL;
	s->found = true;
}

static int one_boot(struct stress *s, const struct image_cut *cut, unsigned int number,
		    const struct stress_limits *limits, struct stress_counts *counts,
		    json_t *findings)
{
	char directory[PATH_MAX], properties[256], append[256];
	const char *device = device_of(s, cut->name);
	struct stress_boot boot = { .cut = cut,
				    .seed = s->options.seed,
				    .number = number,
				    .directory = directory,
				    .log = s->log,
				    .started_ns = s->started_ns,
				    .counts = counts };
	struct qemu_config config;
	int err;

	snprintf(directory, sizeof(directory), "%s/%s/boot-%02u", s->directory, cut->name, number);
	if (make_directories(directory)) {
		log_error("cannot create %s: %s", directory, strerror(errno));
		return -errno;
	}
	choose_machine(&s->options, number, &boot.machine);
	snprintf(append, sizeof(append), DEBUG_COMMAND_LINE " %s", boot.machine.append);
	snprintf(properties, sizeof(properties), "%s%s%s", device ? device : "",
		 device && *boot.machine.device ? "," : "", boot.machine.device);
	if (!s->options.quiet)
		log_info("%s boot %u (%s%s%s), %llu operations so far", cut->name, number,
			 properties, *properties ? ", " : "", boot.machine.append,
			 (unsigned long long)stress_orders(counts));
	config = config_of(s, cut, append, properties, directory);
	err = stress_boot_run(&boot, &config, limits);
	if (boot.qemu_version[0])
		json_object_set_new(s->summary, "qemu_version", json_string(boot.qemu_version));
	if (boot.finding)
		keep_finding(s, &boot, findings);
	else if (err && err != -EINTR)
		log_error("%s: %s", *boot.vm.reason ? cut->name : config.binary,
			  *boot.vm.reason ? boot.vm.reason : strerror(-err));
	return err;
}

static bool is_over(const struct stress *s, const struct stress_limits *limits,
		    const struct stress_counts *counts, const json_t *findings)
{
	if (json_array_size(findings) && !s->options.keep_going)
		return true;
	if (s->options.replay)
		return counts->boots > 0;
	if (limits->end_ns && clock_ns() >= limits->end_ns)
		return true;
	return limits->orders && stress_orders(counts) >= limits->orders;
}

/* The cut's share of the time that is left, by its weight. */
static uint64_t share_of(const struct stress *s, size_t index, uint64_t start)
{
	uint64_t end = s->started_ns + s->options.minutes * 60 * NSEC_PER_SEC, all = 0;
	size_t i;

	for (i = index; i < s->cut_count; i++)
		all += schedule_weight(s->cuts[i]->name);
	return end > start ? (end - start) * schedule_weight(s->cuts[index]->name) / all : 0;
}

static int stress_cut(struct stress *s, size_t index)
{
	const struct image_cut *cut = s->cuts[index];
	struct stress_limits limits = { .orders = s->options.ops };
	struct stress_counts counts = { .boots = 0 };
	unsigned int number = s->options.replay ? s->options.replay : 1;
	uint64_t start = clock_ns(), share;
	json_t *findings = json_array();
	int err = 0;

	/* Time that earlier cuts have not used is shared by the rest. */
	share = s->options.minutes ? share_of(s, index, start) : 0;
	while (!err) {
		/* Leave time for two boots: one with page_owner, one without. */
		if (s->options.minutes)
			limits.end_ns = start + (counts.boots ? share : share / 2);
		if (is_over(s, &limits, &counts, findings))
			break;
		err = one_boot(s, cut, number++, &limits, &counts, findings);
	}
	json_array_append_new(
		json_object_get(s->summary, "cuts"),
		summary_cut(cut, device_of(s, cut->name), &counts, clock_ns() - start, findings));
	return err;
}

static int finish(struct stress *s, int err)
{
	json_object_set_new(s->summary, "duration_s",
			    json_real((double)(clock_ns() - s->started_ns) / NSEC_PER_SEC));
	json_object_set_new(s->summary, "interrupted", json_boolean(err == -EINTR));
	if (summary_write(s->summary, s->directory)) {
		log_error("cannot write the summary to %s", s->directory);
		return EXIT_ENVIRONMENT;
	}
	if (!s->options.quiet)
		log_info("%s/summary.md", s->directory);
	if (err)
		return err == -EINTR ? EXIT_INTERRUPTED : EXIT_ENVIRONMENT;
	return s->found ? EXIT_REGRESSION : EXIT_FINE;
}

static int run(struct stress *s, int argc, char **argv)
{
	size_t i;
	int err = 0, status;

	status = interrupt_setup() ? EXIT_ENVIRONMENT : load(s);
	if (!status)
		status = choose_accel(s);
	if (!status)
		status = open_output(s);
	if (status)
		return status;
	s->started_ns = clock_ns();
	s->summary = begin_summary(s, argc, argv);
	log_info("seed %llu, %s, logs in %s", (unsigned long long)s->options.seed,
		 accel_names[s->accel], s->directory);
	for (i = 0; !err && i < s->cut_count; i++)
		err = stress_cut(s, i);
	return finish(s, err);
}

/* Print the schedule of a boot: the log of a run without results. */
static int show_plan(const struct stress_options *o)
{
	unsigned int boot = o->replay ? o->replay : 1, number;
	struct stress_machine machine = { 0 };
	struct stress_round round;
	size_t i;

	choose_machine(o, boot, &machine);
	for (i = 0; i < o->cut_count; i++)
		printf("{\"cut\": \"%s\", \"weight\": %u}\n", o->cuts[i],
		       schedule_weight(o->cuts[i]));
	printf("{\"boot\": %u, \"device\": \"%s\", \"append\": \"%s\"}\n", boot, machine.device,
	       machine.append);
	for (number = 0; number < STRESS_ROUNDS; number++) {
		schedule_round(&round, o->seed, boot, number);
		if (o->method == RESULT_VMWARE)
			schedule_round_of_vmware(&round);
		for (i = 0; i < round.count; i++)
			printf("{\"boot\": %u, \"round\": %u, \"op\": \"%s\", \"after_ms\": %u, "
			       "\"for_ms\": %u, \"value\": %llu}\n",
			       boot, number, stress_op_name(round.orders[i].op),
			       round.orders[i].after_ms, round.orders[i].for_ms,
			       (unsigned long long)round.orders[i].value);
	}
	return EXIT_FINE;
}

int main(int argc, char **argv)
{
	struct stress s = { .log = NULL };
	int status;

	log_setup("stress", LOG_INFO);
	argp_err_exit_status = EXIT_USAGE;
	stress_options_parse(&s.options, argc, argv);
	if (s.options.plan)
		return show_plan(&s.options);
	status = run(&s, argc, argv);
	if (s.log)
		fclose(s.log);
	images_release(&s.images);
	variants_release(&s.variants);
	json_decref(s.summary);
	return status;
}
