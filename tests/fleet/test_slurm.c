/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench submit with a Slurm of its own: munged, slurmctld and a slurmd for each of two nodes
 * on this machine, all below the test's directory. A node dies in the middle, and a task nears its
 * time limit: no finished boot is lost or run twice, and the merged tree has all of the plan, with
 * the verdicts of a run in one piece. The fake QEMU says hello after a second and a half.
 */
#include "tests/helpers/unit.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/tiny.h"

#define NODES 2
/* Of four variants each, in two shards. */
#define BOOTS 4
#define VARIANTS 4

/* The daemons: node i is NODE + i. */
enum { MUNGED, SLURMCTLD, NODE = SLURMCTLD, DAEMONS = NODE + NODES + 1 };

static pid_t daemons[DAEMONS];
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

/* A daemon in the foreground, which ends with the test, however that ends. */
static void start_daemon(int which, const char *const *argv)
{
	const pid_t test = getpid(), pid = fork();
	int log;

	if (pid) {
		daemons[which] = pid;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	log = open(in_test_dir("daemons.log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
	dup2(log, 1);
	dup2(log, 2);
	if (getppid() == test)
		execv(argv[0], (char *const *)argv);
	_exit(127);
}

#define START(which, ...) start_daemon(which, (const char *const[]){ __VA_ARGS__, NULL })

static bool daemon_runs(int which)
{
	if (daemons[which] > 0 && waitpid(daemons[which], NULL, WNOHANG))
		daemons[which] = 0;
	return daemons[which] > 0;
}

static bool daemons_run(void)
{
	int i;

	for (i = 0; i < DAEMONS && daemon_runs(i); i++)
		;
	return i == DAEMONS;
}

/* At the latest after a minute. */
static void stop_daemon(int which)
{
	int polls;

	if (!daemon_runs(which))
		return;
	kill(daemons[which], SIGTERM);
	for (polls = 0; daemon_runs(which) && polls < 600; polls++)
		usleep(100000);
	if (daemon_runs(which))
		kill(daemons[which], SIGKILL);
}

static void start_node(int node)
{
	const char name[] = { 'n', (char)('0' + node), '\0' };

	START(NODE + node, "/usr/sbin/slurmd", "-D", "-N", name, "-f", getenv("SLURM_CONF"));
}

static bool nodes_are_idle(void)
{
	struct outcome outcome = run_shell("sinfo -h -t idle -o %%D 2>/dev/null");
	bool idle = atoi(outcome.output) == NODES;

	outcome_release(&outcome);
	return idle;
}

static void start_munge(void)
{
	expect_shell("munge.key", run_shell("cd '%s' && mkdir state n1 n2 && umask 077 && "
					    "head -c 1024 /dev/urandom >munge.key",
					    test_dir));
	START(MUNGED, "/bin/sh", "-c",
	      "exec /usr/sbin/munged --foreground --force --key-file=\"$0\"/munge.key "
	      "--socket=\"$0\"/munge.socket --pid-file=\"$0\"/munged.pid "
	      "--log-file=\"$0\"/munged.log --seed-file=\"$0\"/munge.seed",
	      test_dir);
}

/* False where Slurm does not come up within two minutes. */
static bool start_cluster(void)
{
	int polls, node;

	write_configuration();
	start_munge();
	for (polls = 0; polls < 600 && access(in_test_dir("munge.socket"), F_OK); polls++)
		usleep(100000);
	START(SLURMCTLD, "/usr/sbin/slurmctld", "-D", "-f", getenv("SLURM_CONF"));
	for (node = 1; node <= NODES; node++)
		start_node(node);
	for (polls = 0; polls < 240 && daemons_run() && !nodes_are_idle(); polls++)
		usleep(500000);
	return polls < 240 && daemons_run();
}

/* A QEMU that variants name by "@second": the plan is two kernels by two QEMUs. */
static void register_qemu(const char *path)
{
	char text[512];

	snprintf(text, sizeof(text), "[qemu second]\npath = %s\nversion = 2\n", path);
	write_file(in_test_dir("cache/qemus"), "second.ini", text);
}

static int set_up(void **state)
{
	if (tiny_set_up(state, TINY_WITHIN("20 s", "5 s")))
		return -1;
	setenv("FAKE_QEMU", "late-hello", 1);
	register_qemu(getenv("QEMU"));
	setenv("BALLOONBENCH_CACHE", in_test_dir("cache"), 1);
	is_up = !missing_program() && start_cluster();
	return 0;
}

/*
 * Kill what runs for this Slurm, on one node or, with "", anywhere, until nothing does. A
 * slurmstepd, which would report its end, is a parent of what runs on a node, and dies first.
 */
static void kill_jobs(const char *node)
{
	struct outcome outcome = run_shell(
		"jobs() { grep -zlsx 'SLURM_CONF=%1$s/slurm.conf' /proc/[0-9]*/environ | "
		"xargs -r grep -zls '^SLURMD_NODENAME=%2$s' | cut -d/ -f3; }; "
		"for job in $(jobs); do parent=$(awk '/^PPid/ { print $2 }' /proc/$job/status); "
		"[ \"$(cat /proc/$parent/comm)\" != slurmstepd ] || kill -9 $parent; done; "
		"for i in $(seq 100); do left=$(jobs); [ \"$left\" ] || exit 0; "
		"kill -9 $left; sleep 0.1; done 2>/dev/null; exit 1",
		test_dir, node);

	expect_shell("kill jobs", outcome);
}

static int tear_down(void **state)
{
	int i;

	for (i = DAEMONS - 1; i >= 0; i--)
		stop_daemon(i);
	kill_jobs("");
	return test_dir_tear_down(state);
}

/* The first error of the daemons, to be freed. */
static char *why_not(void)
{
	return run_shell("cd '%s' && grep -hiE '(error|fatal)' daemons.log *.log | head -n 1 | "
			 "tr -d '\n'",
			 test_dir)
		.output;
}

static void need_slurm(void)
{
	const char *missing = missing_program();

	if (missing)
		skip_test("no %s: `scripts/deps scripts/packages-fleet` installs Slurm", missing);
	if (!is_up)
		skip_test("Slurm does not start here: %s", why_not());
}

static const char options[] = "--accel tcg --trace off --seed 7 --variant list --variant finalize "
			      "--variant list@second --variant finalize@second";

static void submit(const char *tree, const char *scenario, int boots)
{
	expect_outcome(run_shell("'%s' submit --shards 2 --slurm --cpus-per-task=1 -- %s "
				 "--scenario '%s' --boots %d -o '%s'",
				 build_path("balloonbench"), options, scenario, boots,
				 in_test_dir(tree)),
		       0, "shards 1 to 2");
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
	const char name[] = { 'n', (char)('0' + node), '\0' };

	kill(daemons[NODE + node], SIGKILL);
	waitpid(daemons[NODE + node], NULL, 0);
	kill_jobs(name);
	expect_shell("scontrol",
		     run_shell("scontrol update nodename=%s state=down reason=test", name));
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

/* The tree of a run in one piece, with a report: same host, so boots are units. */
static void expect_whole(const char *tree, int boots)
{
	char path[64], all[64];

	snprintf(path, sizeof(path), "%s/REPORT.md", tree);
	snprintf(all, sizeof(all), "%d boots ok, 0 failed, 0 invalid", boots * VARIANTS);
	AWAIT_WITHIN(240, !access(in_test_dir(path), F_OK));
	assert_int_equal(count_paths(in_test_dir(tree), "/*/*/boot-*/result.json"),
			 boots * VARIANTS);
	expect_outcome(run_program("balloonstat",
				   (const char *const[]){ "compare", in_test_dir(tree), NULL }),
		       0, "finalize@second", all, "N counts boots");
}

static void node_dies_in_the_middle(void **state)
{
	char *before, *log;
	int node;

	(void)state;
	need_slurm();
	submit("died", tiny, BOOTS);
	AWAIT_WITHIN(120, finished("died", 1) >= 2);
	node = node_of("died", 1);
	kill_node(node);
	before = inodes("died", 1);
	assert_in_range(finished("died", 1), 2, BOOTS * VARIANTS / 2 - 1);
	start_node(node);
	expect_whole("died", BOOTS);
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
	submit("limit", tiny, BOOTS);
	AWAIT_WITHIN(120, finished("limit", 2) >= 2);
	before = inodes("limit", 2);
	outcome = run_shell("scancel --batch --signal=USR1 $(squeue -h -t R -o '%%A %%K' | "
			    "awk '$2 == 2 { print $1 }')");
	expect_shell("scancel", outcome);
	expect_whole("limit", BOOTS);
	expect_kept(before, inodes("limit", 2));
	log = log_of("limit", 2);
	assert_contains(log, "start 2");
	free(log);
}

static char *compare(const char *tree)
{
	struct outcome outcome =
		run_program("balloonstat",
			    (const char *const[]){ "compare", in_test_dir(tree), "--json", NULL });

	assert_int_equal(outcome.status, 0);
	return outcome.output;
}

/* Durations differ from run to run, so both trees get those of one. */
static void same_verdicts_as_one_run(void **state)
{
	char *merged, *one;

	(void)state;
	need_slurm();
	setenv("FAKE_QEMU", "good", 1);
	expect_shell("run",
		     run_shell("'%s' run %s --scenario '%s' -o '%s'", build_path("balloonbench"),
			       options, tiny, in_test_dir("one")));
	expect_shell("copy", run_shell("cd '%s/died' && for f in */*/boot-*/result.json; do "
				       "cp ../one/$f $f || exit; done",
				       test_dir));
	merged = compare("died");
	one = compare("one");
	assert_string_equal(merged, one);
	free(merged);
	free(one);
}

/* Debian's QEMU is the second. */
static void matrix_of_real_guests(void **state)
{
	static const char debian[] = "/usr/bin/qemu-system-x86_64";
	char *report;

	(void)state;
	need_slurm();
	if (access(debian, X_OK))
		skip_test("no %s: `make deps` installs it", debian);
	register_qemu(debian);
	unsetenv("QEMU");
	AWAIT_WITHIN(60, nodes_are_idle());
	submit("matrix", "smoke", 2);
	expect_whole("matrix", 2);
	report = read_file(in_test_dir("matrix/REPORT.md"));
	assert_contains(report, "list@second");
	assert_contains(report, "finalize@second");
	free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(node_dies_in_the_middle),
		cmocka_unit_test(time_limit_is_near),
		cmocka_unit_test(same_verdicts_as_one_run),
		cmocka_unit_test(matrix_of_real_guests),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
