/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_PROTOCOL_H
#define GUEST_PROTOCOL_H

/*
 * What both ends of the guest channel agree on; README.md beside this file
 * describes the messages. The version changes when an old agent would
 * misunderstand a new host, or the other way round.
 */
#define GUEST_PROTOCOL_VERSION 1

/* Name of the virtio-serial port. */
#define GUEST_PORT_NAME "balloonbench.0"

/* Word of the kernel's command line that tells the agent which CPU to run on. */
#define GUEST_CPU_VARIABLE "BALLOONGUEST_CPU"

#endif
