# SPDX-License-Identifier: GPL-2.0-or-later
#
# gnuplot -c phases.gp STYLE DATA OUTPUT TITLE UNIT VARIANTS
#
# Phases stacked from the first up, a bar per variant; inflate left, deflate
# right. DATA: for each direction a block with a line of names and a row per variant.

load ARG1
data = ARG2
variants = int(ARG6)

set style data histograms
set style histogram rowstacked
set style fill solid 0.85 border rgb '#ffffff'
set boxwidth 0.62
set yrange [0:*]
set offsets 0, 0, graph 0.04, 0
set ylabel ARG5
set bmargin 3.2
eval slant
set key outside right top Left reverse invert samplen 1.5
# Of each phase in the order of lib/result.c: a hue for what the guest does, one for
# notifying, one for the host. A phase without a name is none of this direction.
array hue[10] = ['#0072B2', '#000000', '#56B4E9', '#56B4E9', '#E69F00', '#F3B7A0', '#D55E00', '#D55E00', \
	'#009E73', '#999999']

do for [format in "svg png"] {
	eval 'set terminal ' . (format eq "svg" ? svg_terminal(1100 + wide(variants), 480) : png_terminal(1100 + wide(variants), 480))
	set output ARG3 . '.' . format
	set multiplot layout 1,2 title ARG4
	do for [d = 0:1] {
		set title (d == 0 ? 'inflate' : 'deflate')
		plot for [p = 1:10] data index d using p + 1:xticlabels(1) lc rgb hue[p] title columnheader(p + 1)
	}
	unset multiplot
}
