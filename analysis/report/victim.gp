# SPDX-License-Identifier: GPL-2.0-or-later
#
# gnuplot -c victim.gp STYLE DATA OUTPUT TITLE UNIT VARIANTS NAMES
#
# A victim over time, a panel per variant: its worst value in each stretch of
# time, what counts as disturbed, and shades where the balloon is resized. DATA: for
# each panel a block of two lines (NaN NaN begin end), the inflate and the deflate;
# one of the limit, as a line; and one of points (s, value).

load ARG1
data = ARG2
panels = int(ARG6)
across = panels > 1 ? 2 : 1
down = (panels + across - 1) / across

stats data using 1:2 nooutput
set xrange [STATS_min_x:STATS_max_x]
if (ARG5 eq 'ns') {
	set logscale y
	eval time_tics
	low = STATS_min_y / 1.5
	high = STATS_max_y * 1.5
} else {
	low = 0
	high = STATS_max_y * 1.1
}
set yrange [low:high]
set xlabel 's since the inflate began'
set ylabel (ARG5 eq 'ns' ? 'time' : ARG5)
unset key
legend = 'shaded: inflate; hatched: deflate; dashed: what is worse counts as disturbed'

do for [format in "svg png"] {
	eval 'set terminal ' . (format eq "svg" ? svg_terminal(1100, 80 + 270 * down) : png_terminal(1100, 80 + 270 * down))
	set output ARG3 . '.' . format
	set multiplot layout down,across title ARG4 . "\n" . legend
	do for [p = 1:panels] {
		first = 3 * (p - 1)
		set title word(ARG7, p)
		plot data index first every ::0::0 using 3:(low):3:4:(low):(high) with boxxyerror \
				fs solid 1 noborder lc rgb '#d5d5d5', \
			data index first every ::1::1 using 3:(low):3:4:(low):(high) with boxxyerror \
				fs pattern 4 noborder lc rgb '#a0a0a0', \
			data index first + 2 using 1:2 with lines lw 1 lc rgb colour[pick(p)], \
			data index first + 1 using 1:2 with lines lw 1.5 dt 2 lc rgb '#000000'
	}
	unset multiplot
}
