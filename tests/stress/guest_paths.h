/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STRESS_GUEST_PATHS_H
#define STRESS_GUEST_PATHS_H

/* Files in the guest that the stress reads and writes. */

/* The serial port is the first virtio device, the balloon the second. */
#define BALLOON_DEVICE "virtio1"
#define BALLOON_DRIVER "/sys/bus/virtio/drivers/virtio_balloon/"
#define PCI_DEVICES "/sys/bus/pci/devices/"
#define PCI_RESCAN "/sys/bus/pci/rescan"
#define COMPACT_MEMORY "/proc/sys/vm/compact_memory"
#define DROP_CACHES "/proc/sys/vm/drop_caches"
#define PM_TEST "/sys/power/pm_test"
#define POWER_STATE "/sys/power/state"
#define FAIL_PAGE_ALLOC "/sys/kernel/debug/fail_page_alloc/"
#define KMEMLEAK "/sys/kernel/debug/kmemleak"

#endif
