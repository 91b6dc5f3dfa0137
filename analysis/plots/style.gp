# SPDX-License-Identifier: GPL-2.0-or-later
#
# Settings of all plots. The colours are Okabe and Ito's, which colour-blind readers
# can distinguish, and four of Tol's for more; points and dashes differ too, for
# print in grey. A variant has the same colour and point in every plot: that of
# its place in the plan, which ARG8 of the scripts has for each of those drawn.

set encoding utf8
set border 3 lw 0.8 lc rgb '#444444'
set tics nomirror out scale 0.5
set grid ytics lt 1 lw 0.5 lc rgb '#dddddd'

array colour[12] = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000', '#999999', \
	'#882255', '#332288', '#999933', '#44AA99']
array point[12] = [7, 5, 9, 11, 13, 4, 6, 8, 10, 12, 2, 1]
array dash[12] = [1, 2, 4, 3, 5, 1, 2, 4, 3, 5, 1, 2]
pick(v) = ((int(word(ARG8, v)) - 1) % 12) + 1

# More names than fit side by side are rotated, and a long key is beside the plot.
many(n) = n > 4
slant = "if (many(variants)) { set xtics rotate by 35 right; set bmargin 7.5; set lmargin 11 }"
wide(n) = many(n) ? 220 : 0
beside = "if (many(variants)) { set key outside right top Left reverse samplen 2 } else { set key left top reverse Left }"

png_terminal(w, h) = sprintf("pngcairo noenhanced size %d,%d font 'DejaVu Sans,11' background 'white'", w, h)
svg_terminal(w, h) = sprintf("svg noenhanced size %d,%d font 'DejaVu Sans,13' background 'white' dynamic", w, h)

# Times in ns and percentiles, both logarithmic; x is 1 / (1 - q).
time_tics = "set ytics ('10 ns' 10, '100 ns' 100, '1 µs' 1e3, '10 µs' 1e4, '100 µs' 1e5, '1 ms' 1e6, '10 ms' 1e7, '100 ms' 1e8, '1 s' 1e9, '10 s' 1e10)"
percentile_tics = "set xtics ('0' 1, '50' 2, '90' 10, '99' 100, '99.9' 1e3, '99.99' 1e4, '99.999' 1e5, '' 1e6)"
