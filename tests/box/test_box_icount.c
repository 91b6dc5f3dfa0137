/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions of the whole stack, in a host that counts them. */
#include "tests/helpers/unit.h"

#include "tests/helpers/box.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

/* What a boot of huge took to inflate and to deflate. */
static void instructions_of(const char *tree, const char *boot, double counts[2])
{
	json_t *result = box_result(tree, boot);

	box_expect_ok(result);
	assert_above(number_of(item_of(result, "cycles", 0), "inflate.phases.host_discard_ns"), 0);
	assert_string_equal(text_of(result, "accel"), "kvm in icount");
	counts[0] = number_of(item_of(result, "cycles", 0), "inflate.duration_ns");
	counts[1] = number_of(item_of(result, "cycles", 0), "deflate.duration_ns");
	json_decref(result);
}

/* Of guest, QEMU and the host's kernel together; docs/hosts.md has how well. */
static void instructions_repeat(void **state)
{
	const char *run[] = { "run",	 "--suite", "box",	  "--host",  BOX_HOST,
			      "--accel", "icount",  "--scenario", BOX_SMOKE, "--variant",
			      "huge",	 "--boots", "2",	  "-o",	     in_test_dir("counted"),
			      NULL };
	double first[2], second[2];
	int i;

	(void)state;
	box_need();
	expect_outcome(run_program("balloonbench", run), 0, "accelerator: kvm in icount",
		       "M instructions", "2 boots ok");
	instructions_of("counted", "smoke/huge/boot-01", first);
	instructions_of("counted", "smoke/huge/boot-02", second);
	for (i = 0; i < 2; i++) {
		print_message("# %s: %.0f and %.0f instructions\n", i ? "deflate" : "inflate",
			      first[i], second[i]);
		assert_at_most(second[i], first[i] * 1.25);
		assert_at_least(second[i], first[i] / 1.25);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions_repeat),
	};

	return cmocka_run_group_tests(tests, box_set_up, test_dir_tear_down);
}
