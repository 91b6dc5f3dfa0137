/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FAKE_CLOCK_H
#define TESTS_FAKE_CLOCK_H

/* How far the fake agent's clock is ahead of the host's. */
#define FAKE_CLOCK_AHEAD_NS 12345678901LL

#endif
