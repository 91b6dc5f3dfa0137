/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of what was built: any text comes back as one line of an INI file. */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/build/registry.h"
#include "lib/ini_file.h"
#include "tests/helpers/files.h"

static char err[512], subject[512], section[64];

static int take(const struct ini_entry *e, void *context)
{
	(void)context;
	strncpy(section, e->section, sizeof(section) - 1);
	if (!strcmp(e->key, "subject"))
		strncpy(subject, e->value, sizeof(subject) - 1);
	return 0;
}

static const char *read_back(const char *text)
{
	const struct registry_value values[] = {
		{ "image", "/a/vmlinux" }, { "commit", NULL }, { "subject", text }, { NULL, NULL }
	};

	memset(subject, 0, sizeof(subject));
	assert_int_equal(registry_write("cut", "x", values, NULL, err, sizeof(err)), 0);
	if (ini_file_parse(in_test_dir("cuts/x.ini"), take, NULL, err, sizeof(err)))
		fail_msg("%s", err);
	assert_string_equal(section, "cut x");
	return subject;
}

static void any_subject(void **state)
{
	static const struct {
		const char *text, *read;
	} cases[] = {
		{ "balloon: a = b; c", "balloon: a = b; c" },
		{ "a ; b", "a , b" },
		{ "[cut y]", "[cut y]" },
		{ "# x", "# x" },
		{ "a\nimage = /etc/passwd", "a image = /etc/passwd" },
		{ "\x1b[2J", "[2J" },
		{ "\"quoted\"", "\"quoted\"" },
		{ "", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(read_back(cases[i].text), cases[i].read);
}

static void long_subject(void **state)
{
	char text[1000];
	const char *read;
	size_t i, n;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	n = strlen(read_back(text));
	assert_true(n > 150 && n < 200);
	/* No half of a character. */
	for (i = 0; i + 2 < sizeof(text); i += 2) {
		text[i] = '\xc3';
		text[i + 1] = '\xa4';
	}
	read = read_back(text);
	n = strlen(read);
	assert_true(n > 150 && n < 200);
	assert_int_equal((unsigned char)read[n - 1], 0xa4);
	memmove(text + 1, text, sizeof(text) - 2);
	text[0] = 'x';
	read = read_back(text);
	assert_int_equal((unsigned char)read[strlen(read) - 1], 0xa4);
}

static void long_path(void **state)
{
	struct registry_value values[] = { { "image", NULL }, { NULL, NULL } };
	char path[400];

	(void)state;
	memset(path, '/', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	values[0].value = path;
	assert_int_not_equal(registry_write("cut", "long", values, NULL, err, sizeof(err)), 0);
	assert_contains(err, "the path is too long");
	assert_int_not_equal(access(in_test_dir("cuts/long.ini"), F_OK), 0);
}

/* A kernel of the user is not ours to remove. */
static void removal_keeps_what_is_elsewhere(void **state)
{
	const struct registry_value values[] = { { "path", in_test_dir("mine/qemu") },
						 { NULL, NULL } };

	(void)state;
	write_file(test_dir, "mine/qemu", "");
	assert_int_equal(registry_write("qemu", "mine", values, NULL, err, sizeof(err)), 0);
	assert_int_equal(registry_remove("mine", NULL, err, sizeof(err)), 0);
	assert_int_not_equal(access(in_test_dir("qemus/mine.ini"), F_OK), 0);
	assert_int_equal(access(in_test_dir("mine/qemu"), F_OK), 0);
}

static void removal_keeps_what_the_checkout_uses(void **state)
{
	const struct registry_value values[] = {
		{ "image", in_test_dir("kernels/0123456789abcdef/vmlinux") }, { NULL, NULL }
	};
	char images[512];

	(void)state;
	write_file(test_dir, "kernels/0123456789abcdef/vmlinux", "");
	snprintf(images, sizeof(images), "[cut list]\nimage = %s\n", values[0].value);
	write_file(test_dir, "images.ini", images);
	assert_int_equal(registry_write("cut", "a", values, NULL, err, sizeof(err)), 0);
	assert_int_equal(registry_write("cut", "b", values, NULL, err, sizeof(err)), 0);
	assert_int_equal(registry_remove("a", NULL, err, sizeof(err)), 0);
	assert_int_equal(access(values[0].value, F_OK), 0);
	assert_int_equal(registry_remove("b", in_test_dir("images.ini"), err, sizeof(err)), 0);
	assert_int_equal(access(values[0].value, F_OK), 0);
	assert_int_equal(registry_write("cut", "b", values, NULL, err, sizeof(err)), 0);
	assert_int_equal(registry_remove("b", NULL, err, sizeof(err)), 0);
	assert_int_not_equal(access(values[0].value, F_OK), 0);
}

static int set_up(void **state)
{
	if (test_dir_set_up(state))
		return -1;
	return setenv("BALLOONBENCH_CACHE", test_dir, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_subject),
		cmocka_unit_test(long_subject),
		cmocka_unit_test(long_path),
		cmocka_unit_test(removal_keeps_what_is_elsewhere),
		cmocka_unit_test(removal_keeps_what_the_checkout_uses),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}
