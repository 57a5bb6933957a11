#!/bin/sh
# Packs files into one archive after the other, and acknowledges each when the
# archiver has returned.
#
#	archive.sh --init DIR
#	archive.sh [--sync] FORMAT COUNT DIR	zip, tar, gzip, gzip-synchronous, xz
#
# gzip and xz take the original away. --sync: syncs archive and directory, and
# only then acknowledges.
set -eu

if [ "$1" = --init ]; then
	mkdir "$2/in" "$2/out"
	for i in 1 2 3 4; do
		seq "$i" 4000 >"$2/in/$i.txt"
		cksum <"$2/in/$i.txt" >"$2/in/$i.sum"
	done
	exit 0
fi
sync=
if [ "$1" = --sync ]; then
	sync=yes
	shift
fi
format=$1
cd "$3"
for i in $(seq "$2"); do
	pc begin "file $i $format"
	case $format in
	zip) made=out/$i.zip && zip -q "$made" "in/$i.txt" ;;
	tar) made=out/$i.tar && tar -cf "$made" "in/$i.txt" ;;
	gzip) made=in/$i.txt.gz && gzip "in/$i.txt" ;;
	gzip-synchronous)
		made=in/$i.txt.gz && gzip --synchronous "in/$i.txt" ;;
	xz) made=in/$i.txt.xz && xz -0 "in/$i.txt" ;;
	esac
	[ -z "$sync" ] || sync "$made" "${made%/*}"
	pc ack "file $i $format"
done
# Time goes by; the file system commits what it holds (mount option commit=1).
sleep 3
