# SPDX-License-Identifier: GPL-2.0-or-later
#
# gnuplot -c victim-tradeoff.gp STYLE DATA OUTPUT TITLE UNIT VARIANTS NAMES
#
# The impact on a victim over the duration of the inflate: a point per variant.
# DATA: for each variant a block of one line (x low high y low high). UNIT: that of
# x, a bar, that of y.

load ARG1
data = ARG2
variants = int(ARG6)
bar = strstrt(ARG5, '|')

stats data using 2:5 nooutput name 'low'
stats data using 3:6 nooutput name 'high'
set logscale x
set xrange [low_min_x / 1.5:high_max_x * 1.5]
bottom = low_min_y < 0 ? low_min_y : 0
top = high_max_y > 0 ? high_max_y : 1
set yrange [bottom - 0.05 * (top - bottom):top + 0.05 * (top - bottom)]
# Within a power of ten one label would not do.
set xtics () nomirror
set ytics nomirror
do for [e = -4:6] {
	do for [m in '1 2 5'] {
		set xtics add (sprintf('%g', m * 10.0 ** e) m * 10.0 ** e)
	}
}
set grid xtics lt 1 lw 0.5 lc rgb '#dddddd'
set xlabel ARG5[1:bar - 1]
set ylabel ARG5[bar + 1:*]
set key outside right top Left reverse samplen 2

do for [format in "svg png"] {
	eval 'set terminal ' . (format eq "svg" ? svg_terminal(900, 460) : png_terminal(900, 460))
	set output ARG3 . '.' . format
	set title ARG4
	plot 0 with lines dt 2 lw 1 lc rgb '#666666' title 'as at rest', \
		for [v = 1:variants] data index v - 1 using 1:4:2:3:5:6 with xyerrorbars \
			pt point[pick(v)] ps 1.4 lw 1.5 lc rgb colour[pick(v)] title word(ARG7, v)
}
