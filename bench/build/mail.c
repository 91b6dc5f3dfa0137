/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/mail.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/build/patch_git.h"
#include "lib/alloc.h"
#include "lib/log.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* What the From line of a mailbox of lore begins with: body lines are quoted as mboxrd has it. */
#define LORE_FROM "From mboxrd@z "

/* The length of "Name:" at the start of a header line, or 0. */
static size_t header_name(const char *line)
{
	size_t n;

	for (n = 0; isgraph((unsigned char)line[n]) && line[n] != ':'; n++)
		;
	return n && line[n] == ':' ? n + 1 : 0;
}

static bool is_header(const char *line, const char *name)
{
	return !strncasecmp(line, name, strlen(name));
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

static bool ends_header(const char *line)
{
	return *line == '\n' || (line[0] == '\r' && line[1] == '\n');
}

bool is_mail(const char *text)
{
	const char *line = text + strspn(text, " \t\r\n");
	bool known = false;

	if (!strncmp(line, "From ", 5))
		line = next_line(line);
	for (; *line && !ends_header(line); line = next_line(line)) {
		known = known || is_header(line, "From:") || is_header(line, "Subject:");
		if (!header_name(line) && *line != ' ' && *line != '\t')
			return false;
	}
	return known && *line;
}

/* A mail that travelled with CR LF has it in its headers; if not, a CR belongs to the diff. */
static bool keeps_cr(const char *head)
{
	const char *end = strchr(head, '\n');

	return !end || end == head || end[-1] != '\r';
}

int mail_split(const char *file, const char *head, const char *directory, size_t *count, char *err,
	       size_t err_size)
{
	const bool lore = !strncmp(head, LORE_FROM, strlen(LORE_FROM));
	char *output = NULL, *to = xasprintf("-o%s", directory);
	const struct patch_git call = { .output = &output };
	const char *args[8] = { "mailsplit", "-d5", "-b", to };
	int status, n = 4;

	if (keeps_cr(head))
		args[n++] = "--keep-cr";
	if (lore)
		args[n++] = "--mboxrd";
	args[n] = file;
	status = mkdir(directory, 0700) < 0 ? -errno : patch_git(&call, args);
	*count = output ? strtoul(output, NULL, 10) : 0;
	if (status && status != -EINTR)
		status = refuse(err, err_size, "cannot split the mailbox: %s", patch_git_reason());
	free(output);
	free(to);
	return status;
}

/* A header's value, or its first line, to be freed; NULL if there is none. */
static char *find_header(const char *file, const char *name)
{
	char *line = NULL, *value = NULL, *at;
	FILE *f = fopen(file, "re");
	bool found = false;
	size_t size = 0;

	while (f && !value && getline(&line, &size, f) > 0 && !ends_header(line)) {
		if (found && !isspace((unsigned char)*line))
			break;
		if (!found && !is_header(line, name))
			continue;
		at = found ? line : line + strlen(name);
		at += strspn(at, " \t");
		at[strcspn(at, "\r\n")] = '\0';
		value = *at ? xstrdup(at) : NULL;
		found = true;
	}
	if (f)
		fclose(f);
	free(line);
	return value;
}

/* "<id>" without the brackets; NULL if it cannot be one. */
static char *find_message_id(const char *file)
{
	char *value = find_header(file, "Message-ID:"), *id = NULL;
	const char *start = value ? strchr(value, '<') : NULL;
	const char *at, *end = start ? strchr(start, '>') : NULL;

	for (at = start; end && at < end && isgraph((unsigned char)*at); at++)
		;
	if (end && at == end && end > start + 1)
		id = xasprintf("%.*s", (int)(end - start - 1), start + 1);
	free(value);
	return id;
}

/* The value of "Name: " in what mailinfo prints, on one line, to be freed; NULL if empty. */
static char *find_info(const char *info, const char *name)
{
	const char *line;
	char *value, *at;

	for (line = info; *line && strncmp(line, name, strlen(name)); line = next_line(line))
		;
	if (!*line)
		return NULL;
	line += strlen(name);
	value = xasprintf("%.*s", (int)strcspn(line, "\n"), line);
	for (at = value; *at; at++)
		if (iscntrl((unsigned char)*at))
			*at = ' ';
	if (*value)
		return value;
	free(value);
	return NULL;
}

/* Run mailinfo; @keep: with what stands in brackets before the subject. */
static int run_mailinfo(const struct patch *patch, const char *file, bool keep, char **info,
			char *err, size_t err_size)
{
	const struct patch_git call = { .input = file, .output = info };
	const char *const *args =
		keep ? ARGS("mailinfo", "-u", "--no-scissors", "-k", patch->message, patch->diff)
		     : ARGS("mailinfo", "-u", "--no-scissors", patch->message, patch->diff);
	int status = patch_git(&call, args);

	if (status && status != -EINTR)
		status = refuse(err, err_size, "%s: cannot read the mail: %s", patch->name,
				patch_git_reason());
	if (!*info)
		*info = xstrdup("");
	return status;
}

int mail_read(struct patch *patch, const char *file, char *err, size_t err_size)
{
	char *info = NULL, *whole = NULL;
	int status;

	patch->diff = xasprintf("%s.diff", file);
	patch->message = xasprintf("%s.text", file);
	status = run_mailinfo(patch, file, true, &whole, err, err_size);
	if (!status)
		status = run_mailinfo(patch, file, false, &info, err, err_size);
	if (!status) {
		patch->title = find_info(whole, "Subject: ");
		patch->subject = find_info(info, "Subject: ");
		patch->author = find_info(info, "Author: ");
		patch->email = find_info(info, "Email: ");
		patch->date = find_info(info, "Date: ");
		patch->message_id = find_message_id(file);
	}
	free(info);
	free(whole);
	return status;
}
