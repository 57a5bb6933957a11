#!/bin/sh
# Installs small packages into a root of their own on the disk, and
# acknowledges each when dpkg has returned.
#
#	dpkg-install.sh --init DIR		makes the root and the packages
#	dpkg-install.sh COUNT DIR [OPTION...]	installs, OPTION... for dpkg
set -eu

# A package of three files, whose content says what it is.
package() { # NUMBER VERSION
	tree=/tmp/tree
	rm -rf "$tree"
	mkdir -p "$tree/DEBIAN" "$tree/usr/share/pc-$1"
	cat >"$tree/DEBIAN/control" <<END
Package: pc-$1
Version: $2
Architecture: all
Maintainer: powercut <powercut@localhost>
Description: package $1 of the workload
END
	for f in a b c; do
		seq "$1$2" "$1$2$((${#f} * 900))" >"$tree/usr/share/pc-$1/$f"
	done
	(cd "$tree" && find usr -type f -exec md5sum {} +) \
		>"$tree/DEBIAN/md5sums"
	dpkg-deb --root-owner-group -Znone -b "$tree" "$3/pc-$1_$2.deb" \
		>/dev/null
}

if [ "$1" = --init ]; then
	root=$2/root
	mkdir -p "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/info" \
		"$root/var/log" "$2/debs"
	: >"$root/var/lib/dpkg/status"
	: >"$root/var/lib/dpkg/available"
	for i in 1 2 3; do
		package "$i" 1 "$2/debs"
	done
	exit 0
fi
count=$1
dir=$2
shift 2
for i in $(seq "$count"); do
	pc begin "package pc-$i 1"
	dpkg --root="$dir/root" --force-not-root --force-script-chrootless \
		--log=/dev/null "$@" -i "$dir/debs/pc-${i}_1.deb" >/dev/null
	pc ack "package pc-$i 1"
done
