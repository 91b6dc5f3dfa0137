# SPDX-License-Identifier: GPL-2.0-or-later
#
# balloonstat.

analysis_src := $(filter-out analysis/main.c,$(wildcard analysis/*.c analysis/*/*.c))
all_src += $(analysis_src) analysis/main.c
archives += $(O)/analysis.a
programs += $(O)/balloonstat

$(O)/analysis.a: $(call obj,$(analysis_src))
$(O)/balloonstat: $(O)/analysis/main.o $(O)/analysis.a $(O)/lib.a
$(O)/balloonstat: LDLIBS += $(HTML_LDLIBS)
