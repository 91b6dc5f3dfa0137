/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/run/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/box/wire.h"
#include "bench/run/run.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/record_table.h"

/* The outer one has the deadlines: a clock that counts instructions runs ahead while it waits. */
#define NO_DEADLINE UINT64_MAX
#define CHUNK (64U << 10)

#define S struct inside
static RECORD(inside_record, "inside", NULL,
	FIELD(CHOICE, accel, .required = true, .choices = accel_names, .doc = "an accelerator"),
	FIELD(COUNT, seed, .required = true), FIELD(COUNT, memory_limit, .required = true));
#undef S

char *inside_text(const struct inside *inside)
{
	json_t *json = record_encode(&inside_record, inside);
	char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	return text;
}

const struct inside *inside_box(void)
{
	static struct inside inside;
	static bool read;
	const char *text = getenv(INSIDE_VARIABLE);
	char err[256];
	json_t *json;

	if (!text || read)
		return text ? &inside : NULL;
	json = json_loads(text, 0, NULL);
	if (!json ||
	    record_decode(&inside_record, json, &inside, INSIDE_VARIABLE, err, sizeof(err)))
		text = NULL;
	json_decref(json);
	read = text != NULL;
	return read ? &inside : NULL;
}

static int send_text(enum wire_type type, const char *text)
{
	return wire_send(GUEST_WORK_FD, type, text, strlen(text), NO_DEADLINE);
}

static int send_json(enum wire_type type, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	int err = send_text(type, text);

	free(text);
	json_decref(json);
	return err;
}

static int say_hello(void)
{
	struct box_hello hello;
	struct utsname uts;
	char model[256];

	uname(&uts);
	host_file_value("/proc/cpuinfo", "model name", "\t: ", model, sizeof(model));
	hello = (struct box_hello){
		.kernel_release = uts.release,
		.kernel_version = uts.version,
		.cpu_model = model,
		.cpus = sysconf(_SC_NPROCESSORS_ONLN),
		.memory_bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE),
	};
	return send_json(WIRE_READY, record_encode(&box_hello_record, &hello));
}

static void send_step(const char *what, void *context)
{
	(void)context;
	send_text(WIRE_STEP, what);
}

static int send_file(const char *directory, const char *name)
{
	static char chunk[CHUNK];
	char path[PATH_MAX];
	FILE *file;
	size_t n;
	int err;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	file = fopen(path, "re");
	if (!file)
		return -errno;
	err = send_text(WIRE_FILE, name);
	while (!err && (n = fread(chunk, 1, sizeof(chunk), file)))
		err = wire_send(GUEST_WORK_FD, WIRE_DATA, chunk, n, NO_DEADLINE);
	fclose(file);
	return err;
}

/* All that the boot has written. */
static int send_files(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	int err = dir ? 0 : -errno;

	while (!err && (entry = readdir(dir)))
		if (entry->d_type == DT_REG)
			err = send_file(directory, entry->d_name);
	if (dir)
		closedir(dir);
	return err;
}

static int send_result(const char *directory, struct boot_result *result)
{
	struct utsname uts;
	int err = send_files(directory);

	uname(&uts);
	record_set_text(&result->host_kernel_release, uts.release);
	return err ? err : send_json(WIRE_RESULT, record_encode(&boot_record, result));
}

/* Run a boot of the plan; an error is that of the port. */
static int run_boot(struct session *s, const struct plan_entry *entry)
{
	struct boot boot = session_boot(s, entry);
	struct scenario scenario = *boot.scenario;
	struct boot_result result;
	char directory[PATH_MAX], text[16];
	int err = private_directory(directory, sizeof(directory), "balloonbench");

	record_init(&boot_record, &result);
	scenario.boot_timeout_ns *= INSIDE_BOOT_SLOWNESS;
	boot.scenario = &scenario;
	boot.directory = directory;
	boot.name = boot_name(&boot);
	boot.progress = send_step;
	if (!err)
		err = boot_run(&boot, &result);
	snprintf(text, sizeof(text), "%d", err);
	err = err ? send_text(WIRE_ERROR, text) : send_result(directory, &result);
	directory_remove(directory);
	record_release(&boot_record, &result);
	return err;
}

static int serve(struct session *s)
{
	struct wire_message message;
	struct plan_entry entry;
	json_t *json;
	int err = 0;

	while (!err) {
		err = wire_receive(GUEST_WORK_FD, &message, NO_DEADLINE);
		json = err ? NULL : json_loads(message.data, 0, NULL);
		if (!err && (message.type != WIRE_BOOT || plan_entry_from_json(&entry, json)))
			err = -EBADMSG;
		if (!err)
			err = run_boot(s, &entry);
		json_decref(json);
		wire_release(&message);
	}
	return err;
}

int inside_serve(struct session *s)
{
	int err;

	/* What the resolution warns of, the outer one has said. */
	log_setup(s->line->argv[0], s->options.quiet ? LOG_ERROR : LOG_WARN);
	err = say_hello();

	if (!err)
		err = serve(s);
	if (err == -EINTR)
		return EXIT_INTERRUPTED;
	return err == -ECONNRESET ? EXIT_FINE
				  : fails(EXIT_ENVIRONMENT, "in the box: %s", strerror(-err));
}

void inside_end(int status)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", status);
	send_text(WIRE_END, text);
}
