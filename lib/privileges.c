/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/privileges.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void keep(struct __user_cap_data_struct *half, uint32_t kept)
{
	half->permitted &= kept;
	half->effective &= kept;
	half->inheritable &= kept;
}

void privileges_keep(uint64_t capabilities)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	unsigned long i;

	/* exec() by root would regain them; the loop ends at the kernel's last capability. */
	for (i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if (!(capabilities & CAPABILITY(i)))
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	if (syscall(SYS_capget, &header, data))
		return;
	keep(&data[0], capabilities);
	keep(&data[1], capabilities >> 32);
	/* Dropping always succeeds, and drops ambient capabilities, too. */
	syscall(SYS_capset, &header, data);
}

/* The headers may be older than the kernel: see <linux/landlock.h>, landlock(7). */
#define FS_TRUNCATE (1ULL << 14)
#define NET_BIND_TCP (1ULL << 0)
#define NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)

struct ruleset {
	uint64_t fs, net, scoped;
};

#define FS_FILE LANDLOCK_ACCESS_FS_WRITE_FILE
#define FS_DIRECTORY                                                                               \
	(LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                          \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |                              \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |                              \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |                            \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)

int confine_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : abi;
}

/* What this kernel can restrict. */
static struct ruleset restrictions(int abi)
{
	return (struct ruleset){
		.fs = FS_FILE | FS_DIRECTORY | (abi >= 3 ? FS_TRUNCATE : 0),
		.net = abi >= 4 ? NET_BIND_TCP | NET_CONNECT_TCP : 0,
		.scoped = abi >= 6 ? SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL : 0,
	};
}

static bool allow(int ruleset, const char *path, uint64_t fs)
{
	struct landlock_path_beneath_attr rule = {
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};
	struct stat st;
	bool done;

	if (rule.parent_fd < 0)
		return true;
	done = !fstat(rule.parent_fd, &st);
	rule.allowed_access = S_ISDIR(st.st_mode) ? fs : fs & (FS_FILE | FS_TRUNCATE);
	done = done &&
	       !syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return done;
}

bool confine(const char *const *writable)
{
	struct ruleset wanted;
	int ruleset, abi;
	bool done;

	/* Capabilities that a user has for tracing are not inherited by children. */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return false;
	abi = confine_abi();
	wanted = restrictions(abi);
	ruleset = abi ? syscall(SYS_landlock_create_ruleset, &wanted, sizeof(wanted), 0) : -1;
	if (ruleset < 0)
		return false;
	done = allow(ruleset, "/dev/null", wanted.fs) && allow(ruleset, "/dev/kvm", wanted.fs);
	for (; *writable; writable++)
		done &= allow(ruleset, *writable, wanted.fs);
	done = done && !syscall(SYS_landlock_restrict_self, ruleset, 0);
	close(ruleset);
	return done;
}
