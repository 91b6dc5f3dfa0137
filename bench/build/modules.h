/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_MODULES_H
#define BENCH_BUILD_MODULES_H

#include <stddef.h>

/*
 * The modules that a guest needs, and what they depend on. To reach the balloon and the host:
 * virtio_pci, virtio_console, virtio_balloon, virtio_mem where there is one. A guest that is a host
 * itself has no balloon, and needs KVM: kvm_amd and kvm_intel. The dependencies are
 * those that the modules name themselves (.modinfo), so that neither depmod nor modules.dep is
 * needed, and nothing is written into the user's directory.
 */

/*
 * Write the modules of the kernel @release into the cpio archive @path: /modules/NAME.ko, not
 * compressed, and /modules/order, their names in the order to load them.
 *
 * @dir: lib/modules/RELEASE; a directory that has it, as / or an INSTALL_MOD_PATH; or the tree that
 * the kernel was built in. Modules that modules.builtin lists are skipped. Returns the number of
 * modules: if it is 0, there is no archive; -EINVAL with a message if a module is neither there nor
 * built in, or the modules are of another kernel; -EINTR; another -errno with a message.
 */
enum modules_for { MODULES_OF_GUEST, MODULES_OF_HOST };

int modules_pack(const char *dir, const char *release, enum modules_for whom, const char *path,
		 char *err, size_t err_size);

#endif
