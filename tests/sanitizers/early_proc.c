/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In an agent that is built with ASan, which wants to know from /proc where the stack is
 * before there is a main() that could mount it: a guest's first process has no /proc.
 */
#include <sys/mount.h>

__attribute__((no_sanitize_address)) static void mount_proc(int argc, char **argv, char **envp)
{
	(void)argc;
	(void)argv;
	(void)envp;
	mount("proc", "/proc", "proc", 0, 0);
}

/* What stands here runs before the constructors of libraries. */
__attribute__((section(".preinit_array"), used)) static void (*const early)(int, char **,
									    char **) = mount_proc;
