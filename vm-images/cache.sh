# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Sourced by the scripts that use the cache: locks, and checks of entries. An entry is a
# directory, whose name is a key of all its inputs; it gets the name when it is complete.
# Users of an entry hold a shared lock on its main file (bench/config/images.c), builders
# an exclusive lock on KIND/.lock.
#
# Needs: cache, die.

cache_advice="set BALLOONBENCH_CACHE to a directory that you can write to, or free some space"

# make_kinds KIND...: create directories of the cache.
make_kinds()
{
	mkdir -p "${@/#/$cache/}" || die "cannot write to the cache $cache; $cache_advice"
}

# lock_kind KIND: lock it on descriptor 9, until this process and its children have ended.
lock_kind()
{
	{ exec 9>>"$cache/$1/.lock"; } 2>/dev/null ||
		die "cannot write to the cache $cache; $cache_advice"
	flock -n 9 || {
		echo "$(basename "$0"): waiting for another build in the same cache" >&2
		flock 9
	}
}

# Remove incomplete entries of scripts that were killed; needs the lock.
remove_unfinished()
{
	find "$cache/$1" -maxdepth 1 -name '.????????????????.*' -exec rm -rf {} +
}

# seal_entry DIRECTORY TREE: write digests of its files, and the tree of the build.
seal_entry()
{
	local sums

	basename "$2" >"$1/tree" &&
		sums=$(cd "$1" && find . -type f -exec sha256sum {} +) &&
		echo "$sums" >"$1/SHA256SUMS"
}

# sums_hold KIND KEY: whether the entry exists and its digests match.
sums_hold()
{
	[[ -e $cache/$1/$2/SHA256SUMS ]] &&
		(cd "$cache/$1/$2" && sha256sum --check --status SHA256SUMS 2>/dev/null)
}

# entry_is_whole KIND KEY FILE TREE: whether the entry, with the main file FILE, is intact;
# a damaged one is removed. An entry without digests, of an earlier version, gets them if
# FILE is a complete ELF file.
entry_is_whole()
{
	local entry=$cache/$1/$2

	[[ -e $entry ]] || return 1
	if [[ -s $entry/$3 && ! -e $entry/SHA256SUMS ]] && [[ -z $(readelf -SW "$entry/$3" 2>&1 >/dev/null) ]]; then
		seal_entry "$entry" "$4"
	fi
	! sums_hold "$1" "$2" || return 0
	echo "$(basename "$0"): $entry is damaged; rebuilding it" >&2
	rm -rf "$entry"
	return 1
}

# keep_entry KIND KEY NEW TREE: rename the complete directory NEW to the entry.
keep_entry()
{
	if seal_entry "$3" "$4" && find "$3" -exec sync {} + && mv -T "$3" "$cache/$1/$2"; then
		return
	fi
	rm -rf "$3"
	die "cannot write $cache/$1/$2; $cache_advice"
}

# store_entry KIND KEY TREE: make an entry with fill_entry DIRECTORY, a function of the
# script.
store_entry()
{
	local new=$cache/$1/.$2.$$

	fill_entry "$new" || {
		rm -rf "$new"
		die "cannot write $cache/$1/$2; $cache_advice"
	}
	keep_entry "$1" "$2" "$new" "$3"
}

# begin_build TREE: mark a build as running, and start again if one was killed. A killed
# compiler leaves a partial object that make considers up to date. After Ctrl-C make
# removes the object, and this script the mark.
begin_build()
{
	if [[ -e $1/building ]]; then
		echo "$(basename "$0"): the build in $1 was cut off; starting again" >&2
		rm -rf "$1/build"
	fi
	touch "$1/building"
	unfinished_build=$1/building
	trap 'rm -f "$unfinished_build"' EXIT
}

end_build()
{
	rm -f "$unfinished_build"
	trap - EXIT
}
