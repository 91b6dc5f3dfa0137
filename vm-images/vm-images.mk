# SPDX-License-Identifier: GPL-2.0-or-later
#
# What boots: guest kernels, QEMU, the initramfs. The heavy part is in the cache.

images := $(O)/images.ini
scripts += vm-images/fetch-source vm-images/build-kernels vm-images/build-qemu vm-images/make-initramfs vm-images/cache.sh

$(O)/initramfs.cpio: $(O)/balloonguest vm-images/make-initramfs
	$(say) CPIO $@
	$(Q)vm-images/make-initramfs $< $@

# Asked each time: what the cache holds, and what KERNEL_SRC and QEMU name, is
# nothing that a date tells. It takes a moment when all is there.
.PHONY: FORCE
build_kernels = INITRAMFS=$(abspath $(O)/initramfs.cpio) vm-images/build-kernels $@
build_debug = KERNEL_CONFIG=vm-images/config/debug.config $(build_kernels)

$(images): FORCE | $(O)/.deps
	$(Q)$(build_kernels)
