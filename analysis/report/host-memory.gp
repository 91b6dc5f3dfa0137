# SPDX-License-Identifier: GPL-2.0-or-later
#
# gnuplot -c host-memory.gp STYLE DATA OUTPUT TITLE UNIT VARIANTS NAMES COLOURS
#
# QEMU's memory on the host at four moments: the part that is in huge pages
# left, all of it right, to one scale. DATA: for each variant a block with a row for
# each moment: its number, (value low high) of the one and of the other.

load ARG1
data = ARG2
variants = int(ARG6)

stats data using 7 nooutput name 'RSS'
set xrange [0.5:4.5]
set xtics ('before' 1, 'inflated' 2, 'deflated' 3, 'touched again' 4) scale 0
set yrange [0:RSS_max * 1.06]
set ylabel ARG5
set tmargin 5
width = 0.5 / variants
place(x, v) = x + (v - (variants + 1) / 2.0) * width

do for [format in "svg png"] {
	eval 'set terminal ' . (format eq "svg" ? svg_terminal(1200, 460) : png_terminal(1200, 460))
	set output ARG3 . '.' . format
	set multiplot title ARG4
	do for [p = 1:2] {
		set title (p == 1 ? 'in huge pages (AnonHugePages)' : 'all of it (RSS)')
		set lmargin at screen (p == 1 ? 0.07 : 0.49)
		set rmargin at screen (p == 1 ? 0.43 : 0.85)
		if (p == 1) { unset key } else { set key outside right top Left reverse samplen 1 }
		plot for [v = 1:variants] data index v - 1 using (place($1, v)):(column(3 * p - 1)) with lines \
				lw 1.2 dt dash[pick(v)] lc rgb '#88' . substr(colour[pick(v)], 2, 7) notitle, \
			for [v = 1:variants] data index v - 1 \
				using (place($1, v)):(column(3 * p - 1)):(column(3 * p)):(column(3 * p + 1)) \
				with yerrorbars pt point[pick(v)] ps 1.1 lw 1.4 lc rgb colour[pick(v)] \
				title word(ARG7, v)
	}
	unset multiplot
}
