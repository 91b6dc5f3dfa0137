/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_BROWSER_H
#define TESTS_HELPERS_BROWSER_H

#include <jansson.h>
#include <stdbool.h>

/*
 * A headless Chromium, controlled by the DevTools protocol
 * (https://chromedevtools.github.io/devtools-protocol/) on a pair of pipes. Pages are
 * tested with their Content-Security-Policy, by real keys and clicks. The test fails if
 * the browser does.
 */
struct browser;

/* NULL if Chromium is not installed. */
struct browser *browser_start(void);
void browser_stop(struct browser *b);

/* Send a command to the page. Returns the result, to be released. */
json_t *browser_command(struct browser *b, const char *method, json_t *params);

/* Open a file, and wait until it is loaded. */
void browser_open(struct browser *b, const char *path);

/* Evaluate an expression in the page. Returns the value as a string, to be freed. */
char *browser_evaluate(struct browser *b, const char *expression);

/* Press a key by its name and code; @text is what it types, or NULL. */
void browser_press(struct browser *b, const char *key, int code, const char *text);

/* Click on the centre of the first element that matches a selector. */
void browser_click(struct browser *b, const char *selector);

/*
 * What a page must not do, since it was opened: messages on the console (errors of
 * scripts, violations of the policy), dialogs, requests to other places. One a line, ""
 * if there are none.
 */
const char *browser_complaints(struct browser *b);

#endif
