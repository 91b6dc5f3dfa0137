/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_COMMAND_TEXT_H
#define LIB_COMMAND_TEXT_H

#include <stdio.h>

/* Append a word to a command line, after a blank, as a shell reads it. */
void command_text_add(FILE *f, const char *word);

/*
 * A whole command line, to be freed. argv[0] is taken as it is: it may be "PROGRAM COMMAND".
 */
char *command_text(int argc, char *const *argv);

#endif
