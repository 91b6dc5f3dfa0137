/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/slurm.h"

#include "tests/helpers/unit.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

/* The daemons: node i is NODE + i. */
enum { MUNGED, SLURMCTLD, NODE = SLURMCTLD, DAEMONS = NODE + SLURM_NODES + 1 };

static pid_t daemons[DAEMONS];
static bool is_up;

void expect_shell(const char *what, struct outcome outcome)
{
	if (outcome.status)
		fail_msg("%s: status %d: %s", what, outcome.status, outcome.output);
	outcome_release(&outcome);
}

/* The first program that is missing, or NULL. */
static const char *missing_program(void)
{
	static const char *const programs[] = { "/usr/sbin/munged", "/usr/sbin/slurmctld",
						"/usr/sbin/slurmd", "/usr/bin/sbatch", NULL };
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
	"MailProg=/bin/true\n"
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

/* From 23 on slurmd looks for cgroups, which a container need not have, even if nothing uses them.
 */
static void write_cgroup_configuration(void)
{
	struct outcome outcome = run_shell("/usr/sbin/slurmd -V | sed 's/[^0-9]*//'");

	if (atoi(outcome.output) >= 23)
		write_file(test_dir, "cgroup.conf", "CgroupPlugin=disabled\n");
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

void slurm_start_node(int node)
{
	const char name[] = { 'n', (char)('0' + node), '\0' };

	START(NODE + node, "/usr/sbin/slurmd", "-D", "-N", name, "-f", getenv("SLURM_CONF"));
}

static bool nodes_are_idle(void)
{
	struct outcome outcome = run_shell("sinfo -h -t idle -o %%D 2>/dev/null");
	bool idle = atoi(outcome.output) == SLURM_NODES;

	outcome_release(&outcome);
	return idle;
}

void slurm_await_idle(void)
{
	AWAIT_WITHIN(300, nodes_are_idle());
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
	write_cgroup_configuration();
	start_munge();
	for (polls = 0; polls < 600 && access(in_test_dir("munge.socket"), F_OK); polls++)
		usleep(100000);
	START(SLURMCTLD, "/usr/sbin/slurmctld", "-D", "-f", getenv("SLURM_CONF"));
	for (node = 1; node <= SLURM_NODES; node++)
		slurm_start_node(node);
	for (polls = 0; polls < 240 && daemons_run() && !nodes_are_idle(); polls++)
		usleep(500000);
	return polls < 240 && daemons_run();
}

void slurm_start(void)
{
	is_up = !missing_program() && start_cluster();
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

void slurm_stop(void)
{
	int i;

	for (i = DAEMONS - 1; i >= 0; i--)
		stop_daemon(i);
	if (getenv("SLURM_CONF"))
		kill_jobs("");
}

void slurm_kill_node(int node)
{
	const char name[] = { 'n', (char)('0' + node), '\0' };

	kill(daemons[NODE + node], SIGKILL);
	waitpid(daemons[NODE + node], NULL, 0);
	kill_jobs(name);
	expect_shell("scontrol",
		     run_shell("scontrol update nodename=%s state=down reason=test", name));
}

/* The last errors of the daemons, to be freed. */
static char *why_not(void)
{
	return run_shell("grep -hiE '(error|fatal)' '%s/daemons.log' | tail -n 3 | paste -sd ';' | "
			 "tr -d '\n'",
			 test_dir)
		.output;
}

void need_slurm(void)
{
	const char *missing = missing_program();

	if (missing)
		skip_test("no %s: `scripts/deps scripts/packages-fleet` installs Slurm", missing);
	if (!is_up)
		skip_test("Slurm does not start here: %s", why_not());
}

void slurm_register_qemu(const char *path)
{
	char text[512];

	snprintf(text, sizeof(text), "[qemu second]\npath = %s\nversion = 2\n", path);
	write_file(in_test_dir("cache/qemus"), "second.ini", text);
	setenv("BALLOONBENCH_CACHE", in_test_dir("cache"), 1);
}

const char slurm_run_options[] =
	"--accel tcg --trace off --seed 7 --variant list --variant finalize "
	"--variant list@second --variant finalize@second";

void slurm_submit(const char *tree, const char *scenario, int boots)
{
	expect_outcome(run_shell("'%s' submit --shards 2 --slurm --cpus-per-task=1 -- %s "
				 "--scenario '%s' --boots %d -o '%s'",
				 build_path("balloonbench"), slurm_run_options, scenario, boots,
				 in_test_dir(tree)),
		       0, "shards 1 to 2");
}

void slurm_expect_whole(const char *tree, int boots)
{
	struct outcome outcome;
	char path[64];

	snprintf(path, sizeof(path), "%s/REPORT.md", tree);
	AWAIT_WITHIN(600, !access(in_test_dir(path), F_OK));
	assert_int_equal(count_paths(in_test_dir(tree), "/*/*/boot-*/result.json"),
			 boots * SLURM_VARIANTS);
	outcome = run_shell("'%s' compare '%s'", build_path("balloonstat"), in_test_dir(tree));
	assert_contains(outcome.output, "finalize@second");
	assert_contains(outcome.output, " 0 failed");
	assert_contains(outcome.output, "N counts boots");
	outcome_release(&outcome);
}
