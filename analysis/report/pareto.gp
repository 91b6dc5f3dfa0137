# SPDX-License-Identifier: GPL-2.0-or-later
#
# gnuplot -c pareto.gp STYLE DATA OUTPUT TITLE UNIT VARIANTS NAMES
#
# Time at work over footprint, both as ratios to the base: a point per variant. Left and
# low is good. DATA: for each variant a block of one line (x low high y low high); the
# base has no interval. UNIT: that of x, a bar, that of y.

load ARG1
data = ARG2
variants = int(ARG6)
bar = strstrt(ARG5, '|')

set xlabel ARG5[1:bar - 1]
set ylabel ARG5[bar + 1:*]
set grid xtics lt 1 lw 0.5 lc rgb '#dddddd'
set key outside right top Left reverse samplen 2
set offsets graph 0.05, graph 0.05, graph 0.05, graph 0.05

do for [format in "svg png"] {
	eval 'set terminal ' . (format eq "svg" ? svg_terminal(900, 460) : png_terminal(900, 460))
	set output ARG3 . '.' . format
	set title ARG4
	plot 1.02 with lines dt 2 lw 1 lc rgb '#666666' title '2 % more', \
		for [v = 1:variants] data index v - 1 using 1:4:2:3:5:6 with xyerrorbars \
			pt point[pick(v)] ps 1.4 lw 1.5 lc rgb colour[pick(v)] title word(ARG7, v)
}
