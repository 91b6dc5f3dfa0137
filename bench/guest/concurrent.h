/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_CONCURRENT_H
#define GUEST_CONCURRENT_H

#include "bench/guest/request.h"

/*
 * Several things at the same time: each task of the request is a process of its
 * own, and a list of steps that it goes through. The request is answered when
 * they all are about to begin; the event "together" comes when the last one has
 * ended. What goes wrong in a step is reported, and the next one follows.
 */
json_t *do_concurrent(struct request *req);

#endif
