# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2034
#
# Sourced by the scripts that patch a source tree of the kernel or QEMU: finds the
# source, and applies and reverts patches. A tree is a directory with src/, the source,
# and applied/, numbered copies of the patches in src/.
#
# Needs: here, patches. find_source sets: own, source_file, source.

die()
{
	echo "$(basename "$0"): $*" >&2
	exit 3
}

# Without this, set -e would end the script without a message.
set -E
trap 'echo "$(basename "$0"): line $LINENO: failed: $BASH_COMMAND" >&2' ERR

# First $1 digits of a digest of stdin.
sha()
{
	sha256sum | cut -c 1-"$1"
}

# find_source VARIABLE MARKER FETCH-ARGUMENT...: use the user's tree $VARIABLE, which
# must have the file MARKER, or else the result of fetch-source FETCH-ARGUMENT...
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

# The id of the source: Debian's version, or a digest of the user's tree.
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

# As root, tar would give files to whoever has the IDs of the archive, and keep group write.
extract_source()
{
	local ours=(--no-same-owner --no-same-permissions)

	if [[ -n $own ]]; then
		tar -C "$own" --exclude=.git -cf - . | tar -C "$1" "${ours[@]}" -xf -
	elif [[ $source_file == *.deb ]]; then
		dpkg-deb --fsys-tarfile "$source_file" |
			tar -xOf - --wildcards './usr/src/linux-source-*.tar.xz' |
			tar -C "$1" "${ours[@]}" -xJf - --strip-components=1
	else
		tar -C "$1" "${ours[@]}" -xJf "$source_file" --strip-components=1
	fi
}

# Unpack the source into a tree; other files of the tree stay.
unpack_source()
{
	local tree=$1

	echo "$(basename "$0"): unpacking $source" >&2
	rm -rf "$tree/src.new"
	mkdir -p "$tree/src.new"
	extract_source "$tree/src.new" || {
		rm -rf "$tree/src.new"
		die "cannot unpack $source into $tree, see above; free some space if the disk is full" \
			"${source_file:+; otherwise $source_file is damaged: remove it to download it again}"
	}
	# kbuild refuses to build elsewhere from a tree that was built in place.
	[[ ! -e $tree/src.new/Kbuild || ! -e $tree/src.new/.config ]] ||
		make -s -C "$tree/src.new" mrproper
	mkdir -p "$tree/applied"
	mv "$tree/src.new" "$tree/src"
}

# Number of leading patches that are already applied.
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

# Revert all but the first $2 patches; fails if the tree was changed.
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

# The patch that failed, or the reason.
refused=

try_patches()
{
	local tree=$1 have i

	shift
	have=$(common_prefix "$tree" "$@")
	refused='the tree was changed'
	pop_to "$tree" "$have" || return 1
	for ((i = have + 1; i <= $#; i++)); do
		refused=${!i}
		push_patch "$tree" "$i" "${!i}" || return 1
	done
}

# Apply exactly these patches to a tree. One that was changed, or whose change was interrupted, is
# unpacked again: a patch goes in or out, and is noted, in two steps.
set_patches()
{
	local tree=$1

	if [[ ! -e $tree/changing ]]; then
		touch "$tree/changing"
		try_patches "$@" && rm "$tree/changing" && return
	fi
	rm -rf "$tree/src" "$tree/applied"
	unpack_source "$tree"
	try_patches "$@" && rm -f "$tree/changing" && return
	grep -E 'FAILED|malformed|find file' "$tree/patch.log" | sed 's/^/    /' >&2
	die "$refused does not apply to $source: $(awk '/^checking file/ { f = $3 }
		/FAILED/ { print f; exit }' "$tree/patch.log")"
}
