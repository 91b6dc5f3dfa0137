# SPDX-License-Identifier: GPL-2.0-or-later
#
# gnuplot -c history.gp STYLE DATA OUTPUT TITLE UNIT VARIANTS NAMES COLOURS
#
# A panel per variant, each with its own y axis; a point per tree, in their order.
# DATA: per variant a block with the range of y and a text above the panel, one of
# points (x y low high), one
# of points that are shown only, one of numbers of boots (x text), one of levels
# (x y width), one of change points (x text). NAMES: the variants, then the trees.

load ARG1
data = ARG2
variants = int(ARG6)
blocks = 6

trees = words(ARG7) - variants
tree(i) = word(ARG7, variants + i)

# Sizes in pixels. Labels of trees are written level where they fit, askew where
# they do not, and upright where there are many.
label_max = 30
# The end of a name tells it from the others.
short(text) = strlen(text) > label_max ? '…' . substr(text, strlen(text) - label_max + 2, strlen(text)) : text
label = 0
do for [i = 1:trees] { if (strlen(short(tree(i))) > label) { label = strlen(short(tree(i))) } }
letter = 8.8
right = 24
plain_left = 92
inner = trees > 20 ? 1150 : 800
step = inner / real(trees + 0.2)
level = label * letter < step
upright = !level && step < 30
lean = upright ? 90 : 35
reach = label * letter * cos(lean * pi / 180) - step * 0.6
left = !level && reach > plain_left ? reach : plain_left
below = level ? 34 : 24 + label * letter * sin(lean * pi / 180)
above = 64
panel = variants == 1 ? 300 : variants == 2 ? 220 : variants > 6 ? 130 : 165
between = 26
width = left + inner + right
height = above + variants * (panel + between) + below
top(v) = 1 - (above + (v - 1) * (panel + between) + between * 0.8) / height

set xrange [0.4:trees + 0.6]
set grid noxtics
set xtics scale 0.4
unset key
set lmargin at screen left / real(width)
set rmargin at screen 1 - right / real(width)

do for [format in "svg png"] {
	eval 'set terminal ' . (format eq "svg" ? svg_terminal(width, height) : png_terminal(width, height))
	set output ARG3 . '.' . format
	set multiplot
	set label 1 ARG4 at screen 0.5, 1 - 14 / real(height) center
	set label 2 ARG5 at screen 16 / real(width), (top(1) + top(variants) - panel / real(height)) / 2 center rotate
	do for [v = 1:variants] {
		first = (v - 1) * blocks
		# stats takes what is in range only
		set yrange [*:*]
		stats data index first using 1 nooutput name 'LOW'
		stats data index first using 2 nooutput name 'HIGH'
		low = LOW_min
		high = HIGH_max
		row(i) = high - (high - low) * (0.08 + (step < 45 ? 0.11 * (int(i) % 2) : 0))
		set yrange [low:high]
		set tmargin at screen top(v)
		set bmargin at screen top(v) - panel / real(height)
		set label 3 word(ARG7, v) at graph 0, 1.0 left offset character 0, 0.6 tc rgb colour[pick(v)]
		set xtics (1 1)
		do for [i = 1:trees] { set xtics add (v == variants ? short(tree(i)) : '' i) }
		if (level) { set xtics rotate by 0 center }
		else { eval sprintf('set xtics rotate by %d right', lean) }
		plot data index first every ::0::0 using (trees + 0.6):(high):3 with labels right \
				offset character 0, 0.6 font ',9' tc rgb '#555555' notitle, \
			data index first + 4 using 1:2:3:(0) with vectors nohead lw 5 lc rgb '#bb' . substr(colour[pick(v)], 2, 7) notitle, \
			data index first + 5 using 1:(low):(0):(high - low) with vectors nohead \
				lw 1.6 dt 2 lc rgb '#000000' notitle, \
			data index first + 1 using 1:2:3:4 with yerrorbars pt point[pick(v)] ps 0.9 lw 1.3 \
				lc rgb colour[pick(v)] notitle, \
			data index first + 2 using 1:2:3:4 with yerrorbars pt 6 ps 0.9 lw 1 dt 3 \
				lc rgb '#888888' notitle, \
			data index first + 3 using 1:(low + (high - low) * 0.07):2 with labels \
				font ',9' tc rgb '#555555' notitle, \
			data index first + 5 using (2 * $1 > trees ? NaN : $1):(row($0)):2 with labels left \
				offset character 0.5, 0 notitle, \
			data index first + 5 using (2 * $1 > trees ? $1 : NaN):(row($0)):2 with labels right \
				offset character -0.5, 0 notitle
		unset label 1
		unset label 2
	}
	unset multiplot
}
