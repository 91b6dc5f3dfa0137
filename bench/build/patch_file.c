/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/patch_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "bench/build/mail.h"
#include "bench/build/patch_git.h"
#include "bench/build/process.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/json_file.h"
#include "lib/log.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* A patch from one release of the kernel to the next has less; git applies none above 1 GiB. */
#define PATCH_MAX (256ULL << 20)
#define MAILBOX_MAX (1ULL << 30)
/* Bytes of a file that decide what kind it is; more than the headers of a mail have. */
#define HEAD_SIZE 65536
#define NO_SPACE "its copy cannot be written; free some space, or set TMPDIR"
#define DAMAGED "it ends early or is damaged"

struct patch *patches_add(struct patches *patches)
{
	struct patch *patch;

	patches->items = xreallocarray(patches->items, patches->count + 1, sizeof(*patches->items));
	patch = &patches->items[patches->count++];
	*patch = (struct patch){ .name = NULL };
	return patch;
}

int patch_list_directory(struct patch_list *list, char *err, size_t err_size)
{
	char path[PATH_MAX];
	int status;

	if (list->directory)
		return 0;
	status = private_directory(path, sizeof(path), "balloonbench-patches");
	if (status)
		return refuse(err, err_size, "cannot create a directory in %s: %s; set TMPDIR",
			      getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", strerror(-status));
	list->directory = realpath(path, NULL);
	return list->directory ? 0 : refuse(err, err_size, "%s: %s", path, strerror(errno));
}

static const char *too_large(unsigned long long max)
{
	return max == PATCH_MAX ? "larger than 256 MiB; is it a patch?"
				: "larger than 1 GiB; is it a mailbox?";
}

/* Copy all of @in to @out; keep its first bytes. NULL, or what is wrong. */
static const char *copy_stream(gzFile in, FILE *out, unsigned long long max, char *head)
{
	unsigned long long total = 0;
	char buffer[HEAD_SIZE - 1];
	int n;

	while ((n = gzread(in, buffer, sizeof(buffer))) > 0) {
		if (!total)
			memcpy(head, buffer, n);
		total += n;
		if (total > max)
			return too_large(max);
		if (fwrite(buffer, 1, n, out) != (size_t)n)
			return NO_SPACE;
	}
	return n < 0 ? DAMAGED : NULL;
}

/* Copy a regular file. 0, or a message. @head is zeroed. */
static int copy_file(const struct patch_file *file, const char *to, char *head, char *err,
		     size_t err_size)
{
	const char *problem = NULL;
	int fd = regular_file_open(file->path);
	gzFile in = fd >= 0 ? gzdopen(fd, "rb") : NULL;
	FILE *out = in ? fopen(to, "we") : NULL;
	const unsigned long long max = file->mailbox ? MAILBOX_MAX : PATCH_MAX;
	struct stat st;

	if (fd == -EINVAL && !stat(file->path, &st) && S_ISDIR(st.st_mode))
		problem = "a directory; expected a file";
	else if (fd == -EINVAL)
		problem = "not a regular file";
	else if (fd < 0)
		problem = strerror(-fd);
	else if (!out)
		problem = NO_SPACE;
	else if (!stat(file->path, &st) && (unsigned long long)st.st_size > max)
		problem = too_large(max);
	else
		problem = copy_stream(in, out, max, head);
	if (out && fclose(out) && !problem)
		problem = NO_SPACE;
	/* That a compressed file is cut off is an error of the close. */
	if (in && gzclose_r(in) != Z_OK && !problem)
		problem = DAMAGED;
	return problem ? refuse(err, err_size, "cannot read %s: %s", file->path, problem) : 0;
}

/* The content shows that git cannot apply it, and would not say why. NULL if nothing is wrong. */
static const char *odd_content(const char *text, size_t size)
{
	if (size >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)))
		return "it is UTF-16; convert it to UTF-8";
	if (strlen(text) != size)
		return "there are NUL bytes in it: this is no patch";
	if (strstr(text, "\n***************"))
		return "it is a context diff; make a unified one, as `diff -u` does";
	return NULL;
}

/* See what git finds in the diff. 0 or -EINTR. */
static int check_diff(struct patch *patch)
{
	char strip[8];
	const struct patch_git call = { .git_dir = NULL };
	const char *problem = NULL;
	int status = 0;
	size_t size = 0;
	char *text = regular_file_read(patch->diff, 0, &size);

	snprintf(strip, sizeof(strip), "-p%u", patch->strip);
	if (text && size)
		problem = odd_content(text, size);
	else
		patch->empty = true;
	if (!problem && !patch->empty)
		status = patch_git(&call, ARGS("apply", "--numstat", strip, patch->diff));
	if (status && status != -EINTR) {
		patch->empty = strstr(process_error(), "No valid patches") != NULL;
		problem = patch->empty ? NULL : patch_git_reason();
	}
	patch->problem = xstrdup(problem);
	free(text);
	return status == -EINTR ? status : 0;
}

/* "x/0001-fix.patch" without directory and suffix, to be freed. */
static char *stem(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = xstrdup(slash ? slash + 1 : path);
	char *dot = strrchr(name, '.');

	if (dot && dot > name)
		*dot = '\0';
	return name;
}

/* The first line of what stands before a plain diff, to be freed; NULL if there is none. */
static char *first_line(const char *head)
{
	static const char *const starts[] = { "diff ", "--- ", "---\n", "+++ ", "Index:",
					      "===",   "#",    "\n",	"\r",	NULL };
	const char *line = head, *const * start;
	size_t n;

	while (*line) {
		n = strcspn(line, "\r\n");
		for (start = starts; *start && strncmp(line, *start, strlen(*start)); start++)
			;
		if (!*start)
			return xasprintf("%.*s", n < 200 ? (int)n : 200, line);
		/* Only a comment or an empty line may come before it. */
		if (!strchr("#\r\n", *line))
			return NULL;
		line += n;
		line += *line == '\r';
		line += *line == '\n';
	}
	return NULL;
}

static int add_plain(const struct patch_file *file, const char *copy, const char *head,
		     struct patches *patches)
{
	struct patch *patch = patches_add(patches);

	patch->name = xstrdup(file->name);
	patch->strip = file->strip;
	patch->diff = xstrdup(copy);
	patch->subject = first_line(head);
	if (!patch->subject)
		patch->subject = stem(file->name);
	patch->title = xstrdup(patch->subject);
	return check_diff(patch);
}

static int add_mails(const struct patch_file *file, const char *copy, const char *head,
		     struct patches *patches, char *err, size_t err_size)
{
	char *directory = xasprintf("%s.mails", copy), *mail;
	struct patch *patch;
	size_t count, i;
	int status = mail_split(copy, head, directory, &count, err, err_size);

	for (i = 1; !status && i <= count; i++) {
		patch = patches_add(patches);
		patch->name = count > 1 || file->mailbox
				      ? xasprintf("%s, message %zu", file->name, i)
				      : xstrdup(file->name);
		patch->strip = file->strip;
		mail = xasprintf("%s/%05zu", directory, i);
		status = mail_read(patch, mail, err, err_size);
		if (!patch->subject)
			patch->subject = stem(file->name);
		if (!patch->title)
			patch->title = xstrdup(patch->subject);
		if (!status)
			status = check_diff(patch);
		free(mail);
	}
	free(directory);
	return status;
}

int patch_file_read(struct patch_list *list, const struct patch_file *file, struct patches *patches,
		    char *err, size_t err_size)
{
	char *head = xcalloc(1, HEAD_SIZE), *copy = NULL;
	int status = patch_list_directory(list, err, err_size);

	if (status)
		goto out;
	copy = xasprintf("%s/%zu", list->directory, ++list->copies);
	status = copy_file(file, copy, head, err, err_size);
	if (status)
		goto out;
	if (is_mail(head))
		status = add_mails(file, copy, head, patches, err, err_size);
	else if (file->mailbox)
		status = refuse(err, err_size,
				"%s: it does not begin with a mail; is it a mailbox?", file->path);
	else
		status = add_plain(file, copy, head, patches);
	if (status == -EINTR)
		snprintf(err, err_size, "interrupted");
out:
	free(copy);
	free(head);
	return status;
}
