/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/browser.h"

#include "tests/helpers/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/helpers/files.h"

/* How long to wait for the next message of the browser. */
#define SILENCE_MS 60000

struct browser {
	pid_t pid;
	int in;	 /* to the browser */
	int out; /* from it */
	int id;	 /* of the last command */
	char *session;
	char *profile;
	char *buffer; /* read, and not decoded yet */
	size_t size;
	bool loaded;
	char complaints[4096];
};

/* Messages end with a byte 0. */
static json_t *read_message(struct browser *b)
{
	struct pollfd pfd = { .fd = b->out, .events = POLLIN };
	size_t length;
	json_t *message;
	ssize_t n;

	while (!b->size || !memchr(b->buffer, '\0', b->size)) {
		if (poll(&pfd, 1, SILENCE_MS) <= 0)
			fail_msg("no message from the browser");
		b->buffer = realloc(b->buffer, b->size + 65536);
		n = read(b->out, b->buffer + b->size, 65536);
		if (n <= 0)
			fail_msg("the browser has ended");
		b->size += n;
	}
	length = strlen(b->buffer) + 1;
	message = json_loads(b->buffer, 0, NULL);
	assert_non_null(message);
	b->size -= length;
	memmove(b->buffer, b->buffer + length, b->size);
	return message;
}

static const char *text_at(const json_t *value, const char *object, const char *key)
{
	const char *text = json_string_value(json_object_get(json_object_get(value, object), key));

	return text ? text : "";
}

static void complain(struct browser *b, const char *what, const char *text)
{
	size_t n = strlen(b->complaints);

	snprintf(b->complaints + n, sizeof(b->complaints) - n, "%s: %s\n", what, text);
}

static bool is_own(const char *url)
{
	return !strncmp(url, "data:", 5) || !strncmp(url, "file:", 5);
}

static void take_event(struct browser *b, const json_t *event)
{
	const char *method = json_string_value(json_object_get(event, "method"));
	const json_t *params = json_object_get(event, "params");

	if (!method)
		return;
	if (!strcmp(method, "Page.loadEventFired"))
		b->loaded = true;
	else if (!strcmp(method, "Runtime.exceptionThrown"))
		complain(b, "exception", text_at(params, "exceptionDetails", "text"));
	else if (!strcmp(method, "Log.entryAdded"))
		complain(b, "log", text_at(params, "entry", "text"));
	else if (!strcmp(method, "Page.javascriptDialogOpening"))
		complain(b, "dialog", text_at(event, "params", "message"));
	else if (!strcmp(method, "Network.requestWillBeSent") &&
		 !is_own(text_at(params, "request", "url")))
		complain(b, "request", text_at(params, "request", "url"));
}

static json_t *wait_result(struct browser *b, int id, const char *method)
{
	json_t *message, *result;

	for (;;) {
		message = read_message(b);
		if (json_integer_value(json_object_get(message, "id")) == id)
			break;
		take_event(b, message);
		json_decref(message);
	}
	if (json_object_get(message, "error"))
		fail_msg("%s: %s", method, text_at(message, "error", "message"));
	result = json_incref(json_object_get(message, "result"));
	json_decref(message);
	return result;
}

json_t *browser_command(struct browser *b, const char *method, json_t *params)
{
	json_t *message = json_pack("{s:i, s:s, s:o}", "id", ++b->id, "method", method, "params",
				    params ? params : json_object());
	size_t size, done = 0;
	char *text;
	ssize_t n;

	if (b->session)
		json_object_set_new(message, "sessionId", json_string(b->session));
	text = json_dumps(message, JSON_COMPACT);
	assert_non_null(text);
	for (size = strlen(text) + 1; done < size; done += n) {
		n = write(b->in, text + done, size - done);
		if (n < 0)
			fail_msg("cannot write to the browser: %s", strerror(errno));
	}
	free(text);
	json_decref(message);
	return wait_result(b, b->id, method);
}

static void tell(struct browser *b, const char *method, json_t *params)
{
	json_decref(browser_command(b, method, params));
}

/* The browser reads commands from descriptor 3 and answers on 4. */
static void __attribute__((noreturn)) exec_browser(int in, int out, const char *profile)
{
	char option[128];

	/* One may already be descriptor 3 or 4. */
	in = fcntl(in, F_DUPFD, 10);
	out = fcntl(out, F_DUPFD, 10);
	dup2(in, 3);
	dup2(out, 4);
	close(in);
	close(out);
	dup2(open("/dev/null", O_RDWR), 0);
	dup2(0, 1);
	dup2(0, 2);
	setpgid(0, 0);
	snprintf(option, sizeof(option), "--user-data-dir=%s", profile);
	/* The sandbox needs privileges that a container lacks; the pages are our own. */
	execlp("chromium", "chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
	       "--no-first-run", "--disable-background-networking", "--disable-component-update",
	       "--disable-dev-shm-usage", "--remote-debugging-pipe", option, "about:blank",
	       (char *)NULL);
	_exit(127);
}

static bool is_installed(const char *name)
{
	const char *path = getenv("PATH");
	char list[4096], file[4352], *dir, *save;

	snprintf(list, sizeof(list), "%s", path ? path : "");
	for (dir = strtok_r(list, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		snprintf(file, sizeof(file), "%s/%s", dir, name);
		if (!access(file, X_OK))
			return true;
	}
	return false;
}

static void attach(struct browser *b)
{
	static const char *const domains[] = { "Page.enable", "Runtime.enable", "Log.enable",
					       "Network.enable" };
	json_t *target, *session;
	size_t i;

	target =
		browser_command(b, "Target.createTarget", json_pack("{s:s}", "url", "about:blank"));
	session = browser_command(b, "Target.attachToTarget",
				  json_pack("{s:O, s:b}", "targetId",
					    json_object_get(target, "targetId"), "flatten", 1));
	b->session = strdup(json_string_value(json_object_get(session, "sessionId")));
	json_decref(session);
	json_decref(target);
	for (i = 0; i < sizeof(domains) / sizeof(domains[0]); i++)
		tell(b, domains[i], NULL);
}

struct browser *browser_start(void)
{
	struct browser *b;
	int in[2], out[2];

	if (!is_installed("chromium"))
		return NULL;
	b = calloc(1, sizeof(*b));
	b->profile = strdup(make_temp_dir());
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	signal(SIGPIPE, SIG_IGN);
	b->pid = fork();
	if (!b->pid)
		exec_browser(in[0], out[1], b->profile);
	close(in[0]);
	close(out[1]);
	b->in = in[1];
	b->out = out[0];
	attach(b);
	return b;
}

void browser_stop(struct browser *b)
{
	if (!b)
		return;
	kill(-b->pid, SIGKILL);
	waitpid(b->pid, NULL, 0);
	close(b->in);
	close(b->out);
	remove_tree(b->profile);
	free(b->profile);
	free(b->session);
	free(b->buffer);
	free(b);
}

void browser_open(struct browser *b, const char *path)
{
	char url[4096];

	b->loaded = false;
	b->complaints[0] = '\0';
	snprintf(url, sizeof(url), "file://%s", path);
	tell(b, "Page.navigate", json_pack("{s:s}", "url", url));
	while (!b->loaded) {
		json_t *event = read_message(b);

		take_event(b, event);
		json_decref(event);
	}
}

char *browser_evaluate(struct browser *b, const char *expression)
{
	char wrapped[4096], *text;
	json_t *result;

	snprintf(wrapped, sizeof(wrapped), "String(%s)", expression);
	result = browser_command(b, "Runtime.evaluate",
				 json_pack("{s:s, s:b}", "expression", wrapped, "userGesture", 1));
	if (json_object_get(result, "exceptionDetails"))
		fail_msg("%s: %s", expression,
			 text_at(json_object_get(result, "exceptionDetails"), "exception",
				 "description"));
	text = strdup(text_at(result, "result", "value"));
	json_decref(result);
	return text;
}

void browser_press(struct browser *b, const char *key, int code, const char *text)
{
	static const char *const types[] = { "keyDown", "keyUp" };
	size_t i;

	for (i = 0; i < 2; i++)
		tell(b, "Input.dispatchKeyEvent",
		     json_pack("{s:s, s:s, s:s, s:i, s:s}", "type", types[i], "key", key, "code",
			       key, "windowsVirtualKeyCode", code, "text", text && !i ? text : ""));
}

void browser_click(struct browser *b, const char *selector)
{
	static const char *const types[] = { "mousePressed", "mouseReleased" };
	char expression[1024], *place;
	double x, y;
	size_t i;

	snprintf(expression, sizeof(expression),
		 "(() => { const e = document.querySelector('%s');"
		 "e.scrollIntoView({ block: 'center', inline: 'center' });"
		 "const r = e.getBoundingClientRect();"
		 "return (r.x + r.width / 2) + ' ' + (r.y + r.height / 2); })()",
		 selector);
	place = browser_evaluate(b, expression);
	assert_int_equal(sscanf(place, "%lf %lf", &x, &y), 2);
	free(place);
	for (i = 0; i < 2; i++)
		tell(b, "Input.dispatchMouseEvent",
		     json_pack("{s:s, s:f, s:f, s:s, s:i}", "type", types[i], "x", x, "y", y,
			       "button", "left", "clickCount", 1));
}

const char *browser_complaints(struct browser *b)
{
	/* What happened before this answer has been told before it. */
	free(browser_evaluate(b, "document.readyState"));
	return b->complaints;
}
