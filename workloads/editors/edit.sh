#!/bin/sh
# Changes a line of a file again and again with a program that people use for
# it, and acknowledges each version when the program has returned.
#
#	edit.sh --init DIR
#	edit.sh [--sync] PROGRAM COUNT DIR	sed, vim, nano or ed
#
# --sync: syncs file and directory, and only then acknowledges.
set -eu
export HOME=/tmp TERM=linux

# Some blocks, so that a part of it can be missing.
if [ "$1" = --init ]; then
	mkdir "$2/etc"
	{
		echo "version 0"
		seq 3000
		echo end
	} >"$2/etc/config"
	exit 0
fi
# nano wants a terminal, and keys only when it has drawn the file. Ctrl-K cuts
# the first line; Ctrl-O and Enter save, Ctrl-X leaves.
nano_edit() { # NUMBER FILE
	rm -f /tmp/keys /tmp/screen
	mkfifo /tmp/keys
	: >/tmp/screen
	script -qec "nano -I $2" /dev/null </tmp/keys >/tmp/screen &
	exec 3>/tmp/keys
	until grep -aq version /tmp/screen; do
		sleep 0.1
	done
	printf '\013version %s\r\017\r\030' "$1" >&3
	wait "$!"
	exec 3>&-
}

sync=
if [ "$1" = --sync ]; then
	sync=yes
	shift
fi
program=$1
file=$3/etc/config
for i in $(seq "$2"); do
	pc begin "version $i"
	case $program in
	sed) sed -i "1s/.*/version $i/" "$file" ;;
	vim) vim -N -u NONE -n -es -c "1s/.*/version $i/" -c wq "$file" ;;
	nano) nano_edit "$i" "$file" ;;
	ed) printf '1s/.*/version %s/\nw\nq\n' "$i" | ed -s "$file" ;;
	esac
	[ "$(head -n 1 "$file")" = "version $i" ] # it did what it should
	[ -z "$sync" ] || sync "$file" "${file%/*}"
	pc ack "version $i"
done
