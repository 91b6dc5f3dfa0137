# SPDX-License-Identifier: GPL-2.0-or-later
#
# gnuplot -c duration.gp STYLE DATA OUTPUT TITLE UNIT VARIANTS
#
# Every boot a point, the median a bar, its 95 % interval a box; inflate left,
# deflate right. DATA: for each direction, a block of points (x y) per variant, then
# one of medians (x median low high label).

load ARG1
data = ARG2
variants = int(ARG6)

set style fill solid 0.18 noborder
set xrange [0.4:variants + 0.6]
set offsets 0, 0, graph 0.08, graph 0.08
unset key
set bmargin 3.2
eval slant
# From 0 where the variants are far apart; else the differences would not be seen.
stats data using 2 nooutput
apart = STATS_max > 4 * STATS_min
set ylabel (apart ? word(ARG5, 1) : ARG5)
if (apart) { set yrange [0:*] }

do for [format in "svg png"] {
	eval 'set terminal ' . (format eq "svg" ? svg_terminal(900 + wide(variants), 440) : png_terminal(900 + wide(variants), 440))
	set output ARG3 . '.' . format
	set multiplot layout 1,2 title ARG4
	do for [d = 0:1] {
		first = d * (variants + 1)
		set title (d == 0 ? 'inflate' : 'deflate')
		plot for [v = 1:variants] data index first + variants every ::(v - 1)::(v - 1) \
				using 1:2:($1 - 0.34):($1 + 0.34):3:4 with boxxyerror \
				lc rgb colour[pick(v)] notitle, \
			for [v = 1:variants] data index first + variants every ::(v - 1)::(v - 1) \
				using ($1 - 0.34):2:(0.68):(0) with vectors nohead lw 2.5 \
				lc rgb colour[pick(v)] notitle, \
			for [v = 1:variants] data index first + v - 1 using 1:2 with points \
				pt point[pick(v)] ps 0.9 lc rgb colour[pick(v)] notitle, \
			data index first + variants using 1:2:xticlabels(5) with points ps 0 notitle
	}
	unset multiplot
}
