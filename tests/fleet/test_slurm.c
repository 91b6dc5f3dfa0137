/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench submit with a Slurm of its own: munged, slurmctld and a slurmd for each of two nodes
 * on this machine, all below the test's directory. A node dies in the middle, and a task nears its
 * time limit: no finished boot is lost or run twice, and the merged tree has all of the plan. The
 * fake QEMU says hello after a second and a half.
 */
#include "tests/helpers/unit.h"

#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/tiny.h"

#define NODES 2
/* Of four variants each, in two shards. */
#define BOOTS 4
#define VARIANTS 4

static bool is_up;

static const char *const programs[] = { "/usr/sbin/munged", "/usr/sbin/slurmctld",
					"/usr/sbin/slurmd", "/usr/bin/sbatch", NULL };

/* The first program that is missing, or NULL. */
static const char *missing_program(void)
{
	const char *const *program;

	for (program = programs; *program; program++)
		if (access(*program, X_OK))
			break;
	return *program;
}

/* Nodes on one machine differ in their port; a requeued job may start after 5 s, not 2 min. */
static const char configuration[] =
	"ClusterName=test\n"
	"SlurmctldHost=%1$s(127.0.0.1)\n"
	"SlurmctldPort=%2$d\n"
	"SlurmUser=%3$s\n"
	"SlurmdUser=%3$s\n"
	"AuthType=auth/munge\n"
	"AuthInfo=socket=%4$s/munge.socket,cred_expire=5\n"
	"StateSaveLocation=%4$s/state\n"
	"SlurmdSpoolDir=%4$s/%%n\n"
	"SlurmctldPidFile=%4$s/slurmctld.pid\n"
	"SlurmdPidFile=%4$s/slurmd.%%n.pid\n"
	"SlurmctldLogFile=%4$s/slurmctld.log\n"
	"SlurmdLogFile=%4$s/slurmd.%%n.log\n"
	"ProctrackType=proctrack/linuxproc\n"
	"TaskPlugin=task/none\n"
	"JobAcctGatherType=jobacct_gather/none\n"
	"SelectType=select/cons_tres\n"
	"SelectTypeParameters=CR_Core\n"
	"SchedulerParameters=sched_interval=1,bf_interval=1\n"
	"MpiDefault=none\n"
	"ReturnToService=2\n"
	"KillWait=5\n"
	"NodeName=n1 NodeHostname=%1$s NodeAddr=127.0.0.1 Port=%5$d CPUs=1 RealMemory=256\n"
	"NodeName=n2 NodeHostname=%1$s NodeAddr=127.0.0.1 Port=%6$d CPUs=1 RealMemory=256\n"
	"PartitionName=test Nodes=n1,n2 Default=YES State=UP\n";

static void write_configuration(void)
{
	const int port = 20000 + getpid() % 10000 * 3;
	char text[4096];
	struct utsname uts;

	uname(&uts);
	uts.nodename[strcspn(uts.nodename, ".")] = '\0';
	snprintf(text, sizeof(text), configuration, uts.nodename, port,
		 getpwuid(geteuid())->pw_name, test_dir, port + 1, port + 2);
	setenv("SLURM_CONF", write_file(test_dir, "slurm.conf", text), 1);
}

static void expect_shell(const char *what, struct outcome outcome)
{
	if (outcome.status)
		fail_msg("%s: status %d: %s", what, outcome.status, outcome.output);
	outcome_release(&outcome);
}

static void start_node(int node)
{
	expect_shell("slurmd", run_shell("/usr/sbin/slurmd -N n%d -f '%s/slurm.conf'", node,
					 test_dir));
}

static bool nodes_are_idle(void)
{
	struct outcome outcome = run_shell("sinfo -h -t idle -o %%D 2>/dev/null");
	bool idle = atoi(outcome.output) == NODES;

	outcome_release(&outcome);
	return idle;
}

/* False where Slurm does not come up here. */
static bool start_cluster(void)
{
	struct outcome outcome;
	int i;

	write_configuration();
	outcome = run_shell(
		"cd '%s' && mkdir state n1 n2 && head -c 1024 /dev/urandom >munge.key && "
		"chmod 400 munge.key && /usr/sbin/munged --force --key-file=$PWD/munge.key "
		"--socket=$PWD/munge.socket --pid-file=$PWD/munged.pid --log-file=$PWD/munged.log "
		"--seed-file=$PWD/munge.seed && /usr/sbin/slurmctld -f $PWD/slurm.conf",
		test_dir);
	i = outcome.status;
	outcome_release(&outcome);
	if (i)
		return false;
	for (i = 1; i <= NODES; i++)
		start_node(i);
	for (i = 0; i < 40 && !nodes_are_idle(); i++)
		usleep(500000);
	return i < 40;
}

/* A second QEMU, so that the plan is two kernels by two QEMUs. */
static void register_qemu(void)
{
	char text[512];

	snprintf(text, sizeof(text), "[qemu second]\npath = %s\nversion = 2\n", getenv("QEMU"));
	write_file(in_test_dir("cache/qemus"), "second.ini", text);
	setenv("BALLOONBENCH_CACHE", in_test_dir("cache"), 1);
}

static int set_up(void **state)
{
	if (tiny_set_up(state, TINY_WITHIN("20 s", "5 s")))
		return -1;
	setenv("FAKE_QEMU", "late-hello", 1);
	register_qemu();
	is_up = !missing_program() && start_cluster();
	return 0;
}

static int tear_down(void **state)
{
	struct outcome outcome = run_shell(
		"cd '%s' && { squeue -h -o %%A | xargs -r scancel; sleep 1; "
		"for f in slurmd.n1.pid slurmd.n2.pid slurmctld.pid munged.pid; do "
		"[ ! -e $f ] || { pid=$(cat $f); kill $pid; "
		"for i in $(seq 100); do kill -0 $pid 2>/dev/null || break; sleep 0.1; done; }; "
		"done; } 2>/dev/null",
		test_dir);

	outcome_release(&outcome);
	return test_dir_tear_down(state);
}

static void need_slurm(void)
{
	const char *missing = missing_program();

	if (missing)
		skip_test("no %s: `scripts/deps scripts/packages-fleet` installs Slurm", missing);
	if (!is_up)
		skip_test("Slurm does not start here: see tests/fleet/test_slurm.c");
}

static void submit(const char *tree)
{
	const char *const args[] = {
		"submit",    "--shards", "2",	      "--slurm",   "--cpus-per-task=1",
		"--",	     "--accel",	 "tcg",	      "--trace",   "off",
		"--scenario", tiny,	 "--variant", "list",	   "--variant",
		"finalize",  "--variant", "list@second", "--variant", "finalize@second",
		"--boots",   "4",	 "--seed",    "7",	   "-o",
		in_test_dir(tree), NULL
	};

	expect_outcome(run_program("balloonbench", args), 0, "shards 1 to 2");
}

/* Finished boots of a shard. */
static size_t finished(const char *tree, int shard)
{
	char path[64];

	snprintf(path, sizeof(path), "%s.shards/shard-%d", tree, shard);
	return count_paths(in_test_dir(path), "/*/*/boot-*/result.json");
}

/* Inode and path of each result of a shard: a boot that is run again has another inode. */
static char *inodes(const char *tree, int shard)
{
	return run_shell("find '%s.shards/shard-%d' -path '*/boot-*/result.json' "
			 "-printf '%%i %%p\n' | sort",
			 in_test_dir(tree), shard)
		.output;
}

static char *log_of(const char *tree, int shard)
{
	char path[64];

	snprintf(path, sizeof(path), "%s.shards/shard-%d.log", tree, shard);
	return read_file(in_test_dir(path));
}

static int node_of(const char *tree, int shard)
{
	char *log = log_of(tree, shard), *at = strstr(log, " on node n");
	int node = at ? atoi(at + strlen(" on node n")) : 0;

	free(log);
	assert_in_range(node, 1, NODES);
	return node;
}

/* All that runs on a node dies with it: its daemon, the daemon's step, the script and its VM. */
static void kill_node(int node)
{
	struct outcome outcome = run_shell(
		"cd '%1$s' && kill -9 $(cat slurmd.n%2$d.pid) && "
		"scontrol update nodename=n%2$d state=down reason=test && "
		"for p in /proc/[0-9]*; do "
		"grep -zqsx SLURMD_NODENAME=n%2$d $p/environ && "
		"grep -zqsx 'SLURM_CONF=%1$s/slurm.conf' $p/environ || continue; "
		"parent=$(awk '/^PPid/ { print $2 }' $p/status); "
		"[ \"$(cat /proc/$parent/comm)\" != slurmstepd ] || kill -9 $parent; "
		"kill -9 ${p#/proc/}; done 2>/dev/null; true",
		test_dir, node);

	expect_shell("kill a node", outcome);
}

/* What was there is still the same. */
static void expect_kept(char *before, char *after)
{
	char *line, *save;

	for (line = strtok_r(before, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		assert_contains(after, line);
	free(before);
	free(after);
}

/* The tree of a run in one piece: same host, so boots are units. */
static void expect_whole(const char *tree)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/REPORT.md", tree);
	AWAIT_WITHIN(240, !access(in_test_dir(path), F_OK));
	assert_int_equal(count_paths(in_test_dir(tree), "/*/*/boot-*/result.json"),
			 BOOTS * VARIANTS);
	expect_outcome(run_program("balloonstat", (const char *const[]){ "compare",
									 in_test_dir(tree), NULL }),
		       0, "finalize@second", "16 boots ok, 0 failed, 0 invalid", "N counts boots");
}

static void node_dies_in_the_middle(void **state)
{
	char *before, *log;
	int node;

	(void)state;
	need_slurm();
	submit("died");
	AWAIT_WITHIN(120, finished("died", 1) >= 2);
	node = node_of("died", 1);
	kill_node(node);
	before = inodes("died", 1);
	assert_in_range(finished("died", 1), 2, BOOTS * VARIANTS / 2 - 1);
	start_node(node);
	expect_whole("died");
	expect_kept(before, inodes("died", 1));
	log = log_of("died", 1);
	assert_contains(log, "start 2");
	free(log);
	assert_int_equal(finished("died", 1), BOOTS * VARIANTS / 2);
}

static void time_limit_is_near(void **state)
{
	char *before, *log;
	struct outcome outcome;

	(void)state;
	need_slurm();
	AWAIT_WITHIN(60, nodes_are_idle());
	submit("limit");
	AWAIT_WITHIN(120, finished("limit", 2) >= 2);
	before = inodes("limit", 2);
	outcome = run_shell("scancel --batch --signal=USR1 $(squeue -h -t R -o '%%A %%K' | "
			    "awk '$2 == 2 { print $1 }')");
	expect_shell("scancel", outcome);
	expect_whole("limit");
	expect_kept(before, inodes("limit", 2));
	log = log_of("limit", 2);
	assert_contains(log, "start 2");
	free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(node_dies_in_the_middle),
		cmocka_unit_test(time_limit_is_near),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
