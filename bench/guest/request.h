/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_REQUEST_H
#define GUEST_REQUEST_H

#include <jansson.h>

/* A request being answered. */
struct request {
	const json_t *msg;
	json_int_t id;
	const char *error; /* set by a handler that refuses */
	char text[512];	   /* room for it */
};

/*
 * Handlers return what the answer says beside "id" and "ok", or NULL: with an
 * error, or because they have answered themselves.
 */
typedef json_t *(*request_handler)(struct request *req);

#endif
