# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2034
#
# Sourced by the scripts that work on a source tree, the kernel's or QEMU's:
# where it comes from, and how patches get on and off it. A tree is a directory
# with src/ (the source), and applied/ (copies of the patches that src/ has,
# numbered).
#
# Needs: here, patches. find_source sets: own, source_file, source.

die()
{
	echo "$(basename "$0"): $*" >&2
	exit 3
}

# First $1 digits of a digest of stdin.
sha()
{
	sha256sum | cut -c 1-"$1"
}

# find_source VARIABLE MARKER FETCH-ARGUMENT...: the user's tree that $VARIABLE
# names (MARKER is a file that every such tree has), or else what
# fetch-source FETCH-ARGUMENT... finds.
find_source()
{
	local variable=$1 marker=$2

	shift 2
	own=${!variable:-}
	source_file=
	if [[ -z $own ]]; then
		source_file=$("$here/fetch-source" "$@")
	elif [[ ! -r $own/$marker ]]; then
		die "$variable=$own is not a tree of that source: it has no $marker"
	fi
	source=$(source_id)
}

# What identifies the source: Debian's version, or the content of a user's tree.
source_id()
{
	local name

	if [[ -z $own ]]; then
		name=$(basename "$source_file" _all.deb)
		echo "${name%.orig.tar.xz}"
	elif git -C "$own" rev-parse HEAD >/dev/null 2>&1; then
		echo "git-$( (git -C "$own" rev-parse HEAD && git -C "$own" diff HEAD) | sha 16)"
	else
		echo "tree-$( (cd "$own" && find . -type f -print0 | sort -z | xargs -0 sha256sum) | sha 16)"
	fi
}

extract_source()
{
	if [[ -n $own ]]; then
		tar -C "$own" --exclude=.git -cf - . | tar -C "$1" -xf -
	elif [[ $source_file == *.deb ]]; then
		dpkg-deb --fsys-tarfile "$source_file" |
			tar -xOf - --wildcards './usr/src/linux-source-*.tar.xz' |
			tar -C "$1" -xJf - --strip-components=1
	else
		tar -C "$1" -xJf "$source_file" --strip-components=1
	fi
}

# Unpack the source into a tree; what else is in the tree stays.
unpack_source()
{
	local tree=$1

	echo "$(basename "$0"): unpacking $source" >&2
	rm -rf "$tree/src.new"
	mkdir -p "$tree/src.new"
	extract_source "$tree/src.new" || {
		rm -rf "$tree/src.new"
		die "$source cannot be unpacked into $tree; see above. Is the disk full?" \
			"${source_file:+If not, $source_file is damaged: remove it, and it is downloaded again}"
	}
	# A kernel that was built in place: kbuild then refuses to build elsewhere.
	[[ ! -e $tree/src.new/Kbuild || ! -e $tree/src.new/.config ]] ||
		make -s -C "$tree/src.new" mrproper
	mkdir -p "$tree/applied"
	mv "$tree/src.new" "$tree/src"
}

# Number of leading patches that the tree already has.
common_prefix()
{
	local tree=$1 n=0 name

	shift
	for name in "$@"; do
		cmp -s "$patches/$name" "$tree/applied/$(printf %04d $((n + 1))).patch" || break
		n=$((n + 1))
	done
	echo "$n"
}

# Reverse what the tree has beyond its first $2 patches; fails where it is not
# as it was left.
pop_to()
{
	local tree=$1 keep=$2 last

	while (($(find "$tree/applied" -name '*.patch' | wc -l) > keep)); do
		last=$(find "$tree/applied" -name '*.patch' | sort | tail -n 1)
		patch -s -f -R -p1 -d "$tree/src" <"$last" >/dev/null 2>&1 || return 1
		rm "$last"
	done
}

push_patch()
{
	local tree=$1 number=$2 name=$3

	patch --dry-run -f -p1 -d "$tree/src" <"$patches/$name" >"$tree/patch.log" 2>&1 || return 1
	patch -s -f -p1 -d "$tree/src" <"$patches/$name"
	cp "$patches/$name" "$tree/applied/$(printf %04d "$number").patch"
}

# Which patch set_patches() failed at, and why.
refused=

try_patches()
{
	local tree=$1 have i

	shift
	have=$(common_prefix "$tree" "$@")
	refused='the tree is not as it was left'
	pop_to "$tree" "$have" || return 1
	for ((i = have + 1; i <= $#; i++)); do
		refused=${!i}
		push_patch "$tree" "$i" "${!i}" || return 1
	done
}

# Bring the tree to have exactly these patches. One that was left half-way, by
# Ctrl-C or by hand, is unpacked anew before a patch is blamed.
set_patches()
{
	local tree=$1

	try_patches "$@" && return
	rm -rf "$tree/src" "$tree/applied"
	unpack_source "$tree"
	try_patches "$@" && return
	grep -E 'FAILED|malformed|find file' "$tree/patch.log" | sed 's/^/    /' >&2
	die "$refused does not apply to $source: $(awk '/^checking file/ { f = $3 }
		/FAILED/ { print f; exit }' "$tree/patch.log")"
}
