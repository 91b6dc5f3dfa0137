/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_COMMANDS_H
#define BPF_COMMANDS_H

/* The sub-commands of balloontrace; see bench/run/commands.h for the convention. */
int cmd_guest(int argc, char **argv);
int cmd_host(int argc, char **argv);

#endif
