#!/bin/sh
# Brings one of Debian 12's kernels, and prints the folder that it is unpacked
# in (never installed), under ${XDG_CACHE_HOME:-~/.cache}/powercut.
#
#   guest/image/debian-kernel.sh debian-6.1|debian-6.12[-full]
#
# Without -full it is the flavour for clouds: without most drivers and some file
# systems, so a third of the size.
#
# 6.1 is what the machine's own apt has. 6.12 is in bookworm-backports, which a
# machine need not have: apt gets sources and lists of its own for it, in the
# cache, asked once a day; the machine's are neither read nor written. Signatures
# are checked as ever, against the machine's keys of Debian.
#
# Offline the newest that was brought before is taken. One process at a time
# brings; the others wait. What takes a while is said on standard error, or on
# descriptor 3 with NOTICES=3.
set -eu
umask 022

name=${1-}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/powercut
private=$cache/apt
keys=/usr/share/keyrings/debian-archive-keyring.gpg

die()
{
	echo "debian-kernel: $1" >&2
	[ $# -lt 2 ] || echo "  $2" >&2
	exit 3
}

notice()
{
	if [ "${NOTICES-}" = 3 ]; then
		echo "powercut: $1" >&3
	else
		echo "debian-kernel: $1" >&2
	fi
}

# apt-get, apt-cache: of the machine, or with nothing of it but its settings.
apt()
{
	program=$1
	shift
	if [ "$series" = 6.1 ]; then
		"$program" -q -o APT::Sandbox::User=root "$@"
		return
	fi
	"$program" -q -o APT::Sandbox::User=root \
		-o Dir::Etc::sourcelist=/dev/null \
		-o "Dir::Etc::sourceparts=$private/sources" \
		-o Dir::Etc::preferences=/dev/null \
		-o Dir::Etc::preferencesparts=/dev/null \
		-o "Dir::State=$private" -o Dir::State::status=/dev/null \
		-o "Dir::Cache=$private" -o Acquire::Languages=none \
		-o Acquire::http::Timeout=20 "$@"
}

# Only what has come completely is the answer of today.
update_lists()
{
	[ "$series" != 6.1 ] || return 0
	[ -z "$(find "$private/asked" -mmin -1440 2>/dev/null)" ] || return 0
	[ -r "$keys" ] || die "no keys to check packages with: $keys" \
		"install the Debian package debian-archive-keyring"
	mkdir -p "$private/sources" "$private/lists/partial" \
		"$private/archives/partial"
	printf '%s\n' 'Types: deb' 'URIs: http://deb.debian.org/debian' \
		'Suites: bookworm-backports' 'Components: main' \
		'Architectures: amd64' "Signed-By: $keys" \
		>"$private/sources/backports.sources"
	notice "asking bookworm-backports for its newest kernel"
	if apt apt-get -o APT::Update::Error-Mode=any update \
		>"$log" 2>&1; then
		: >"$private/asked"
	elif newest_cached >/dev/null; then
		# Not to wait for a network that is not there in each run.
		: >"$private/asked"
	fi
}

# The file name of the package, as in an archive's pool: *_VERSION_amd64.deb.
newest_cached()
{
	# shellcheck disable=SC2012
	ls -t "$cache/linux-image-$series".*"$flavour"_*.deb 2>/dev/null |
		if [ -n "$full" ]; then grep -v -e '-cloud-'; else cat; fi |
		head -n 1 | grep .
}

# To $deb: the newest kernel package that apt knows.
find_package()
{
	package=$(apt apt-cache depends "$meta" 2>/dev/null |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
	[ -n "$package" ] || return 1
	case $package in
	"linux-image-$series".*) ;;
	*) die "$name is not in this machine's Debian, which has $package" \
		"set guest.kernel to the path of an unpacked package" ;;
	esac
	apt apt-cache show --no-all-versions "$package" >"$work/show" 2>/dev/null ||
		return 1
	version=$(sed -n 's/^Version: //p' "$work/show" | sed 's/:/%3a/g')
	bytes=$(sed -n 's/^Size: //p' "$work/show")
	deb=$cache/${package}_${version}_amd64.deb
}

fetch()
{
	notice "downloading $package, $((bytes / 1000000)) MB"
	(cd "$work" && apt apt-get download "$package") >"$log" 2>&1 &&
		mv "$work"/linux-image-*.deb "$deb"
}

download()
{
	update_lists
	if find_package && { [ -f "$deb" ] || fetch; }; then
		return
	fi
	deb=$(newest_cached) || die "cannot download ${package:-$meta} ($name): $(
		grep . "$log" | tail -n 1 || echo 'apt does not know it')" \
		"go online$([ "$series" != 6.1 ] || echo ' and run: apt-get update'
		); or set guest.kernel to the path of an unpacked package"
	notice "offline, using $deb"
}

unpack()
{
	tree=$cache/$(basename "$deb" .deb)
	[ ! -d "$tree" ] || return 0
	mkdir "$work/tree"
	dpkg-deb -x "$deb" "$work/tree" || die "cannot unpack $deb" "delete it"
	mv -T "$work/tree" "$tree" || die "cannot make $tree"
}

case $name in
debian-6.1 | debian-6.12) full='' flavour=-cloud-amd64 ;;
debian-6.1-full | debian-6.12-full) full=1 flavour=-amd64 ;;
*) die "no such kernel: $name" ;;
esac
meta=linux-image$flavour
series=${name#debian-}
series=${series%-full}
mkdir -p "$cache"
exec 9>"$cache/kernels.lock"
flock 9
work=$(mktemp -d "$cache/kernel.XXXXXX")
log=$work/log
: >"$log"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
package=
download
unpack
echo "$tree"
