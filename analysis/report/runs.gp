# SPDX-License-Identifier: GPL-2.0-or-later
#
# gnuplot -c runs.gp STYLE DATA OUTPUT TITLE UNIT VARIANTS NAMES COLOURS
#
# Shares of memory by length, a group of bars for each length and in it one per
# variant: of the memory that is free above, of the calls made of it below; UNIT
# empty: there are no calls. DATA: for each variant a block of the first and one of
# the second, with rows (length as a power of 2 pages, per cent, low, high).

load ARG1
data = ARG2
variants = int(ARG6)
panels = strlen(ARG5) ? 2 : 1

set xrange [-0.6:10.6]
set xtics ('4 KiB' 0, '8 KiB' 1, '16 KiB' 2, '32 KiB' 3, '64 KiB' 4, '128 KiB' 5, '256 KiB' 6, '512 KiB' 7, \
	'1 MiB' 8, '2 MiB' 9, '4 MiB' 10) scale 0
set yrange [0:*]
set offsets 0, 0, graph 0.06, 0
set ylabel '% of the memory'
set style fill solid 0.85 noborder
set lmargin 9
set rmargin 22
set key outside right top Left reverse samplen 1.5
width = 0.8 / variants
place(x, v) = x + (v - (variants + 1) / 2.0) * width

do for [format in "svg png"] {
	height = 110 + 270 * panels
	eval 'set terminal ' . (format eq "svg" ? svg_terminal(1200, height) : png_terminal(1200, height))
	set output ARG3 . '.' . format
	set multiplot layout panels,1 title ARG4
	do for [p = 1:panels] {
		set title (p == 1 ? 'free before the inflate, by the length of its blocks' : \
			'discarded by the host, by the length of the call (where calls were traced: level pages)')
		if (p == panels) { set xlabel 'length: from this to the next' } else { unset xlabel }
		if (p == 1) { set key } else { unset key }
		plot for [v = 1:variants] data index 2 * v - 3 + p using (place($1, v)):2:(width * 0.92) with boxes \
				lc rgb colour[pick(v)] title word(ARG7, v), \
			for [v = 1:variants] data index 2 * v - 3 + p using (place($1, v)):3:(0):($4 - $3) with vectors \
				heads size screen 0.003,90 lw 1.2 lc rgb '#000000' notitle
	}
	unset multiplot
}
