# SPDX-License-Identifier: GPL-2.0-or-later
#
# gnuplot -c madvise.gp STYLE DATA OUTPUT TITLE UNIT VARIANTS NAMES
#
# The host's calls: percentile curve of their latency left, share of each
# length right. DATA: per variant a block (1 / (1 - q), value) and a block (KiB,
# per cent). NAMES: the variants.

load ARG1
data = ARG2
variants = int(ARG6)

eval beside
set grid xtics

do for [format in "svg png"] {
	eval 'set terminal ' . (format eq "svg" ? svg_terminal(1100 + 2 * wide(variants), 440) : png_terminal(1100 + 2 * wide(variants), 440))
	set output ARG3 . '.' . format
	set multiplot layout 1,2 title ARG4
	set title 'latency of a call'
	set logscale xy
	set xrange [1:*]
	eval percentile_tics
	eval time_tics
	set xlabel 'percentile'
	set ylabel 'time'
	plot for [v = 1:variants] data index 2 * v - 2 using 1:2 \
		with lines lw 2 dt dash[pick(v)] lc rgb colour[pick(v)] title word(ARG7, v)
	set title 'length of a call'
	set xrange [2:*]
	set xtics ('4 KiB' 4, '64 KiB' 64, '2 MiB' 2048, '32 MiB' 32768, '1 GiB' 1048576)
	set xlabel 'bytes'
	set ylabel '% of the calls'
	set ytics autofreq
	set format y '%g'
	set yrange [1e-4:200]
	if (!many(variants)) { set key bottom }
	plot for [v = 1:variants] data index 2 * v - 1 using 1:2 \
		with points pt point[pick(v)] ps 1.3 lc rgb colour[pick(v)] title word(ARG7, v)
	set yrange [*:*]
	if (!many(variants)) { set key top }
	unset multiplot
}
