# SPDX-License-Identifier: GPL-2.0-or-later
#
# Axes and no data: what a plot must have more than.

load ARG1
set xrange [0:1]
set yrange [0:1]
do for [format in "svg png"] {
	eval 'set terminal ' . (format eq "svg" ? svg_terminal(900, 440) : png_terminal(900, 440))
	set output ARG3 . '.' . format
	plot NaN with points pt point[pick(1)] lc rgb colour[pick(1)] title 'nothing'
}
