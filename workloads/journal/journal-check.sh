#!/bin/sh
# After a cut: journalctl shows every acknowledged entry with its text. And where
# no entry was on its way, it verifies the file.
file=$1/system.journal
said=/tmp/journal.said
command -v journalctl >/dev/null || {
	echo "there is no journalctl in the guest"
	exit 2
}

lost() {
	echo "$*"
	exit 1
}

[ -s "$PC_ACKS" ] || exit 0
[ -e "$file" ] || lost "the journal is gone"
journalctl --file "$file" -o export >/tmp/journal.export 2>"$said"
while read -r _ number; do
	grep -aqx "MESSAGE=entry $number" /tmp/journal.export ||
		lost "entry $number is acknowledged and not there"
	grep -aqx "TEXT=$(seq -s ' ' "$number" "$((number + 99))")" \
		/tmp/journal.export || lost "entry $number has lost its text"
done <"$PC_ACKS"
[ ! -s "$PC_BEGUN" ] || exit 0
journalctl --verify --file "$file" >"$said" 2>&1 ||
	lost "journalctl --verify: $(tail -n 1 "$said")"
