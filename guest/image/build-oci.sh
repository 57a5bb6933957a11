#!/bin/sh
# Builds a root file system of a container's image: one read-only erofs file.
# Prints its path; of what went wrong, what a person should know.
#
#   B=.build guest/image/build-oci.sh ARCHIVE
#
# ARCHIVE: what `docker save` writes, or a tar of an OCI image layout. Kept by
# the archive's content, beside the images of build-debian.sh.
set -eu
umask 022

B=${B:-.build}
archive=$1
here=$(cd "$(dirname "$0")" && pwd)
. "$here/images.sh"

need mkfs.erofs erofs-utils
[ -x "$B/guest/oci-unpack" ] || die "$B/guest/oci-unpack is missing" "run: make"
[ -r "$archive" ] || die "cannot read $archive"
name=oci-$(cat "$archive" "$here/build-oci.sh" "$B/guest/oci-unpack" |
	sha256sum | cut -c 1-16)
have && exit 0
lock
have && exit 0
say "building an image of $(basename "$archive")"
mkdir "$new/root"
"$B/guest/oci-unpack" "$archive" "$new/root" || exit 3
owner=
[ "$(id -u)" = 0 ] || owner=--all-root
mkfs.erofs -d0 -x-1 $owner "$new/image" "$new/root" >"$new/log" 2>&1 ||
	fail "mkfs.erofs fails" "$new/log"
publish
