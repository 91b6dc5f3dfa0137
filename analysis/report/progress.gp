# SPDX-License-Identifier: GPL-2.0-or-later
#
# gnuplot -c progress.gp STYLE DATA OUTPUT TITLE UNIT VARIANTS NAMES
#
# Bytes resized over time. DATA: per variant one block with the boot nearest the
# median (x y), then one with all other boots, separated by blank lines. NAMES:
# the variants, separated by blanks.

load ARG1
data = ARG2
variants = int(ARG6)

eval beside
set xlabel ARG5
set ylabel 'GiB resized'
set grid xtics

do for [format in "svg png"] {
	eval 'set terminal ' . (format eq "svg" ? svg_terminal(900 + wide(variants), 460) : png_terminal(900 + wide(variants), 460))
	set output ARG3 . '.' . format
	set title ARG4
	plot for [v = 1:variants] data index 2 * v - 1 using 1:2 with lines lw 0.6 \
			lc rgb '#55' . substr(colour[pick(v)], 2, 7) notitle, \
		for [v = 1:variants] data index 2 * v - 2 using 1:2 with lines lw 2 \
			dt dash[pick(v)] lc rgb colour[pick(v)] title word(ARG7, v)
}
