/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x-batch-discard in a real guest: the driver is not changed, all counts agree, and the host
 * advises its kernel once for each buffer.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>

#include "lib/result.h"
#include "tests/helpers/files.h"
#include "tests/helpers/process_madvise.h"
#include "tests/helpers/program.h"

#define INFLATE_BYTES (384LL << 20)
#define BUFFERS (INFLATE_BYTES / 4096 / 256)
/* QEMU may give back memory of its own meanwhile. */
#define OTHER_CALLS 16

static void check_host(const struct host_work *host)
{
	assert_int_equal(host->discard_bytes, INFLATE_BYTES);
	assert_in_range(host->discard_calls, BUFFERS, BUFFERS + OTHER_CALLS);
}

static void check_boot(const char *out, const char *variant)
{
	struct boot_result result;
	const struct check *check;
	char path[512], err[512];
	json_t *json;
	size_t i;

	print_message("# %s\n", variant);
	snprintf(path, sizeof(path), "%s/smoke/%s/boot-01/result.json", out, variant);
	json = json_load_file(path, 0, NULL);
	if (result_decode(&result, json, path, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(result.status, BOOT_OK);
	for (i = 0; i < result.checks.each.count; i++) {
		check = (const struct check *)result.checks.each.items + i;
		if (check->unit == CHECK_PAGES)
			assert_int_equal(check->least, check->most);
	}
	check_host(&result_cycle(&result, 0)->inflate.host);
	assert_int_equal(result_cycle(&result, 0)->inflate.kicks, BUFFERS);
	record_release(&boot_record, &result);
	json_decref(json);
}

/* By the batches of QEMU's own trace event, and by the kernel's tracepoints. */
static void one_call_for_a_buffer(void **state)
{
	char out[256];
	const char *run[] = { "run",
			      "--scenario",
			      "smoke",
			      "--variant",
			      "batch-discard",
			      "--variant",
			      "batch-discard+pages=1",
			      "--boots",
			      "1",
			      "--accel",
			      "tcg",
			      "-o",
			      out,
			      NULL };
	struct outcome outcome;

	(void)state;
	need_process_madvise();
	snprintf(out, sizeof(out), "%s/out", test_dir);
	outcome = run_program("balloonbench", run);
	if (outcome.status)
		fail_msg("%s", outcome.output);
	outcome_release(&outcome);
	check_boot(out, "batch-discard");
	check_boot(out, "batch-discard+pages=1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_call_for_a_buffer),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
