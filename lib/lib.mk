# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the programs share.

lib_src := $(wildcard lib/*.c)
all_src += $(lib_src)
archives += $(O)/lib.a

$(O)/lib.a: $(call obj,$(lib_src))
$(O)/lib/directory.o: ALL_CFLAGS += -DSOURCE_DIR='"$(CURDIR)"'
