/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/run/hosts.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/config/keys.h"
#include "bench/run/inside.h"
#include "bench/run/run.h"
#include "lib/alloc.h"
#include "lib/clock.h"

/* The kernel, the files in memory, QEMU beside its guest. */
#define OVERHEAD_BYTES (2ULL << 30)
/* As many CPUs as the smallest of our kernels supports. */
#define CPUS_MAX 16
/* Then something is wrong with all boots. */
#define FAILURES_MAX 3
/* Added to what a scenario allows a boot. */
#define MARGIN_NS (120 * NSEC_PER_SEC)

const char *session_host(const struct session *s, const struct variant *variant)
{
	return variant->host ?: s->options.host;
}

uint64_t hosts_overhead(void)
{
	return OVERHEAD_BYTES;
}

static struct host *find(struct hosts *hosts, const char *name)
{
	return find_named(hosts->list, hosts->count, sizeof(*hosts->list), name);
}

bool hosts_nest(void)
{
	static const char *const files[] = { "/sys/module/kvm_amd/parameters/nested",
					     "/sys/module/kvm_intel/parameters/nested" };
	char value[8];
	size_t i;

	for (i = 0; i < 2; i++)
		if (strchr("1Y", *host_file_value(files[i], "", "", value, sizeof(value))) &&
		    *value && !access("/dev/kvm", R_OK | W_OK))
			return true;
	return false;
}

/* A kernel with modules of a host, or one that was built as a host. */
static const struct image_cut *kernel_of(const struct images *images, const char *name,
					 const struct image_cut **named)
{
	char *built = xasprintf("%s-" HOST_CONFIG, name);

	*named = images_find(images, name);
	if (!*named)
		*named = images_find(images, built);
	free(built);
	if (!*named || (*named)->host_modules)
		return *named;
	return images_find_config(images, *named, HOST_CONFIG);
}

static int find_kernel(struct session *s, struct host *host)
{
	const struct image_cut *named;
	char err[2048];

	host->kernel = kernel_of(&s->images, host->name, &named);
	if (!named)
		return fails(EXIT_USAGE,
			     "--host %s: no such kernel; `balloonbench list` shows them, "
			     "`balloonbench build --debian 6.12` adds one",
			     host->name);
	if (!host->kernel)
		return fails(EXIT_USAGE,
			     "--host %s: this kernel has no KVM; build it as a host: the same "
			     "`balloonbench build` with --config " HOST_CONFIG
			     ", or again if it is a distribution's",
			     host->name);
	if (images_use(&s->images, host->kernel, images_find_qemu(&s->images, NULL), err,
		       sizeof(err)))
		return fails(EXIT_ENVIRONMENT, "%s", err);
	return 0;
}

static void add_host(struct hosts *hosts, const char *name)
{
	if (find(hosts, name))
		return;
	hosts->list = xreallocarray(hosts->list, hosts->count + 1, sizeof(*hosts->list));
	hosts->list[hosts->count++] = (struct host){ .name = name };
}

static int check_options(const struct session *s)
{
	const struct run_options *o = &s->options;
	const struct variant *program = NULL;
	size_t i, boxed = 0;

	for (i = 0; i < o->suite.variant_count; i++) {
		boxed += session_host(s, s->chosen[i]) != NULL;
		program = s->chosen[i]->program ? s->chosen[i] : program;
	}
	if (!boxed)
		return 0;
	if (boxed < o->suite.variant_count)
		return fails(EXIT_USAGE,
			     "some variants have a host and others have none; accelerators are "
			     "never compared: name the host of the others with --host");
	if (!strcmp(o->accel, accel_names[RESULT_TCG]))
		return fails(EXIT_USAGE,
			     "--accel %s: in a host of its own a guest runs under KVM; leave it "
			     "out, or have instructions counted with --accel icount",
			     o->accel);
	if (o->perf)
		return fails(EXIT_USAGE, "--perf: not with --host; perf is not in the box");
	if (program)
		return fails(EXIT_USAGE,
			     "variant %s: its policy is a program, and a host in a box has no "
			     "shell to run it with",
			     program->name);
	return 0;
}

/* A QEMU and the firmware beside it. */
static void add_qemu(struct hosts *hosts, const char *path)
{
	char real[PATH_MAX], *share;

	box_files_add_program(&hosts->files, path);
	if (!realpath(path, real))
		return;
	share = xasprintf("%s/../share", dirname(real));
	if (realpath(share, real)) {
		free(share);
		share = xasprintf("%s/qemu", real);
		box_files_add_all(&hosts->files, share, "*.bin");
		free(share);
		share = xasprintf("%s/seabios", real);
		box_files_add_all(&hosts->files, share, "*.bin");
	}
	free(share);
}

static void add_kernels(struct session *s, const struct variant *variant,
			const struct scenario *scenario)
{
	const struct image_cut *cut = session_kernel(s, variant, scenario);
	struct box_files *files = &s->hosts.files;
	const struct image_cut *build;
	unsigned int i;

	for (i = 0; (build = image_cut_build(cut, i)); i++)
		box_files_add(files, build->image);
	if (cut->modules)
		box_files_add(files, cut->modules);
}

/* All that the program inside reads. */
static int collect_files(struct session *s)
{
	const struct suite *suite = &s->options.suite;
	struct box_files *files = &s->hosts.files;
	char *cuts = xasprintf("%s/cuts", path_cache()),
	     *qemus = xasprintf("%s/qemus", path_cache());
	size_t i, v;
	int err;

	err = box_files_add_program(files, *(char **)s->hosts.config.arguments.items);
	box_files_add(files, s->images.initramfs);
	box_files_add(files, s->images.file);
	box_files_add(files, path_variants());
	box_files_add(files, path_suites());
	box_files_add_all(files, path_scenarios(), "*.ini");
	box_files_add_all(files, path_workloads(), "*.workload");
	box_files_add_all(files, cuts, "*.ini");
	box_files_add_all(files, qemus, "*.ini");
	if (s->options.variants_file)
		box_files_add(files, s->options.variants_file);
	for (i = 0; i < suite->scenario_count; i++) {
		box_files_add(files, suite->scenarios[i]);
		if (s->scenarios[i].replay.file)
			box_files_add(files, s->scenarios[i].replay.file);
	}
	for (v = 0; v < suite->variant_count; v++) {
		add_qemu(&s->hosts, session_qemu(s, s->chosen[v])->path);
		for (i = 0; i < s->scenario_count; i++)
			add_kernels(s, s->chosen[v], &s->scenarios[i]);
	}
	box_files_add_directory(files, s->hosts.config.directory);
	free(cuts);
	free(qemus);
	return err ? fails(EXIT_ENVIRONMENT, "cannot find the libraries of balloonbench: ldd: %s",
			   strerror(-err))
		   : 0;
}

static void add_variable(struct record_list *list, const char *name, const char *value)
{
	char *text = value ? xasprintf("%s=%s", name, value) : NULL;

	if (text)
		record_append_text(list, text);
	free(text);
}

static void set_environment(struct session *s)
{
	static const char *const passed[] = { "HOME", "QEMU", "BALLOONBENCH_CACHE",
					      "BALLOONBENCH_DATA", NULL };
	struct record_list *list = &s->hosts.config.environment;
	char *decided = inside_text(&(struct inside){
		.accel = s->accel, .seed = s->options.seed, .memory_limit = s->memory_limit });
	size_t i;

	for (i = 0; passed[i]; i++)
		add_variable(list, passed[i], getenv(passed[i]));
	add_variable(list, INSIDE_VARIABLE, decided);
	record_append_text(list, "PATH=/usr/bin:/bin");
	free(decided);
}

static void set_arguments(struct session *s)
{
	struct record_list *list = &s->hosts.config.arguments;
	char self[PATH_MAX];
	int i;

	record_append_text(list, realpath("/proc/self/exe", self) ? self : s->line->argv[0]);
	record_append_text(list, s->line->command->name);
	/* Those that a resumed run was begun with. */
	if (s->options.resume.argv)
		for (i = 1; i < s->options.resume.argc; i++)
			record_append_text(list, s->options.resume.argv[i]);
	else
		for (i = 1; i < s->line->argc; i++)
			record_append_text(list, s->line->argv[i]);
}

/* What the boxes run under, and what is said of it. */
static void set_accel(struct session *s)
{
	const bool counts = !strcmp(s->options.accel, accel_names[RESULT_ICOUNT]);
	const bool nested = !counts && hosts_nest();

	s->hosts.config.accel = counts ? RESULT_ICOUNT : nested ? RESULT_KVM : RESULT_TCG;
	s->accel = counts ? RESULT_KVM_IN_ICOUNT : nested ? RESULT_KVM_IN_KVM : RESULT_KVM_IN_TCG;
	snprintf(s->accel_reason, sizeof(s->accel_reason), "%s",
		 counts	  ? "asked for; the CPU of the host counts instructions"
		 : nested ? "the host is a guest under KVM"
			  : "the host is a guest under TCG");
}

/* All CPUs of this machine; but one that counts, so that none waits for another meanwhile. */
static unsigned int box_vcpus(enum result_accel accel)
{
	cpu_set_t cpus;
	unsigned int count;

	if (accel == RESULT_ICOUNT || sched_getaffinity(0, sizeof(cpus), &cpus))
		return 1;
	count = CPU_COUNT(&cpus);
	return count < CPUS_MAX ? count : CPUS_MAX;
}

/* Room for the largest guest. */
static uint64_t box_memory(const struct session *s)
{
	uint64_t most = 0;
	size_t i;

	for (i = 0; i < s->scenario_count; i++)
		if (s->scenarios[i].memory_bytes > most)
			most = s->scenarios[i].memory_bytes;
	return most + OVERHEAD_BYTES;
}

static int resolve_kernels(struct session *s)
{
	struct hosts *hosts = &s->hosts;
	int status = 0;
	size_t i;

	for (i = 0; i < s->options.suite.variant_count; i++)
		if (session_host(s, s->chosen[i]))
			add_host(hosts, session_host(s, s->chosen[i]));
	for (i = 0; !status && i < hosts->count; i++)
		status = find_kernel(s, &hosts->list[i]);
	return status;
}

int hosts_resolve(struct session *s)
{
	struct box_config *config = &s->hosts.config;
	int status = check_options(s) ?: resolve_kernels(s);
	char *here;

	if (status || !s->hosts.count)
		return status;
	set_accel(s);
	here = realpath(".", NULL);
	*config = (struct box_config){
		.images = &s->images,
		.accel = config->accel,
		.memory_bytes = box_memory(s),
		.vcpus = box_vcpus(config->accel),
		.pin = CPU_COUNT(&s->options.pin) ? &s->options.pin : NULL,
		.files = &s->hosts.files,
		.directory = here ?: xstrdup("/"),
	};
	set_arguments(s);
	set_environment(s);
	return collect_files(s);
}

json_t *hosts_to_json(const struct session *s)
{
	json_t *json = json_object();
	size_t i;

	for (i = 0; i < s->hosts.count; i++)
		json_object_set_new(json, s->hosts.list[i].name,
				    record_encode(&image_cut_record, s->hosts.list[i].kernel));
	return json;
}

json_t *hosts_box_to_json(const struct session *s)
{
	const struct box_config *box = &s->hosts.config;

	return json_pack("{s:s, s:i, s:I}", "cpu", box_cpu(box->accel), "cpus", (int)box->vcpus,
			 "memory_bytes", (json_int_t)box->memory_bytes);
}

static int open_host(struct session *s, struct host *host)
{
	struct box_config config = s->hosts.config;
	char err[2048] = "";
	int status;

	config.name = host->name;
	config.kernel = host->kernel;
	progress_step("boot of the host", NULL);
	status = box_open(&host->box, &config, err, sizeof(err));
	if (!status) {
		log_debug("host %s: Linux %s", host->name, box_hello(host->box)->kernel_release);
		return 0;
	}
	if (status == -EINTR)
		status = EXIT_INTERRUPTED;
	else if (box_keep_console(host->box, s->results.dir))
		status = fails(EXIT_ENVIRONMENT,
			       "%s; %s/host-console.log is the console of its kernel", err,
			       s->results.dir);
	else
		status = fails(EXIT_ENVIRONMENT, "%s", err);
	box_close(host->box);
	host->box = NULL;
	return status;
}

/* As long as the scenario allows all of it, by the clock of the box. */
static uint64_t timeout_ns(const struct session *s, const struct scenario *scenario)
{
	const struct replay_plan *replay = &scenario->replay;

	return box_slowness(s->hosts.config.accel) *
	       (scenario->vms *
			(INSIDE_BOOT_SLOWNESS * scenario->boot_timeout_ns + replay->stagger_ns) +
		MARGIN_NS + (replay->file ? replay_limit_ns(replay) : 0) +
		scenario->cycles * (2 * scenario->resize_timeout_ns + MARGIN_NS));
}

/* The box failed: so did the boot, and the next one gets another box. */
static int fail_boot(struct host *host, const struct boot *boot, const char *reason,
		     struct boot_result *result)
{
	box_keep_console(host->box, boot->directory);
	box_close(host->box);
	host->box = NULL;
	if (++host->failed >= FAILURES_MAX)
		return fails(EXIT_ENVIRONMENT, "%s; %u boots one after the other failed so", reason,
			     host->failed);
	boot_fail(boot, reason, result);
	return 0;
}

int hosts_run_boot(struct session *s, const struct plan_entry *entry, const struct boot *boot,
		   struct boot_result *result)
{
	struct host *host = find(&s->hosts, session_host(s, boot->variant));
	char err[2048];
	json_t *request, *json = NULL;
	int status = host->box ? 0 : open_host(s, host);

	if (status)
		return status;
	request = plan_entry_to_json(entry);
	status = box_boot(host->box, request, boot->directory, timeout_ns(s, boot->scenario),
			  boot->progress, boot->context, &json, err, sizeof(err));
	json_decref(request);
	if (!status && result_decode(result, json, "the result of the box", err, sizeof(err)))
		status = -EPROTO;
	json_decref(json);
	if (!status)
		host->failed = 0;
	else if (status == -EINTR)
		status = EXIT_INTERRUPTED;
	else if (err[0])
		status = fail_boot(host, boot, err, result);
	else
		status = fails(EXIT_ENVIRONMENT, "host %s: %s: %s", host->name, boot_name(boot),
			       strerror(-status));
	return status;
}

void hosts_release(struct hosts *hosts)
{
	size_t i;

	for (i = 0; i < hosts->count; i++)
		box_close(hosts->list[i].box);
	free(hosts->list);
	box_files_release(&hosts->files);
	record_release_texts(&hosts->config.arguments);
	record_release_texts(&hosts->config.environment);
	free((char *)hosts->config.directory);
	memset(hosts, 0, sizeof(*hosts));
}
