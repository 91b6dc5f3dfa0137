# SPDX-License-Identifier: GPL-2.0-or-later
#
# gnuplot -c forest.gp STYLE DATA OUTPUT TITLE UNIT VARIANTS NAMES COLOURS
#
# A forest plot: a row per variant, the first on top, a panel per scenario, one axis for
# all. DATA: for each scenario a block of rows (variant ratio low high inconclusive).
# NAMES: the variants, then the scenarios.

load ARG1
data = ARG2
variants = int(ARG6)
panels = words(ARG7) - variants

# Sizes in pixels.
letter = 7.6
longest = 1
do for [v = 1:variants] { if (strlen(word(ARG7, v)) > longest) { longest = strlen(word(ARG7, v)) } }
left = 24 + letter * longest
between = 14
right = 20
panel = panels > 5 ? 170 : panels > 2 ? 210 : panels > 1 ? 340 : 620
width = left + panels * (panel + between) + right
above = 64
below = 58
height = above + 26 * variants + below

stats data using 3 nooutput name 'LOW'
stats data using 4 nooutput name 'HIGH'
low = LOW_min < 0.8 ? LOW_min / 1.25 : 0.7
high = HIGH_max > 1.2 ? HIGH_max * 1.25 : 1.4
# As many labels as a panel has room for.
steps = high / low > 300 ? '1' : high / low > 12 ? '1 3' : '1 1.5 2 3 5 7'

set logscale x
set xrange [low:high]
set yrange [variants + 0.7:0.3]
set xtics () scale 0.4
do for [e = -6:6] {
	do for [m in steps] { set xtics add (sprintf('%g', m * 10.0 ** e) m * 10.0 ** e) }
}
set grid xtics lt 1 lw 0.5 lc rgb '#dddddd'
set grid noytics
set ytics () scale 0
unset key
set bars 0.6
set tmargin at screen 1 - above / real(height)
set bmargin at screen below / real(height)

do for [format in "svg png"] {
	eval 'set terminal ' . (format eq "svg" ? svg_terminal(width, height) : png_terminal(width, height))
	set output ARG3 . '.' . format
	set multiplot
	set label 1 ARG4 at screen 0.5, 1 - 16 / real(height) center
	set label 2 '< 1: faster than the base' at screen 0.5, 14 / real(height) center tc rgb '#444444'
	do for [p = 1:panels] {
		set title word(ARG7, variants + p) offset 0, -0.5
		set lmargin at screen (left + (p - 1) * (panel + between)) / real(width)
		set rmargin at screen (left + (p - 1) * (panel + between) + panel) / real(width)
		do for [v = 1:variants] { set ytics add ((p == 1 ? word(ARG7, v) : '') v) }
		set arrow 1 from 1, graph 0 to 1, graph 1 nohead lw 1 dt 2 lc rgb '#444444'
		# Whose interval is narrower than its point has one all the same.
		plot for [v = 1:variants] data index p - 1 using ($1 == v ? $2 : NaN):1:3:4 with xerrorbars \
				pt -1 lw 2 lc rgb colour[pick(v)] notitle, \
			for [v = 1:variants] data index p - 1 using ($1 == v && $5 == 0 ? $2 : NaN):1 with points \
				pt 7 ps 1 lc rgb colour[pick(v)] notitle, \
			for [v = 1:variants] data index p - 1 using ($1 == v && $5 == 1 ? $2 : NaN):1 with points \
				pt 6 ps 1 lw 1.5 lc rgb colour[pick(v)] notitle
		unset label 1
		unset label 2
	}
	unset multiplot
}
