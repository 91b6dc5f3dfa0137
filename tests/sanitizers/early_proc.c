/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For an agent that is built with ASan, which reads the address of the stack from /proc
 * before main(): mount /proc, which the init process of a guest does not have.
 */
#include <sys/mount.h>

__attribute__((no_sanitize_address)) static void mount_proc(int argc, char **argv, char **envp)
{
	(void)argc;
	(void)argv;
	(void)envp;
	mount("proc", "/proc", "proc", 0, 0);
}

/* Functions in this section run before the constructors of libraries. */
__attribute__((section(".preinit_array"), used)) static void (*const early)(int, char **,
									    char **) = mount_proc;
