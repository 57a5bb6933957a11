#!/bin/sh
# Appends entries to a file of systemd's journal, and acknowledges each.
#
#	journal.sh COUNT DIR		when the program that has written it has ended
#	journal.sh --running COUNT DIR	when journalctl shows it, while the program
#					that has written it still runs
set -eu
PATH=$PATH:/lib/systemd

entry() { # NUMBER: in the journal's export format
	cat <<-END
		__REALTIME_TIMESTAMP=$((1700000000000000 + $1))
		_BOOT_ID=00000000000000000000000000000001
		MESSAGE=entry $1
		TEXT=$(seq -s ' ' "$1" "$(($1 + 99))")

	END
}

write_entries() { # from standard input
	systemd-journal-remote -o "$file" - >/tmp/journal.said 2>&1
}

running=
if [ "$1" = --running ]; then
	running=yes
	shift
fi
file=$2/system.journal
if [ -z "$running" ]; then
	for i in $(seq "$1"); do
		pc begin "entry $i"
		entry "$i" | write_entries
		pc ack "entry $i"
	done
	exit 0
fi
mkfifo /tmp/journal.entries
write_entries </tmp/journal.entries &
exec 3>/tmp/journal.entries
for i in $(seq "$1"); do
	pc begin "entry $i"
	entry "$i" >&3
	until journalctl --file "$file" -o cat 2>/dev/null |
		grep -qx "entry $i"; do
		sleep 0.1
	done
	pc ack "entry $i"
done
exec 3>&-
wait
rm /tmp/journal.entries
