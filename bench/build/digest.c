/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/digest.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

static void write_hex(struct sha256_ctx *context, char digest[DIGEST_LENGTH + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[SHA256_DIGEST_SIZE];
	size_t i;

	sha256_digest(context, sizeof(bytes), bytes);
	for (i = 0; i < sizeof(bytes); i++) {
		digest[2 * i] = digits[bytes[i] >> 4];
		digest[2 * i + 1] = digits[bytes[i] & 15];
	}
	digest[DIGEST_LENGTH] = '\0';
}

void digest_text(const char *text, char digest[DIGEST_LENGTH + 1])
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, strlen(text), (const uint8_t *)text);
	write_hex(&context, digest);
}

int digest_file(const char *path, char digest[DIGEST_LENGTH + 1])
{
	FILE *file = fopen(path, "re");
	struct sha256_ctx context;
	uint8_t data[65536];
	int err = 0;
	size_t n;

	if (!file)
		return -errno;
	sha256_init(&context);
	while ((n = fread(data, 1, sizeof(data), file)))
		sha256_update(&context, n, data);
	if (ferror(file))
		err = -EIO;
	fclose(file);
	write_hex(&context, digest);
	return err;
}

void digest_key(const char *text, char key[KEY_LENGTH + 1])
{
	char digest[DIGEST_LENGTH + 1];

	digest_text(text, digest);
	memcpy(key, digest, KEY_LENGTH);
	key[KEY_LENGTH] = '\0';
}
