#!/bin/sh
# Held (0) when each acknowledged record is in the file, whole; violated (1) when
# one is not. Anything else that goes wrong is neither.
set -u
file=$PC_MOUNT/records
[ -e "$PC_ACKS" ] || exit 2
[ -s "$PC_ACKS" ] || exit 0
[ -e "$file" ] || { echo "there is no file, $(wc -l <"$PC_ACKS") are acknowledged"; exit 1; }
[ -s "$file" ] || { echo "the file is empty"; exit 1; }
exec awk '
	NR == FNR { have[$0] = 1; next }
	!(("record " $1 ": saved") in have) {
		print "record " $1 " is acknowledged and gone"
		lost = 1
		exit
	}
	END { exit lost }
' "$file" "$PC_ACKS"
