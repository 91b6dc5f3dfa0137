/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/hostile_tree.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/helpers/files.h"
#include "tests/helpers/result_builder.h"

#define BYTES (1LL << 30)
#define SCRIPT "<script>document.title = 'owned'; alert(1)</script>"
#define IMAGE "![p](http://192.0.2.1/p.png)"

const char *const hostile_variants[HOSTILE_VARIANTS] = {
	"plain",
	SCRIPT,
	"\"><img src=x onerror=\"document.title='owned'\">",
};

static void write_json(const char *dir, const char *name, json_t *value)
{
	char *text = json_dumps(value, 0);

	if (!text)
		abort();
	write_file(dir, name, text);
	free(text);
	json_decref(value);
}

static void add_boot(const char *dir, int variant, int number, enum boot_status status, int ms)
{
	struct boot_result boot =
		build_boot("idle</title>" SCRIPT, hostile_variants[variant], number, ms);
	char name[128];

	boot.status = status;
	record_set_text(&boot.reason,
			"</li></ul><iframe src=\"http://192.0.2.1/\"></iframe>" IMAGE);
	record_set_text(&boot.qemu_version, "<svg onload=alert(1)>");
	snprintf(name, sizeof(name), "idle/v%d/boot-%02d/result.json", variant, number);
	write_json(dir, name, record_encode(&boot_record, &boot));
	record_release(&boot_record, &boot);
}

static json_t *make_plan(void)
{
	json_t *variants = json_array();
	int i;

	for (i = 0; i < HOSTILE_VARIANTS; i++)
		json_array_append_new(variants, json_pack("{s:s}", "name", hostile_variants[i]));
	return json_pack("{s:i, s:i, s:i, s:[{s:s, s:I, s:I, s:i, s:i, s:f, s:b, s:s, s:s}], s:o}",
			 "schema_version", RESULT_SCHEMA_VERSION, "seed", 42, "boots",
			 HOSTILE_BOOTS, "scenarios", "name", "idle</title>" SCRIPT, "memory_bytes",
			 (json_int_t)BYTES * 2, "inflate_bytes", (json_int_t)BYTES, "vcpus", 2,
			 "cycles", 1, "scale", 1.0, "thp", 1, "backing",
			 "anonymous\n\n" SCRIPT "\n\n" IMAGE "\n\n", "description",
			 "[x](javascript:alert(1)) " IMAGE " <a href=\"javascript:alert(1)\">",
			 "variants", variants);
}

void hostile_tree_make(const char *dir)
{
	int variant, boot;

	for (variant = 0; variant < HOSTILE_VARIANTS; variant++)
		for (boot = 1; boot <= HOSTILE_BOOTS; boot++)
			add_boot(dir, variant, boot, BOOT_OK, 100 - 40 * variant + boot);
	add_boot(dir, 1, HOSTILE_BOOTS + 1, BOOT_FAILED, 1);
	write_json(dir, "plan.json", make_plan());
	write_json(dir, "env.json",
		   json_pack("{s:i, s:s, s:s, s:{s:s, s:s}}", "schema_version",
			     RESULT_SCHEMA_VERSION, "command",
			     "balloonbench run </code></pre>" SCRIPT, "accel_reason",
			     "| | <style>*{display:none}</style>", "host", "cpu_model",
			     "<base href=\"http://192.0.2.1/\">", "kernel_release", SCRIPT));
}
