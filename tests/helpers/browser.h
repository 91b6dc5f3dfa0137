/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_BROWSER_H
#define TESTS_HELPERS_BROWSER_H

#include <jansson.h>
#include <stdbool.h>

/*
 * Chromium without a window, told what to do through its DevTools protocol
 * (https://chromedevtools.github.io/devtools-protocol/) on a pair of pipes:
 * pages are tested as they are, with their Content-Security-Policy, by real
 * keys and clicks. Whatever goes wrong with the browser fails the test.
 */
struct browser;

/* NULL where there is no Chromium. */
struct browser *browser_start(void);
void browser_stop(struct browser *b);

/* Send a command to the page; its result, to be released. */
json_t *browser_command(struct browser *b, const char *method, json_t *params);

/* Open a file, and wait until it is loaded. */
void browser_open(struct browser *b, const char *path);

/* What an expression gives in the page, as a string; to be freed. */
char *browser_evaluate(struct browser *b, const char *expression);

/* Press a key by its name and code; @text is what it writes, or NULL. */
void browser_press(struct browser *b, const char *key, int code, const char *text);

/* Click in the middle of the first element that a selector finds. */
void browser_click(struct browser *b, const char *selector);

/*
 * What the page did, since it was opened, that a page should not: messages to
 * the console (errors of the script, and what the policy refused), dialogs of
 * its own, requests to anywhere but itself. One a line; "" is what is wanted.
 */
const char *browser_complaints(struct browser *b);

#endif
