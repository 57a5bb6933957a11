#!/bin/sh
# Installs the Debian packages that are missing. Silent when none is.
#
# Usage: ci/deps.sh [LIST...]   (default: ci/packages)
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- ci/packages

wanted=$(sed 's/#.*//' "$@")
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "ci/deps.sh: not a Debian system: dpkg and apt-get not found" >&2
	echo "  install by hand what corresponds to:" $wanted >&2
	exit 3
fi

# dpkg-query fails when it does not know one of them; it lists the others.
present=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted \
	2>/dev/null | sed -n 's/^installed //p' || true)
missing=
for package in $wanted; do
	case "
$present
" in
	*"
$package
"*) ;;
	*) missing="$missing $package" ;;
	esac
done
# The guest's kernel is downloaded with apt-get, which needs package lists;
# images of containers come without.
lists=
for list in /var/lib/apt/lists/*_Packages*; do
	[ ! -e "$list" ] || lists=yes
done
[ -n "$missing" ] || [ -z "$lists" ] || exit 0

echo "Installing:${missing:- package lists}"
as_root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "ci/deps.sh: root is needed to install packages" >&2
		echo "  as root: apt-get update && apt-get install$missing" >&2
		exit 3
	fi
	as_root=sudo
fi

apt() {
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -qq \
		-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		-o Acquire::Retries=3 "$@" </dev/null
}

# Lists that are old point to packages that are gone. Offline, packages from
# a local cache may still do.
apt update || echo "ci/deps.sh: package lists not updated, going on" >&2
[ -n "$missing" ] || exit 0
if ! apt install --no-install-recommends $missing; then
	echo "ci/deps.sh: cannot install:$missing" >&2
	echo "  apt-get's messages above say why; then run make deps again" >&2
	exit 3
fi
