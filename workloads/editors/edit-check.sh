#!/bin/sh
# After a cut: the file is one whole version, not older than acknowledged; or
# the program's backup of it (config~, from vim) is.
file=$1/etc/config
acked=$(tail -n 1 "$PC_ACKS" | cut -d' ' -f2)

# Why a file is not good enough, or nothing.
fault() { # FILE
	if [ ! -e "$1" ]; then
		echo "is gone"
		return
	fi
	version=$(head -n 1 "$1" | sed -n 's/^version \([0-9][0-9]*\)$/\1/p')
	if [ ! -s "$1" ]; then
		echo "is empty"
	elif [ -z "$version" ] || [ "$(tail -n 1 "$1")" != end ] ||
		[ "$(sed '1d;$d' "$1" | cksum)" != "$(seq 3000 | cksum)" ]; then
		echo "is damaged: $(wc -c <"$1") bytes"
	elif [ "$version" -lt "${acked:-0}" ]; then
		echo "has version $version: $acked was acknowledged"
	fi
}

why=$(fault "$file")
[ -n "$why" ] || exit 0
[ -n "$(fault "$file~")" ] || exit 0
echo "the file $why"
exit 1
