/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_COMMANDS_H
#define BENCH_RUN_COMMANDS_H

/*
 * The sub-commands of balloonbench. argv[0] is the program's name together
 * with the command's, as usage messages show it. Each returns an exit status
 * of lib/exit_status.h.
 */
int cmd_run(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
