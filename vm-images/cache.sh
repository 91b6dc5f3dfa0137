# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Sourced by the scripts that keep something in the cache: what keeps two of them
# apart, and how an entry of it is known to be whole. An entry is a directory that
# bears the key of all that went in; it has its name only when it is complete.
# What uses an entry holds a shared lock on its main file (bench/config/images.c), what
# builds one an exclusive lock on KIND/.lock.
#
# Needs: cache, die.

cache_advice="set BALLOONBENCH_CACHE to a directory that you can write to, or free some space"

# make_kinds KIND...: directories of the cache.
make_kinds()
{
	mkdir -p "${@/#/$cache/}" || die "cannot write to the cache $cache; $cache_advice"
}

# lock_kind KIND: on descriptor 9, until this process and its children have ended.
lock_kind()
{
	{ exec 9>>"$cache/$1/.lock"; } 2>/dev/null ||
		die "cannot write to the cache $cache; $cache_advice"
	flock -n 9 || {
		echo "$(basename "$0"): waiting for another build on the same cache" >&2
		flock 9
	}
}

# What others left that were killed while they stored an entry; the lock is held.
remove_unfinished()
{
	find "$cache/$1" -maxdepth 1 -name '.????????????????.*' -exec rm -rf {} +
}

# seal_entry DIRECTORY TREE: note what is in it, and where it was built.
seal_entry()
{
	local sums

	basename "$2" >"$1/tree" &&
		sums=$(cd "$1" && find . -type f -exec sha256sum {} +) &&
		echo "$sums" >"$1/SHA256SUMS"
}

# sums_hold KIND KEY: it is there, and as it was stored.
sums_hold()
{
	[[ -e $cache/$1/$2/SHA256SUMS ]] &&
		(cd "$cache/$1/$2" && sha256sum --check --status SHA256SUMS 2>/dev/null)
}

# entry_is_whole KIND KEY FILE TREE: FILE is its main one. An entry of before there
# were digests gets them, if its file does not end too early.
entry_is_whole()
{
	local entry=$cache/$1/$2

	[[ -e $entry ]] || return 1
	if [[ -s $entry/$3 && ! -e $entry/SHA256SUMS ]] && [[ -z $(readelf -SW "$entry/$3" 2>&1 >/dev/null) ]]; then
		seal_entry "$entry" "$4"
	fi
	! sums_hold "$1" "$2" || return 0
	echo "$(basename "$0"): $entry is damaged: it is built anew" >&2
	rm -rf "$entry"
	return 1
}

# keep_entry KIND KEY NEW TREE: the directory NEW is complete and gets its name.
keep_entry()
{
	if seal_entry "$3" "$4" && find "$3" -exec sync {} + && mv -T "$3" "$cache/$1/$2"; then
		return
	fi
	rm -rf "$3"
	die "$cache/$1/$2 cannot be written; $cache_advice"
}

# store_entry KIND KEY TREE: what fill_entry DIRECTORY, a function of the script's,
# puts into a directory.
store_entry()
{
	local new=$cache/$1/.$2.$$

	fill_entry "$new" || {
		rm -rf "$new"
		die "$cache/$1/$2 cannot be written; $cache_advice"
	}
	keep_entry "$1" "$2" "$new" "$3"
}

# begin_build TREE: a compiler that is killed leaves half an object, and make takes
# what is new for whole. After Ctrl-C make removes it, and this script its mark.
begin_build()
{
	if [[ -e $1/building ]]; then
		echo "$(basename "$0"): the build in $1 was killed: it begins anew" >&2
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
