/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tests/helpers/files.h"
#include "tests/helpers/unit.h"

#define NO_VALIDATOR 77

void assert_fits(const char *schema, const char *path)
{
	static const char check[] =
		"import json, sys\n"
		"try:\n    import jsonschema\nexcept ImportError:\n    sys.exit(77)\n"
		"jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))\n";
	char script[512], command[2048];
	int status;

	snprintf(script, sizeof(script), "%s", write_file(test_dir, "check.py", check));
	snprintf(command, sizeof(command), "python3 '%s' '%s/%s' '%s'", script, TEST_SOURCE, schema,
		 path);
	status = WEXITSTATUS(system(command));
	if (status == NO_VALIDATOR || status == 127)
		skip_test("python3-jsonschema is not installed; run make deps");
	assert_int_equal(status, 0);
}

void assert_fits_schema(const char *path)
{
	assert_fits("lib/result.schema.json", path);
}
