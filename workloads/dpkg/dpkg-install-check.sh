#!/bin/sh
# After a cut: dpkg's database can be read, what was acknowledged is installed,
# and each installed package's files have their content.
command -v dpkg-query >/dev/null || exit 2
root=$1/root
said=/tmp/said

lost() {
	echo "$*"
	exit 1
}

state_of() {
	dpkg-query --root="$root" -W -f '${db:Status-Abbrev}' "$1" 2>"$said"
}

dpkg-query --root="$root" -l >/dev/null 2>"$said" ||
	[ ! -s "$said" ] || grep -q 'no packages found' "$said" ||
	lost "dpkg's database: $(tail -n 1 "$said")"
while read -r _ name _; do
	[ "$(state_of "$name")" = "ii " ] ||
		lost "$name is acknowledged and not installed"
	(cd "$root" && md5sum -c --quiet "var/lib/dpkg/info/$name.md5sums") \
		>"$said" 2>&1 ||
		lost "$name: $(head -n 1 "$said")"
done <"$PC_ACKS"
# dpkg says that it is installed: then it is, whether acknowledged or not.
for i in 1 2 3; do
	[ "$(state_of "pc-$i")" = "ii " ] || continue
	[ -s "$root/var/lib/dpkg/info/pc-$i.md5sums" ] ||
		lost "pc-$i is installed and has no checksums"
	(cd "$root" && md5sum -c --quiet "var/lib/dpkg/info/pc-$i.md5sums") \
		>"$said" 2>&1 ||
		lost "pc-$i is installed: $(head -n 1 "$said")"
done
exit 0
