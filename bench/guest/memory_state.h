/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_MEMORY_STATE_H
#define GUEST_MEMORY_STATE_H

#include "bench/guest/request.h"

/*
 * Requests that bring memory into a state, and tell what state it is in; their
 * arguments and answers stand in README.md.
 */
json_t *do_touch(struct request *req);
json_t *do_fill(struct request *req);
json_t *do_verify(struct request *req);
json_t *do_free(struct request *req);
json_t *do_cache(struct request *req);
json_t *do_fragment(struct request *req);
json_t *do_hold_high(struct request *req);
json_t *do_free_high(struct request *req);
json_t *do_release(struct request *req);
json_t *do_compact(struct request *req);
json_t *do_vmstat(struct request *req);
json_t *do_meminfo(struct request *req);
json_t *do_buddy(struct request *req);

#endif
