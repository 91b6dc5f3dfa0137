# SPDX-License-Identifier: GPL-2.0-or-later
#
# gnuplot -c replay.gp STYLE DATA OUTPUT TITLE UNIT VARIANTS NAMES
#
# A workload over time. DATA: per variant three blocks of (seconds, GiB): the demand of
# the boot nearest the median, its footprint, the footprints of all others separated by
# blank lines. The demand is drawn once, that of the first variant.

load ARG1
data = ARG2
variants = int(ARG6)

set key outside right top Left reverse samplen 2
set xlabel ARG5
set ylabel 'GiB'
set yrange [0:*]
set grid xtics

do for [format in "svg png"] {
	eval 'set terminal ' . (format eq "svg" ? svg_terminal(1120, 460) : png_terminal(1120, 460))
	set output ARG3 . '.' . format
	set title ARG4
	plot data index 0 using 1:2 with filledcurves y=0 lc rgb '#dddddd' title 'demand', \
		for [v = 1:variants] data index 3 * v - 1 using 1:2 with steps lw 0.6 \
			lc rgb '#55' . substr(colour[pick(v)], 2, 7) notitle, \
		for [v = 1:variants] data index 3 * v - 2 using 1:2 with steps lw 2 \
			dt dash[pick(v)] lc rgb colour[pick(v)] title word(ARG7, v)
}
