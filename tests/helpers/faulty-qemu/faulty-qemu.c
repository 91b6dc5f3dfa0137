/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inject faults between balloonbench and a QEMU: balloonbench runs this program as
 * QEMU. It executes the one that FAULTY_QEMU names, and its child relays QMP and the
 * guest channel.
 *
 * FAULTS has a word for each boot: "none", FAULT@TEXT, or FAULT@TEXT#N. The fault
 * strikes at the N-th line that contains TEXT, by default the first. If the line came
 * from balloonbench, it is relayed after the fault (unless QEMU stops); if it came from
 * QEMU or the guest, it is dropped.
 *
 *   kill      QEMU gets SIGKILL
 *   stop      QEMU gets SIGSTOP
 *   nmi       the guest gets an NMI, and panics
 *   mute      this channel sends nothing more
 *   close     this channel is closed
 *   torn      this channel is closed in the middle of a line
 *   garbage   this channel sends a line that is not JSON
 *   endless   this channel sends an endless line
 *   noise     this channel sends unexpected lines without end, between the others
 *   flood     this channel sends unexpected lines without end, and nothing else
 *
 * Faults from the beginning:
 *
 *   no-init   the guest has no init program, and panics
 *   slow      each line is delayed
 *   split     every byte is written by itself
 *   lose      the guest's tracer reports lost records
 *   untraced  the guest has no tracer
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define QMP_FD 3
#define GUEST_FD 4
#define CHUNK 65536
#define SLOW_US 20000

/* The kernel panics on an NMI. */
#define PANIC_ON_NMI " unknown_nmi_panic"
#define NO_INIT " rdinit=/nowhere"

/* A line of one end that is not complete yet. */
struct line {
	char *data;
	size_t len;
	size_t size;
};

struct channel {
	int host;
	int qemu;
	struct line from_host;
	struct line from_qemu;
	bool muted;
};

static struct channel qmp, guest;
static char fault[16] = "none", text[64];
static int countdown = 1;
static pid_t qemu_pid;

static bool is(const char *name)
{
	return !strcmp(fault, name);
}

/* Take the word of this boot. */
static void choose_fault(unsigned int boot)
{
	char *words = strdup(getenv("FAULTS")), *word, *save, *hash;

	word = strtok_r(words, " ", &save);
	while (word && --boot)
		word = strtok_r(NULL, " ", &save);
	if (word)
		sscanf(word, "%15[^@]@%63s", fault, text);
	hash = strchr(text, '#');
	if (hash) {
		countdown = atoi(hash + 1);
		*hash = '\0';
	}
	free(words);
}

/* If the other end is closed, the rest is dropped. */
static void put(int fd, const char *data, size_t len)
{
	ssize_t n;

	for (; len; data += n, len -= n) {
		n = write(fd, data, is("split") ? 1 : len);
		if (n < 0)
			return;
	}
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Write until the other end closes; in a child, because that end may not read now. */
static void put_for_ever(int fd, const char *data, size_t len)
{
	if (fork())
		return;
	close_end(&qmp.qemu);
	close_end(&guest.qemu);
	close_end(fd == qmp.host ? &guest.host : &qmp.host);
	while (write(fd, data, len) == (ssize_t)len)
		;
	_exit(0);
}

static void strike(struct channel *c)
{
	static char endless[CHUNK];
	static const char noise[] = "{\"event\": \"NOISE\", \"data\": {\"n\": 1}}\r\n";
	static const char nmi[] = "{\"execute\":\"inject-nmi\",\"id\":\"nmi\"}\n";

	if (is("kill"))
		kill(qemu_pid, SIGKILL);
	else if (is("stop"))
		kill(qemu_pid, SIGSTOP);
	else if (is("nmi"))
		put(qmp.qemu, nmi, strlen(nmi));
	else if (is("garbage"))
		put(c->host, "]]] garbage\n", 12);
	else if (is("torn"))
		put(c->host, "{\"return\": {\"act", 16);
	else if (is("noise") || is("flood"))
		put_for_ever(c->host, noise, strlen(noise));
	else if (is("endless"))
		put_for_ever(c->host, memset(endless, 'a', sizeof(endless)), sizeof(endless));
	if (is("close") || is("torn"))
		close_end(&c->host);
	c->muted = is("mute") || is("flood") || is("endless");
	/* The panic takes a while; the guest must not reach the next stage meanwhile. */
	guest.muted |= is("nmi");
}

/* Write a line with one word replaced. */
static void put_replaced(int fd, const char *line, size_t len, const char *from, const char *to)
{
	const char *at = memmem(line, len, from, strlen(from));

	if (!at) {
		put(fd, line, len);
		return;
	}
	put(fd, line, at - line);
	put(fd, to, strlen(to));
	at += strlen(from);
	put(fd, at, line + len - at);
}

static bool is_its_turn(const char *line, size_t len)
{
	return text[0] && memmem(line, len, text, strlen(text)) && !--countdown;
}

static void pass_to_qemu(struct channel *c, const char *line, size_t len)
{
	if (is_its_turn(line, len)) {
		strike(c);
		/* QEMU takes a while to stop, and must not read the line meanwhile. */
		if (is("stop"))
			return;
	}
	if (is("untraced"))
		put_replaced(c->qemu, line, len, "\"trace-start\"", "\"meminfo\"");
	else
		put(c->qemu, line, len);
}

static void pass_to_host(struct channel *c, const char *line, size_t len)
{
	if (memmem(line, len, "\"nmi\"", 5))
		return; /* the answer to the request of strike() */
	if (is_its_turn(line, len))
		strike(c);
	else if (!c->muted && is("lose"))
		put_replaced(c->host, line, len, "\"lost_records\":0", "\"lost_records\":7");
	else if (!c->muted)
		put(c->host, line, len);
}

/* Read from an end, and relay its complete lines. */
static void serve(struct channel *c, int *fd, struct line *line,
		  void (*pass)(struct channel *c, const char *line, size_t len))
{
	char *end;
	ssize_t n;

	if (line->size - line->len < CHUNK) {
		line->size += 2 * CHUNK;
		line->data = realloc(line->data, line->size);
		if (!line->data)
			_exit(1);
	}
	n = read(*fd, line->data + line->len, CHUNK);
	if (n <= 0) {
		close_end(fd);
		return;
	}
	line->len += n;
	while ((end = memchr(line->data, '\n', line->len))) {
		size_t len = end + 1 - line->data;

		if (is("slow"))
			usleep(SLOW_US);
		pass(c, line->data, len);
		line->len -= len;
		memmove(line->data, end + 1, line->len);
	}
}

/* Relay until QEMU has closed both channels. */
static void __attribute__((noreturn)) relay(void)
{
	struct pollfd fds[4];

	signal(SIGPIPE, SIG_IGN);
	while (qmp.qemu >= 0 || guest.qemu >= 0) {
		fds[0] = (struct pollfd){ .fd = qmp.qemu, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = guest.qemu, .events = POLLIN };
		fds[2] = (struct pollfd){ .fd = qmp.host, .events = POLLIN };
		fds[3] = (struct pollfd){ .fd = guest.host, .events = POLLIN };
		if (poll(fds, 4, -1) < 0)
			continue;
		if (fds[0].revents)
			serve(&qmp, &qmp.qemu, &qmp.from_qemu, pass_to_host);
		if (fds[1].revents)
			serve(&guest, &guest.qemu, &guest.from_qemu, pass_to_host);
		if (fds[2].revents)
			serve(&qmp, &qmp.host, &qmp.from_host, pass_to_qemu);
		if (fds[3].revents)
			serve(&guest, &guest.host, &guest.from_host, pass_to_qemu);
		if (qmp.qemu < 0)
			close_end(&qmp.host);
		if (guest.qemu < 0)
			close_end(&guest.host);
	}
	_exit(0);
}

/* Put the child between the host and QEMU, on the channel with descriptor @fd. */
static int open_channel(struct channel *c, int fd)
{
	int pair[2];

	c->host = fcntl(fd, F_DUPFD_CLOEXEC, 16);
	if (c->host < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	c->qemu = fcntl(pair[0], F_DUPFD_CLOEXEC, 16);
	if (c->qemu < 0 || dup2(pair[1], fd) < 0)
		return -1;
	close(pair[0]);
	close(pair[1]);
	return 0;
}

/* The number in the name of the VM, .../.boot-NN; 0 if there is none. */
static unsigned int boot_of(char **argv)
{
	const char *directory;
	unsigned int boot = 0;

	for (; *argv; argv++) {
		directory = strstr(*argv, "/.boot-");
		if (directory)
			sscanf(directory, "/.boot-%u", &boot);
	}
	return boot;
}

static void append_to_command_line(char **argv)
{
	char *longer;

	for (; *argv; argv++) {
		if (strcmp(*argv, "-append"))
			continue;
		if (asprintf(&longer, "%s" PANIC_ON_NMI "%s", argv[1],
			     is("no-init") ? NO_INIT : "") < 0)
			_exit(1);
		argv[1] = longer;
	}
}

int main(int argc, char **argv)
{
	unsigned int boot = boot_of(argv);

	(void)argc;
	argv[0] = getenv("FAULTY_QEMU");
	if (!boot)
		goto become;
	choose_fault(boot);
	append_to_command_line(argv);
	if (open_channel(&qmp, QMP_FD) || open_channel(&guest, GUEST_FD))
		goto fail;
	qemu_pid = getpid();
	switch (fork()) {
	case -1:
		goto fail;
	case 0:
		close(QMP_FD);
		close(GUEST_FD);
		relay();
	}
become:
	execv(argv[0], argv);
fail:
	perror("faulty-qemu");
	return 1;
}
