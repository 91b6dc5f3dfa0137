# SPDX-License-Identifier: GPL-2.0-or-later
#
# gnuplot -c percentiles.gp STYLE DATA OUTPUT TITLE UNIT VARIANTS NAMES COLOURS
#
# A percentile curve per variant, a panel per operation or phase. DATA: for each
# panel a block of points (1 / (1 - q), value) per variant. NAMES: the variants, then
# the panels. UNIT: "ns, one scale": the panels have one scale.

load ARG1
data = ARG2
variants = int(ARG6)
panels = words(ARG7) - variants
across = panels > 1 ? 2 : 1
down = (panels + across - 1) / across

set logscale xy
set xrange [1:*]
if (words(ARG5) > 1 && word(ARG5, 2) eq 'one') {
	stats data using 1:2 nooutput
	set xrange [1:STATS_max_x]
	set yrange [STATS_min_y / 1.5:STATS_max_y * 1.5]
}
eval percentile_tics
if (substr(ARG5, 1, 2) eq 'ns') { eval time_tics }
set grid xtics
set xlabel 'percentile'
set ylabel (substr(ARG5, 1, 2) eq 'ns' ? 'time' : ARG5)
eval beside

do for [format in "svg png"] {
	eval 'set terminal ' . (format eq "svg" ? svg_terminal(1100 + 2 * wide(variants), 60 + 340 * down) \
						: png_terminal(1100 + 2 * wide(variants), 60 + 340 * down))
	set output ARG3 . '.' . format
	set multiplot layout down,across title ARG4
	do for [p = 1:panels] {
		set title word(ARG7, variants + p)
		plot for [v = 1:variants] data index (p - 1) * variants + v - 1 using 1:2 \
			with lines lw 2 dt dash[pick(v)] lc rgb colour[pick(v)] title word(ARG7, v)
	}
	unset multiplot
}
