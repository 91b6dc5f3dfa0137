/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/fake-qemu/fake_box.h"

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/box/wire.h"
#include "lib/result.h"

static const char *mode;
static int work, text;

static int is(const char *name)
{
	return !strcmp(mode, name);
}

static void send_data(enum wire_type type, const void *data, size_t size)
{
	if (wire_send(work, type, data, size, UINT64_MAX))
		_exit(1);
}

static void send_text(enum wire_type type, const char *data)
{
	send_data(type, data, strlen(data));
}

static void send_json(enum wire_type type, json_t *json)
{
	char *data = json_dumps(json, JSON_COMPACT);

	send_text(type, data);
	free(data);
	json_decref(json);
}

static void say_hello(void)
{
	if (is("box-mumbles"))
		send_text(WIRE_READY, "{}");
	else
		send_json(WIRE_READY, json_pack("{s:s, s:s, s:s, s:i, s:i}", "kernel_release",
						"6.12-fake", "kernel_version", "#1", "cpu_model",
						"fake", "cpus", 1, "memory_bytes", 1 << 30));
}

static void send_result(json_int_t number, json_int_t seed)
{
	struct boot_result result;

	record_init(&boot_record, &result);
	result.schema_version = RESULT_SCHEMA_VERSION;
	record_set_text(&result.scenario, "tiny");
	record_set_text(&result.variant, "finalize");
	record_set_text(&result.cut, "finalize");
	result.method = RESULT_BALLOON;
	record_set_text(&result.reason, FAKE_BOX_REASON);
	result.accel = RESULT_KVM_IN_TCG;
	result.boot = number;
	result.seed = seed;
	result.status = BOOT_FAILED;
	result.memory_bytes = 256 << 20;
	result.vcpus = 1;
	result.ready_ns = 0;
	result.checks.ok = true;
	send_json(WIRE_RESULT, record_encode(&boot_record, &result));
	record_release(&boot_record, &result);
}

static void boot(const char *request)
{
	json_t *json = json_loads(request, 0, NULL);
	json_int_t number, seed;

	if (json_unpack(json, "{s:I, s:I}", "boot", &number, "seed", &seed))
		_exit(1);
	json_decref(json);
	if (is("box-dies"))
		_exit(0);
	send_text(WIRE_STEP, "boot");
	if (!is("box-unnamed"))
		send_text(WIRE_FILE, is("box-escapes") ? "../" FAKE_BOX_FILE : FAKE_BOX_FILE);
	send_data(WIRE_DATA, FAKE_BOX_TEXT, sizeof(FAKE_BOX_TEXT) - 1);
	if (is("box-hangs"))
		pause();
	if (is("box-garbles"))
		send_text(WIRE_RESULT, "{");
	else
		send_result(number, seed);
}

static void *serve(void *unused)
{
	struct wire_message message;

	if (is("box-ends")) {
		dprintf(text, "balloonbench: error: " FAKE_BOX_REASON "\n");
		usleep(300000); /* until that is read: it comes by another port */
		send_text(WIRE_END, "3");
		return unused;
	}
	say_hello();
	while (!wire_receive(work, &message, UINT64_MAX)) {
		if (message.type != WIRE_BOOT)
			_exit(1);
		boot(message.data);
		wire_release(&message);
	}
	wire_release(&message);
	return unused;
}

void fake_box_start(const char *fault, int work_fd, int text_fd)
{
	pthread_t thread;

	mode = fault;
	work = work_fd;
	text = text_fd;
	if (pthread_create(&thread, NULL, serve, NULL))
		_exit(1);
}
