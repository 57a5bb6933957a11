#!/bin/sh
# After a cut: no file is lost, its original or its archive is whole, always.
# And every acknowledged archive can be unpacked and has its content.
cd "$1" || exit 2

whole() { # NUMBER: of standard input
	[ "$(cksum)" = "$(cat "in/$1.sum")" ]
}

packed() { # NUMBER FORMAT: unpacks it, to standard output
	case $2 in
	zip) unzip -p "out/$1.zip" ;;
	tar) tar -xOf "out/$1.tar" ;;
	gzip*) gzip -dc "in/$1.txt.gz" ;;
	xz) xz -dc "in/$1.txt.xz" ;;
	esac 2>/tmp/said
}

format=$(cat "$PC_ACKS" "$PC_BEGUN" | cut -d' ' -f3 | head -n 1)
for i in 1 2 3 4; do
	[ -e "in/$i.txt" ] && whole "$i" <"in/$i.txt" && continue
	packed "$i" "${format:-none}" | whole "$i" && continue
	echo "file $i is lost: neither original nor archive is whole"
	exit 1
done
while read -r _ i format; do
	if ! packed "$i" "$format" | whole "$i"; then
		echo "archive $i is acknowledged and damaged or not there:" \
			"$(head -n 1 /tmp/said)"
		exit 1
	fi
done <"$PC_ACKS"
