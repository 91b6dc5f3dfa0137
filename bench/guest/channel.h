/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_CHANNEL_H
#define GUEST_CHANNEL_H

#include <jansson.h>

/*
 * The agent's half of the guest channel: JSON objects, one a line, over the
 * virtio-serial port GUEST_PORT_NAME. Blocking: the agent has nothing else to do.
 */

/* Find and open the port; 0 or -errno. */
int channel_open(void);

/* Talk over a connected stream, which is owned from now on; one taken before is closed. */
int channel_take(int fd);

/* Send a message; the reference is stolen. */
int channel_send(json_t *msg);

/* Next message, or NULL when the host has gone or sends what is no JSON object. */
json_t *channel_receive(void);

#endif
