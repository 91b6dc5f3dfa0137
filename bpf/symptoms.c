/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/symptoms.h"

#include <stddef.h>

const struct worked_example symptoms[] = {
	{ "A virtual machine that does not shrink",
	  "Management has asked a guest of 512 MiB for half of its memory, and the host has not "
	  "got "
	  "it back. Is it the guest, or the host? Trace while the balloon is inflated, and ask "
	  "QEMU "
	  "for its size:\n"
	  "  # balloontrace host -p 10793 --qmp /run/vm/web.qmp\n"
	  "  balloontrace host: tracing 1 process until Ctrl-C\n"
	  "  web (10793, QEMU)\n"
	  "    memory, before and after\n"
	  "      resident                1.621 GiB ->  1.621 GiB\n"
	  "      locked                  1.797 GiB ->  1.797 GiB\n"
	  "      advised to be freed 0 B, freed 0 B: memory is locked: MADV_DONTNEED of it fails "
	  "with "
	  "EINVAL\n"
	  "    balloon: the guest has 256 MiB\n"
	  "    dontneed: 65536 calls, 0 B, 65536 errors: EINVAL 65536\n"
	  "The guest has done its part: it has 256 MiB, and QEMU has made a call for each of 65536 "
	  "pages. Each has failed, because this QEMU was started with -overcommit mem-lock=on. If "
	  "the "
	  "guest had more than it should, the reason would be in the guest: see balloontrace guest "
	  "there. If the calls had succeeded and nothing was freed, the last line of memory would "
	  "say "
	  "that it is shared or hugetlb.\n" },
	{ "A guest that stalls",
	  "Programs of a guest whose balloon is inflated stall when they need memory. In the "
	  "guest:\n"
	  "  # balloontrace guest\n"
	  "  balloontrace guest: tracing the balloon driver until Ctrl-C\n"
	  "    dequeue: 13056, one in 16 timed\n"
	  "      n 816, mean 995 ns, p50 911 ns [911 ns, 911 ns], max 9.72 us\n"
	  "  out of puff 0, migrations to be tried again (-EAGAIN) 0, failed 0\n"
	  "  out of memory: 51 calls of the notifier\n"
	  "A program that filled 192 MiB, of which 51 MiB were in the balloon, has run out of "
	  "memory 51 "
	  "times: each time the kernel reclaimed what it could, and then asked the balloon, by "
	  "deflate-on-oom, which gave 256 pages, 1 MiB. No inflate or deflate was asked for by "
	  "management, which should have deflated the balloon earlier.\n" },
	{ NULL, NULL },
};
