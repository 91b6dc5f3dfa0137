/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_COMMANDS_H
#define ANALYSIS_COMMANDS_H

/* The sub-commands of balloonstat; as in bench/run/commands.h. */
int cmd_compare(int argc, char **argv);
int cmd_gate(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_cover_letter(int argc, char **argv);
int cmd_history(int argc, char **argv);
int cmd_export(int argc, char **argv);

#endif
