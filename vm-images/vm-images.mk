# SPDX-License-Identifier: GPL-2.0-or-later
#
# Guest kernels, QEMU and the initramfs. Kernels and QEMU are built in the cache.

images := $(O)/images.ini
scripts += vm-images/fetch-source vm-images/build-qemu vm-images/make-initramfs vm-images/make-sysroot vm-images/cache.sh

$(O)/initramfs.cpio: $(O)/balloonguest vm-images/make-initramfs
	$(say) CPIO $@
	$(Q)vm-images/make-initramfs $< $@ $(SYSROOT)

# The agents of other machines, by the same rules in a directory of their own: with their
# compiler, and what Debian has for them.
debian_ppc64le := ppc64el
debian_aarch64 := arm64
triplet_ppc64le := powerpc64le-linux-gnu
triplet_aarch64 := aarch64-linux-gnu
foreign := $(patsubst %,$(O)/%/initramfs.cpio,ppc64le aarch64)

.PHONY: ppc64le aarch64
ppc64le: $(O)/ppc64le/initramfs.cpio ## the agent of guests of that machine, for kernels of build --arch
aarch64: $(O)/aarch64/initramfs.cpio ## likewise

$(foreign): $(O)/%/initramfs.cpio: FORCE | $(O)/.deps
	$(Q)command -v $(triplet_$*)-gcc >/dev/null || { echo "$@: there is no $(triplet_$*)-gcc;" \
		"its package is gcc-$(triplet_$*)" >&2; exit 3; }
	$(Q)sysroot=$$(vm-images/make-sysroot $(debian_$*)) && \
		$(MAKE) --no-print-directory O=$(O)/$* SYSROOT=$$sysroot \
		MULTIARCH=$$($(CC) -print-multiarch) \
		CC="$(triplet_$*)-gcc -isystem $$sysroot/usr/include/$(triplet_$*) -isystem $$sysroot/usr/include" \
		AR=$(triplet_$*)-ar \
		LDFLAGS="-Wl,--sysroot=$$sysroot -L$$sysroot/usr/lib/$(triplet_$*) -Wl,-rpath-link,$$sysroot/usr/lib/$(triplet_$*)" \
		$(O)/$*/initramfs.cpio

# Runs every time: time stamps say nothing about the cache, KERNEL_SRC and QEMU. It takes a
# moment if everything is there.
.PHONY: FORCE
build_kernels = INITRAMFS=$(abspath $(O)/initramfs.cpio) $(O)/balloonbench build --images $@
build_debug = $(build_kernels) --debug

# One build of each kernel, and the configurations that the default suite boots.
builds_of = $(if $(BUILDS),,--suite default --builds 1)

$(images): FORCE $(O)/balloonbench | $(O)/.deps
	$(Q)$(build_kernels) $(builds_of) $(if $(BUILDS),--builds $(BUILDS))
