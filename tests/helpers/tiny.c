/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/tiny.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

char tiny[256];

int tiny_set_up(void **state, const char *text)
{
	char fake[512];

	if (test_dir_set_up(state))
		return -1;
	snprintf(fake, sizeof(fake), "%s", build_path("tests/helpers/fake-qemu/fake-qemu"));
	snprintf(tiny, sizeof(tiny), "%s", write_file(test_dir, "tiny.ini", text));
	setenv("QEMU", fake, 1);
	setenv("FAKE_QEMU", "good", 1);
	return 0;
}
