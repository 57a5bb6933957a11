#!/bin/sh
# Builds a root file system of Debian with the packages that are named: one
# read-only erofs file that guests share. Prints its path.
#
#   guest/image/build-debian.sh [PACKAGE...]
#
# Kept under ${XDG_CACHE_HOME:-~/.cache}/powercut/images by what it is made of:
# the suite, the sorted packages and this script. What is there is not looked at
# again, so newer packages come only when it is deleted. Beside it the .deb files
# that were downloaded, so that an image with other packages is made faster.
#
# DEBIAN_SUITE (bookworm) and DEBIAN_MIRROR (mmdebstrap's own) say from where.
# Progress goes to standard error. What went wrong goes there, too, and to
# standard output: apt's own words.
set -eu
umask 022

suite=${DEBIAN_SUITE:-bookworm}
mirror=${DEBIAN_MIRROR:-}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/images.sh"

packages=$(printf '%s\n' "$@" | sed '/^$/d' | LC_ALL=C sort -u)
count=$(printf '%s' "$packages" | grep -c . || :)

# Nothing that no program under test reads: it would only fill the guest's
# memory. C.UTF-8 is libc-bin's.
trim='
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/lintian/*
path-exclude=/usr/share/linda/*
path-exclude=/usr/share/bug/*
path-exclude=/usr/share/locale/*
path-include=/usr/share/locale/locale.alias'

# In the new root $1, as root of it: what a running machine has, always the
# same. Services do not start by themselves, neither here nor in the guest.
customize='set -eu
echo powercut >"$1/etc/hostname"
printf "127.0.0.1 localhost powercut\n::1 localhost ip6-localhost\n" >"$1/etc/hosts"
printf "00000000000000000000000000000001\n" >"$1/etc/machine-id"
: >"$1/etc/resolv.conf"
ln -sf /proc/mounts "$1/etc/mtab"
printf "#!/bin/sh\nexit 101\n" >"$1/usr/sbin/policy-rc.d"
chmod 755 "$1/usr/sbin/policy-rc.d"
rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/var/cache/debconf/*-old
rm -f "$1"/var/lib/dpkg/*-old
find "$1/var/log" -type f -delete
mkdir -p "$1/pc" "$1/mnt"'

# The file is made where the new root is, whoever we are there.
pack='set -eu
mkfs.erofs -d0 -T1 -x-1 --exclude-regex="^(proc|sys|dev|run|tmp)/" \
	--exclude-path=image.erofs "$1/image.erofs" "$1" >/dev/null'

# Before anything is installed: whether there is all that is wanted.
look='APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -q --simulate install'

build()
{
	set --
	for p in $packages; do
		set -- "$@" "--include=$p"
	done
	echo "$trim" | sed '/^$/d' >"$new/trim"
	while read -r line; do
		set -- "$@" "--dpkgopt=$line"
	done <"$new/trim"
	mkdir -p "$debs"
	mmdebstrap --variant=apt --format=null --components=main \
		--aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Languages "none"' \
		--skip=essential/unlink,cleanup/apt \
		--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
		--include=usr-is-merged \
		--setup-hook='mkdir -p "$1/var/cache/apt/archives"' \
		--setup-hook="sync-in \"$debs\" /var/cache/apt/archives" \
		--extract-hook="$look $(echo "$packages" | paste -sd ' ')" \
		--customize-hook="sync-out /var/cache/apt/archives \"$debs\"" \
		--customize-hook="$customize" \
		--customize-hook="$pack" \
		--customize-hook="download /image.erofs \"$new/image\"" \
		"$@" "$suite" /dev/null $mirror >"$new/log" 2>&1 </dev/null
}

need mmdebstrap mmdebstrap
need mkfs.erofs erofs-utils
name=debian-$(printf '%s\n' "$suite" "$mirror" "$packages" |
	cat - "$here/build-debian.sh" "$here/images.sh" | sha256sum | cut -c 1-16)
have && exit 0
lock
have && exit 0
say "building the image debian with $count packages: about a minute"
build || fail "cannot build the image debian" "$new/log"
publish
