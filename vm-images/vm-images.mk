# SPDX-License-Identifier: GPL-2.0-or-later
#
# Guest kernels, QEMU and the initramfs. Kernels and QEMU are built in the cache.

images := $(O)/images.ini
scripts += vm-images/fetch-source vm-images/build-qemu vm-images/make-initramfs vm-images/cache.sh

$(O)/initramfs.cpio: $(O)/balloonguest vm-images/make-initramfs
	$(say) CPIO $@
	$(Q)vm-images/make-initramfs $< $@

# Runs every time: time stamps say nothing about the cache, KERNEL_SRC and QEMU. It takes a
# moment if everything is there.
.PHONY: FORCE
build_kernels = INITRAMFS=$(abspath $(O)/initramfs.cpio) $(O)/balloonbench build --images $@
build_debug = $(build_kernels) --debug
build_mainline = INITRAMFS=$(abspath $(O)/initramfs.cpio) BALLOONBENCH=$(abspath $(O)/balloonbench) scripts/build-mainline

# One build of each kernel, and the configurations that the default suite boots.
builds_of = $(if $(BUILDS),,--suite default --builds 1)

$(images): FORCE $(O)/balloonbench | $(O)/.deps
	$(Q)$(build_kernels) $(builds_of) $(if $(BUILDS),--builds $(BUILDS))
