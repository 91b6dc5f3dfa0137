/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A series in a mailbox: one version of it, in the order of its numbers, without the discussion.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/build/patch_file.h"
#include "bench/build/patch_list.h"
#include "lib/alloc.h"
#include "lib/log.h"

/* What the brackets before a subject say: "[PATCH v2 3/5]". */
struct place {
	unsigned long version; /* 1 if none is given */
	unsigned long number, total;
	bool numbered;
};

struct mailbox {
	const char *path;
	struct patches mails;
	struct place *places;
	char *err;
	size_t err_size;
};

/* "v2", "V2", also at the end of "PATCHv2". */
static void read_version(const char *word, size_t n, struct place *place)
{
	size_t digits = n;

	while (digits && isdigit((unsigned char)word[digits - 1]))
		digits--;
	if (digits < n && digits && (word[digits - 1] == 'v' || word[digits - 1] == 'V'))
		place->version = strtoul(word + digits, NULL, 10);
}

static void read_number(const char *word, size_t n, struct place *place)
{
	char *end;
	unsigned long number = strtoul(word, &end, 10), total;

	if (!isdigit((unsigned char)*word) || *end != '/' || !isdigit((unsigned char)end[1]))
		return;
	total = strtoul(end + 1, &end, 10);
	if (end != word + n || total > 9999 || number > total)
		return;
	place->number = number;
	place->total = total;
	place->numbered = true;
}

static struct place read_place(const char *title)
{
	struct place place = { .version = 1 };
	size_t n;

	while (*title == '[') {
		for (title++; *title && *title != ']'; title += n) {
			title += strspn(title, " ,");
			n = strcspn(title, " ,]");
			read_version(title, n, &place);
			read_number(title, n, &place);
		}
		title += *title == ']';
		title += strspn(title, " ");
	}
	return place;
}

/* "Re: ", and what mailers of other languages write; "Fwd: ". */
static bool is_reply(const char *title)
{
	static const char *const words[] = { "re:", "aw:", "sv:", "fw:", "fwd:", NULL };
	const char *const *word;

	for (word = words; *word; word++)
		if (!strncasecmp(title, *word, strlen(*word)))
			return true;
	return false;
}

static void skip(struct mailbox *box, size_t i, const char *why)
{
	const struct patch *mail = &box->mails.items[i];

	log_info("%s: '%s': %s; skipped", mail->name, mail->title, why);
	patch_release(&box->mails.items[i]);
}

static bool is_there(const struct mailbox *box, size_t i)
{
	return box->mails.items[i].name != NULL;
}

static bool is_numbered(const struct mailbox *box, size_t i)
{
	return is_there(box, i) && box->places[i].numbered;
}

static void skip_talk(struct mailbox *box)
{
	const struct patch *mail;
	size_t i;

	for (i = 0; i < box->mails.count; i++) {
		mail = &box->mails.items[i];
		box->places[i] = read_place(mail->title);
		if (is_reply(mail->title))
			skip(box, i, "a reply");
		else if (box->places[i].numbered && !box->places[i].number)
			skip(box, i, "a cover letter");
		else if (mail->empty)
			skip(box, i, "there is no patch in it");
	}
}

/* A mail that came over two lists is there twice. */
static void skip_copies(struct mailbox *box)
{
	const char *id, *other;
	size_t i, k;

	for (i = 0; i < box->mails.count; i++) {
		id = box->mails.items[i].message_id;
		for (k = 0; k < i && id; k++) {
			other = box->mails.items[k].message_id;
			if (other && !strcmp(id, other)) {
				skip(box, i, "the same mail as before");
				break;
			}
		}
	}
}

static unsigned long highest_version(const struct mailbox *box, bool *several)
{
	unsigned long version = 0;
	size_t i;

	*several = false;
	for (i = 0; i < box->mails.count; i++) {
		if (!is_numbered(box, i))
			continue;
		*several = *several || (version && version != box->places[i].version);
		if (box->places[i].version > version)
			version = box->places[i].version;
	}
	return version;
}

/* Keep the highest version of a numbered series only. */
static void skip_other_versions(struct mailbox *box)
{
	bool several;
	unsigned long version = highest_version(box, &several);
	size_t i;

	if (several)
		log_info("%s: several versions of the series; v%lu is taken", box->path, version);
	for (i = 0; i < box->mails.count && version; i++) {
		if (!is_there(box, i))
			continue;
		if (!box->places[i].numbered)
			skip(box, i, "it has no number, as the patches of the series have");
		else if (box->places[i].version != version)
			skip(box, i, "an older version");
	}
}

/* Keep the highest version of each subject, of patches that have no number. */
static void skip_older_singles(struct mailbox *box)
{
	const struct patch *mails = box->mails.items;
	size_t i, k;

	for (i = 0; i < box->mails.count; i++) {
		for (k = 0; k < box->mails.count && is_there(box, i); k++)
			if (is_there(box, k) && !box->places[i].numbered &&
			    box->places[k].version > box->places[i].version &&
			    !strcmp(mails[k].subject, mails[i].subject))
				skip(box, i, "an older version");
	}
}

static int refuse_pair(struct mailbox *box, size_t i, size_t k)
{
	return refuse(box->err, box->err_size,
		      "%s: '%s' and '%s' cannot be of one series; make it a mailbox of one series",
		      box->path, box->mails.items[i].title, box->mails.items[k].title);
}

/* Take the mails in the order of their numbers; those without keep the order of the mailbox. */
static int take_numbered(struct mailbox *box, struct patches *patches)
{
	unsigned long number, total = 0;
	size_t i, first = 0, found;

	for (i = 0; i < box->mails.count; i++) {
		if (!is_numbered(box, i))
			continue;
		if (total && total != box->places[i].total)
			return refuse_pair(box, first, i);
		first = total ? first : i;
		total = box->places[i].total;
	}
	for (number = 1; number <= total; number++) {
		found = box->mails.count;
		for (i = 0; i < box->mails.count; i++) {
			if (!is_numbered(box, i) || box->places[i].number != number)
				continue;
			if (found < box->mails.count)
				return refuse_pair(box, found, i);
			found = i;
		}
		if (found == box->mails.count)
			return refuse(box->err, box->err_size,
				      "%s: %lu/%lu is missing; get the whole series, as `b4 am` "
				      "does",
				      box->path, number, total);
		*patches_add(patches) = box->mails.items[found];
		box->mails.items[found] = (struct patch){ .name = NULL };
	}
	return 0;
}

static int take_all(struct mailbox *box, struct patches *patches)
{
	int status = take_numbered(box, patches);
	const struct patch *patch;
	size_t i;

	for (i = 0; !status && i < box->mails.count; i++) {
		if (!is_there(box, i))
			continue;
		*patches_add(patches) = box->mails.items[i];
		box->mails.items[i] = (struct patch){ .name = NULL };
	}
	for (patch = patches->items; !status && patch < patches->items + patches->count; patch++)
		if (patch->problem)
			status = refuse(box->err, box->err_size, "%s: '%s': %s", patch->name,
					patch->title, patch->problem);
	if (!status && !patches->count)
		status = refuse(box->err, box->err_size, "%s: there is no patch in it", box->path);
	return status;
}

int patch_list_read_mbox(struct patch_list *list, const char *path, char *err, size_t err_size)
{
	struct mailbox box = { .path = path, .places = NULL };
	const char *slash = strrchr(path, '/');
	const struct patch_file file = {
		.path = path, .name = slash ? slash + 1 : path, .strip = 1, .mailbox = true
	};
	int status;
	size_t i;

	box.err = err;
	box.err_size = err_size;
	*list = (struct patch_list){ .copies = 0 };
	status = patch_file_read(list, &file, &box.mails, err, err_size);
	if (!status) {
		box.places = xcalloc(box.mails.count, sizeof(*box.places));
		skip_talk(&box);
		skip_copies(&box);
		skip_other_versions(&box);
		skip_older_singles(&box);
		status = take_all(&box, &list->patches);
	}
	for (i = 0; i < box.mails.count; i++)
		patch_release(&box.mails.items[i]);
	free(box.mails.items);
	free(box.places);
	return status;
}
