/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a host in a box is made of: the messages between inside and outside, and the archive with
 * the files of the program that runs in it.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/box/box_files.h"
#include "bench/box/wire.h"
#include "bench/run/plan.h"
#include "lib/clock.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

static int ends[2];

static int connect_ends(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

static int close_ends(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static void a_message_arrives_as_it_was_sent(void **state)
{
	static const char data[] = "a\0b\n{}";
	struct wire_message message;

	(void)state;
	assert_int_equal(wire_send(ends[0], WIRE_DATA, data, sizeof(data), deadline_in_ms(1000)),
			 0);
	assert_int_equal(wire_send(ends[0], WIRE_STEP, "", 0, deadline_in_ms(1000)), 0);
	assert_int_equal(wire_receive(ends[1], &message, deadline_in_ms(1000)), 0);
	assert_int_equal(message.type, WIRE_DATA);
	assert_int_equal(message.size, sizeof(data));
	assert_memory_equal(message.data, data, sizeof(data));
	wire_release(&message);
	assert_int_equal(wire_receive(ends[1], &message, deadline_in_ms(1000)), 0);
	assert_int_equal(message.type, WIRE_STEP);
	assert_string_equal(message.data, "");
	wire_release(&message);
}

/* A message that ends in the middle, one that never comes, and one that is too long. */
static void a_broken_message_is_an_error(void **state)
{
	struct wire_message message;

	(void)state;
	assert_int_equal(wire_receive(ends[1], &message, deadline_in_ms(10)), -ETIMEDOUT);
	wire_release(&message);
	assert_int_equal(write(ends[0], "o\xff\xff\xff\xff", 5), 5);
	assert_int_equal(wire_receive(ends[1], &message, deadline_in_ms(1000)), -EMSGSIZE);
	wire_release(&message);
	assert_int_equal(write(ends[0], "o\x08\0\0\0half", 9), 9);
	shutdown(ends[0], SHUT_WR);
	assert_int_equal(wire_receive(ends[1], &message, deadline_in_ms(1000)), -ECONNRESET);
	wire_release(&message);
	assert_int_equal(wire_send(ends[0], WIRE_DATA, "", WIRE_MAX + 1, deadline_in_ms(1000)),
			 -EMSGSIZE);
}

static void a_boot_is_asked_for_by_its_place_in_the_plan(void **state)
{
	const struct plan_entry entry = {
		.scenario = 3, .variant = 1, .boot = 7, .build = 2, .seed = 1ULL << 62
	};
	struct plan_entry read;
	json_t *json = plan_entry_to_json(&entry);

	(void)state;
	assert_int_equal(plan_entry_from_json(&read, json), 0);
	assert_int_equal(read.scenario, 3);
	assert_int_equal(read.variant, 1);
	assert_int_equal(read.boot, 7);
	assert_int_equal(read.build, 2);
	assert_true(read.seed == entry.seed);
	json_object_del(json, "seed");
	assert_int_equal(plan_entry_from_json(&read, json), -EINVAL);
	json_decref(json);
}

static void write_archive(int fd, const char *name)
{
	char buffer[65536];
	FILE *file = fopen(in_test_dir(name), "we");
	ssize_t n;

	assert_non_null(file);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		fwrite(buffer, 1, n, file);
	assert_int_equal(fclose(file), 0);
	close(fd);
}

static void expect_shell(const char *command)
{
	struct outcome outcome = run_shell("cd '%s' && %s", test_dir, command);

	if (outcome.status)
		fail_msg("%s: %s", command, outcome.output);
	outcome_release(&outcome);
}

/* By the same paths, programs as programs with their libraries, after the archives before. */
static void the_archive_has_each_file_by_its_path(void **state)
{
	struct box_files files = { { NULL, 0 }, { NULL, 0 } };
	const char *const first[] = { in_test_dir("first.cpio"), NULL };
	char path[512];
	int fd;

	(void)state;
	expect_shell("mkdir -p a/b && echo one >a/b/one.ini && echo two >a/b/two.ini && "
		     "echo no >a/b/no.txt && ln -s b a/link && echo init >init && "
		     "echo init | cpio --quiet -o -H newc >first.cpio");
	box_files_add(&files, in_test_dir("a/link/one.ini"));
	box_files_add(&files, in_test_dir("a/b/missing"));
	box_files_add_all(&files, in_test_dir("a/b"), "*.ini");
	box_files_add_directory(&files, "/empty/below");
	assert_int_equal(box_files_add_program(&files, "/bin/cat"), 0);
	fd = box_files_pack(&files, first, path, sizeof(path));
	assert_true(fd >= 0);
	write_archive(fd, "all.cpio");
	expect_shell("mkdir out && cd out && cpio -i --quiet -d --no-absolute-filenames "
		     "<../first.cpio && tail -c +$(($(stat -c %s ../first.cpio) + 1)) "
		     "../all.cpio | cpio -i --quiet -d && cmp init ../init");
	expect_shell("here=out$(realpath .) && [ \"$(cat $here/a/link/one.ini)\" = one ] && "
		     "[ \"$(cat $here/a/b/two.ini)\" = two ] && ! [ -e $here/a/b/no.txt ] && "
		     "[ -d out/empty/below ] && [ -x out$(realpath /bin/cat) ] && "
		     "find out -name 'libc.so.6' | grep -q .");
	box_files_release(&files);
}

static void a_file_that_goes_away_is_named(void **state)
{
	struct box_files files = { { NULL, 0 }, { NULL, 0 } };
	const char *const first[] = { NULL, NULL };
	char path[512];

	(void)state;
	write_file(test_dir, "gone", "x");
	box_files_add(&files, in_test_dir("gone"));
	assert_int_equal(unlink(in_test_dir("gone")), 0);
	assert_int_equal(box_files_pack(&files, first, path, sizeof(path)), -ENOENT);
	assert_string_equal(path, in_test_dir("gone"));
	box_files_release(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_message_arrives_as_it_was_sent, connect_ends,
						close_ends),
		cmocka_unit_test_setup_teardown(a_broken_message_is_an_error, connect_ends,
						close_ends),
		cmocka_unit_test(a_boot_is_asked_for_by_its_place_in_the_plan),
		cmocka_unit_test(the_archive_has_each_file_by_its_path),
		cmocka_unit_test(a_file_that_goes_away_is_named),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
