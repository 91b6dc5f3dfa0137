/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/html/html_embed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/html/html_text.h"
#include "lib/data_path.h"

static int read_all(int fd, char *text, size_t size)
{
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = read(fd, text + done, size - done);
		if (n <= 0)
			return n ? -errno : -EIO;
		done += n;
	}
	return 0;
}

/* 0 or -errno; @text is to be freed, and has a byte 0 after its end. */
static int read_regular(const char *path, int flags, char **text, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags), err = -EINVAL;
	struct stat st;

	*text = NULL;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		goto out;
	*size = st.st_size;
	*text = calloc(1, *size + 1);
	err = *text ? read_all(fd, *text, *size) : -ENOMEM;
	if (err) {
		free(*text);
		*text = NULL;
	}
out:
	close(fd);
	return err;
}

int html_asset_load(struct html_asset *asset, const char *name, char *err, size_t err_size)
{
	char path[PATH_MAX], relative[64];
	int status;

	snprintf(relative, sizeof(relative), "html/%s", name);
	data_path("analysis", relative, path, sizeof(path));
	status = read_regular(path, 0, &asset->text, &asset->size);
	if (status)
		snprintf(err, err_size,
			 "cannot read %s: %s; it belongs to balloonstat: make install puts it "
			 "there, --no-html does without",
			 path, strerror(-status));
	return status;
}

void html_asset_release(struct html_asset *asset)
{
	free(asset->text);
}

static void write_base64(FILE *f, const void *data, size_t size)
{
	char *text = malloc(BASE64_ENCODE_RAW_LENGTH(size) + 1);

	if (!text)
		return;
	base64_encode_raw(text, size, data);
	fwrite(text, 1, BASE64_ENCODE_RAW_LENGTH(size), f);
	free(text);
}

void html_asset_source(FILE *f, const struct html_asset *asset)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, asset->size, (const uint8_t *)asset->text);
	sha256_digest(&ctx, sizeof(digest), digest);
	fputs("'sha256-", f);
	write_base64(f, digest, sizeof(digest));
	fputs("'", f);
}

void html_figure(FILE *f, const char *path, const char *caption)
{
	size_t size = 0;
	char *svg;

	/* Nothing that a tree of somebody else's has put there in a plot's place. */
	if (read_regular(path, O_NOFOLLOW, &svg, &size)) {
		fputs("<figure class=\"absent\"><figcaption>Not drawn: ", f);
		html_escaped(f, caption);
		fputs("</figcaption></figure>\n", f);
		return;
	}
	fputs("<figure><img alt=\"", f);
	html_escaped(f, caption);
	fputs("\" src=\"data:image/svg+xml;base64,", f);
	write_base64(f, svg, size);
	fputs("\"><figcaption>", f);
	html_escaped(f, caption);
	fputs("</figcaption></figure>\n", f);
	free(svg);
}
