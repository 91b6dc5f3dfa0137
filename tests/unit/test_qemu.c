/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/vm/qemu.h"
#include "lib/clock.h"
#include "tests/helpers/files.h"

static struct qemu_config make_config(const char *binary)
{
	return (struct qemu_config){
		.binary = binary,
		.image = "/boot/vm linux",
		.initramfs = "/boot/initramfs",
		.accel = RESULT_TCG,
		.memory_bytes = 512ULL << 20,
		.vcpus = 2,
		.thp = true,
		.directory = test_dir,
	};
}

/* A script that stands in for QEMU. */
static const char *make_script(const char *name, const char *body)
{
	static char path[256];
	char text[1024];

	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", body);
	snprintf(path, sizeof(path), "%s", write_file(test_dir, name, text));
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

static char *join(char **argv)
{
	static char line[4096];
	size_t n = 0;

	line[0] = '\0';
	for (; *argv; argv++)
		n += snprintf(line + n, sizeof(line) - n, "%s ", *argv);
	return line;
}

static void expect_argument(struct qemu_config config, const char *wanted)
{
	char **argv = qemu_argv(&config);

	assert_non_null(argv);
	if (!strstr(join(argv), wanted))
		fail_msg("no '%s' in: %s", wanted, join(argv));
	qemu_argv_free(argv);
}

static void command_lines(void **state)
{
	struct qemu_config config = make_config("qemu");

	(void)state;
	expect_argument(config, "-accel tcg,thread=multi");
	expect_argument(config, "-m 512M");
	expect_argument(config, "-smp 2");
	expect_argument(config, "memory-backend-ram,id=ram,size=512M");
	expect_argument(config, "socket,id=qmp,fd=3");
	expect_argument(config, "socket,id=guest,fd=4");
	expect_argument(config, "virtio-balloon-pci,id=balloon0 ");
	config.accel = RESULT_KVM;
	expect_argument(config, "-accel kvm -cpu host");
	config.accel = RESULT_ICOUNT;
	expect_argument(config, "-icount shift=0,sleep=off");
	config.backing = BACKING_MEMFD;
	expect_argument(config, "memory-backend-memfd,id=ram,size=512M,share=on ");
	config.backing = BACKING_HUGETLB;
	expect_argument(config, "hugetlb=on,hugetlbsize=2M");
	config.device_properties = "deflate-on-oom=on";
	expect_argument(config, "virtio-balloon-pci,id=balloon0,deflate-on-oom=on ");
	config.balloon_in_cpu = true;
	expect_argument(config, "virtio-balloon-pci,id=balloon0,ioeventfd=off,deflate-on-oom=on ");
	config.device_properties = NULL;
	expect_argument(config, "virtio-balloon-pci,id=balloon0,ioeventfd=off ");
	config.reports_free_pages = true;
	expect_argument(config,
			"virtio-balloon-pci,id=balloon0,ioeventfd=off,free-page-reporting=on ");
}

/* The memory that a device plugs is apart, in whole memory blocks of the guest's. */
static void pluggable_memory(void **state)
{
	struct qemu_config config = make_config("qemu");

	(void)state;
	config.plugged_bytes = 200ULL << 20;
	expect_argument(config, "-m 312M,maxmem=568M");
	expect_argument(config, "memory-backend-ram,id=ram,size=312M");
	expect_argument(config, "memory-backend-ram,id=plugged,size=256M");
	expect_argument(config, "virtio-mem-pci,id=mem0,memdev=plugged,requested-size=200M ");
	expect_argument(config, "memhp_default_state=online_movable");
	config.device_properties = "dynamic-memslots=on";
	config.prealloc = true;
	expect_argument(config, "id=ram,size=312M,prealloc=on ");
	expect_argument(config, "id=plugged,size=256M ");
	expect_argument(config, "requested-size=200M,prealloc=on,dynamic-memslots=on ");
	config.backing = BACKING_MEMFD;
	expect_argument(config, "memory-backend-memfd,id=plugged,size=256M,share=on ");
}

/* All that the kernel goes by when it looks for VMware. */
static void machine_of_vmware(void **state)
{
	struct qemu_config config = make_config("qemu");

	(void)state;
	config.method = RESULT_VMWARE;
	expect_argument(config, "memory-backend=ram,vmport=on ");
	expect_argument(config, "-smbios type=1,serial=VMware ");
	expect_argument(config, "-cpu qemu64,hypervisor=off ");
	expect_argument(config, "-device vmware-balloon,id=balloon0 ");
	expect_argument(config, " BALLOONGUEST_METHOD=vmware ");
	config.accel = RESULT_KVM;
	expect_argument(config, "-cpu host,hypervisor=off ");
	config.device_properties = "huge-pages=on";
	expect_argument(config, "-device vmware-balloon,id=balloon0,huge-pages=on ");
}

/* By the device's own word; one that says nothing has nothing, and keeps nobody waiting. */
static void properties_are_asked_for(void **state)
{
	const char *qemu = make_script("new", "[ \"$*\" = \"-device virtio-balloon-pci,help\" ] && "
					      "echo '  ioeventfd=<bool> - on/off'");

	(void)state;
	assert_true(qemu_balloon_has(qemu, "ioeventfd"));
	assert_true(qemu_balloon_has(qemu, "ioeventfd"));
	assert_false(qemu_balloon_has(qemu, "eventfd"));
	assert_false(qemu_balloon_has(make_script("old", "echo '  disable-legacy=<bool>'"),
				      "ioeventfd"));
	assert_false(qemu_balloon_has(make_script("silent", "exec sleep 600"), "ioeventfd"));
	assert_false(qemu_balloon_has("/nowhere/qemu", "ioeventfd"));
	qemu = make_script("two", "case $2 in vmware-*) echo '  batches=<bool> - on/off' ;; "
				  "*) echo '  ioeventfd=<bool> - on/off' ;; esac");
	assert_true(qemu_device_has(qemu, QEMU_VMWARE_BALLOON, "batches"));
	assert_false(qemu_device_has(qemu, QEMU_BALLOON, "batches"));
	assert_true(qemu_balloon_has(qemu, "ioeventfd"));
}

static void script_can_be_read_by_a_shell(void **state)
{
	struct qemu_config config = make_config("/usr/bin/it's qemu");
	char path[256], command[300], *text;

	(void)state;
	snprintf(path, sizeof(path), "%s/cmd.sh", test_dir);
	assert_int_equal(qemu_write_script(&config, path), 0);
	snprintf(command, sizeof(command), "sh -n %s", path);
	assert_int_equal(system(command), 0);
	text = read_file(path);
	assert_non_null(strstr(text, "'/usr/bin/it'\\''s qemu'"));
	assert_non_null(strstr(text, "'/boot/vm linux'"));
	free(text);
	assert_int_equal(access(path, X_OK), 0);
}

/* QEMU gets the archives of the agent and of the modules as one file, which is made once. */
static void modules_follow_the_initramfs(void **state)
{
	struct qemu_config config;
	struct qemu qemu;
	char text[64], *joined;
	int i;

	(void)state;
	config = make_config(make_script("copy", "while [ \"$1\" != -initrd ]; do shift; done\n"
						 "exec tr '\\0' . <\"$2\""));
	config.modules = "modules.cpio";
	config.initramfs = "agent.cpio";
	assert_int_equal(chdir(test_dir), 0);
	assert_int_equal(qemu_spawn(&qemu, &config), -ENOENT);
	unlink("qemu.log");
	for (i = 0; i < 2; i++) {
		write_file(test_dir, "agent.cpio", i ? "rebuilt" : "agent");
		write_file(test_dir, "modules.cpio", "modules!");
		assert_int_equal(qemu_spawn(&qemu, &config), 0);
		assert_int_equal(qemu_wait(&qemu, deadline_in_ms(5000)), 0);
		assert_string_equal(qemu_ending(&qemu, text, sizeof(text)), "exit status 0");
		joined = read_file("qemu.log");
		assert_string_equal(joined, i ? "rebuilt.modules!" : "agent...modules!");
		free(joined);
		unlink("qemu.log");
		qemu_kill(&qemu);
	}
	/* By hand: from the two files. */
	assert_int_equal(qemu_write_script(&config, "cmd.sh"), 0);
	joined = read_file("cmd.sh");
	assert_contains(joined,
			"cat \\\n\t'agent.cpio' \\\n\t'modules.cpio' >initramfs.cpio || exit\n");
	assert_contains(joined, "'-initrd' \\\n\t'initramfs.cpio'");
	free(joined);
}

static void a_missing_binary(void **state)
{
	struct qemu_config config = make_config("/nowhere/qemu");
	struct qemu qemu;

	(void)state;
	assert_int_equal(qemu_spawn(&qemu, &config), -ENOENT);
	assert_int_equal(qemu.pid, 0);
}

static void an_early_end(void **state)
{
	struct qemu_config config;
	char text[64], log[300], *content;
	struct qemu qemu;

	(void)state;
	config = make_config(make_script("early", "echo no such machine >&2; exit 3"));
	assert_int_equal(qemu_spawn(&qemu, &config), 0);
	assert_int_equal(qemu_wait(&qemu, deadline_in_ms(5000)), 0);
	assert_string_equal(qemu_ending(&qemu, text, sizeof(text)), "exit status 3");
	snprintf(log, sizeof(log), "%s/qemu.log", test_dir);
	content = read_file(log);
	assert_non_null(strstr(content, "no such machine"));
	free(content);
	qemu_kill(&qemu);
}

static void a_stubborn_one_is_killed(void **state)
{
	struct qemu_config config;
	struct qemu qemu;
	char text[64];
	pid_t pid;

	(void)state;
	config = make_config(
		make_script("stubborn", "trap '' TERM INT HUP; while :; do sleep 1; done"));
	assert_int_equal(qemu_spawn(&qemu, &config), 0);
	pid = qemu.pid;
	assert_int_equal(qemu_wait(&qemu, deadline_in_ms(50)), -ETIMEDOUT);
	qemu_kill(&qemu);
	assert_non_null(strstr(qemu_ending(&qemu, text, sizeof(text)), "signal 9"));
	assert_int_equal(kill(pid, 0), -1);
	qemu_kill(&qemu);
}

/* Whatever becomes of us, QEMU does not stay behind. */
static void it_dies_with_its_parent(void **state)
{
	struct qemu_config config;
	int fds[2], tries;
	pid_t child, pid;
	char state_of = 'R';

	(void)state;
	config = make_config(make_script("orphan", "while :; do sleep 1; done"));
	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (!child) {
		struct qemu qemu;

		if (qemu_spawn(&qemu, &config) ||
		    write(fds[1], &qemu.pid, sizeof(pid)) != sizeof(pid))
			_exit(1);
		pause();
	}
	assert_int_equal(read(fds[0], &pid, sizeof(pid)), sizeof(pid));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	for (tries = 0; tries < 500 && state_of != 'Z' && !kill(pid, 0); tries++) {
		char path[64], *text;

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		text = read_file(path);
		state_of = text && strchr(text, ')') ? strchr(text, ')')[2] : 'Z';
		free(text);
		usleep(10000);
	}
	assert_true(tries < 500);
}

/* The directory is named by a descriptor, whose number may be one that QEMU gets for another. */
static void it_may_write_its_console(void **state)
{
	struct qemu_config config =
		make_config(make_script("writer", "echo written >/proc/self/fd/6/console.log"));
	char directory[32];
	struct qemu qemu;
	int at;

	(void)state;
	for (at = 3; at < 12; at++) {
		int fd = open(test_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		int kept = fcntl(at, F_DUPFD_CLOEXEC, 32);

		assert_int_equal(dup3(fd, at, O_CLOEXEC), fd == at ? -1 : at);
		snprintf(directory, sizeof(directory), "/proc/self/fd/%d", at);
		config.directory = directory;
		assert_int_equal(qemu_spawn(&qemu, &config), 0);
		assert_int_equal(qemu_wait(&qemu, deadline_in_ms(10000)), 0);
		if (qemu.wait_status)
			fail_msg("with its directory at %d: status %d", at, qemu.wait_status);
		qemu_kill(&qemu);
		if (fd != at)
			close(fd);
		close(at);
		if (kept >= 0) {
			dup3(kept, at, O_CLOEXEC);
			close(kept);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_lines),
		cmocka_unit_test(pluggable_memory),
		cmocka_unit_test(machine_of_vmware),
		cmocka_unit_test(properties_are_asked_for),
		cmocka_unit_test(script_can_be_read_by_a_shell),
		cmocka_unit_test(modules_follow_the_initramfs),
		cmocka_unit_test(a_missing_binary),
		cmocka_unit_test(an_early_end),
		cmocka_unit_test(a_stubborn_one_is_killed),
		cmocka_unit_test(it_may_write_its_console),
		cmocka_unit_test(it_dies_with_its_parent),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}
