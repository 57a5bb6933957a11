#!/bin/sh
# After a cut: etcd starts on what is on the disk, and every acknowledged key is
# there with its value; none is missing before one that is.
. "$(dirname "$0")/etcd-server.sh"
dir=$1/etcd
trap server_kill EXIT
if ! command -v etcd >/dev/null || ! command -v etcdctl >/dev/null; then
	echo "there is no etcd in the guest"
	exit 2
fi

lost() {
	echo "$*"
	exit 1
}

trouble='out of memory|cannot allocate|no space left|address already in use'
trouble="$trouble|cannot assign"

# By the last that it complained about: "level":"fatal", panic:, or the last.
no_server() { # DOING
	for sign in '^panic: ' '"level":"(panic|fatal)"' '"level":"error"' ''; do
		why=$(grep -aE "$sign" "$log" | tail -n 1)
		[ -z "$why" ] || break
	done
	echo "$1: $why"
	if [ -z "$why" ] || grep -qiE "$trouble" "$log"; then
		exit 2
	fi
	exit 1
}

[ -d "$dir" ] || lost "the server's folder is gone"
server_start --unsafe-no-fsync || no_server "etcd does not start"
ask get --prefix key- >/tmp/etcd.all 2>/tmp/etcd.said || {
	kill -0 "$server" 2>/dev/null || no_server "etcd ended"
	echo "etcdctl: $(tail -n 1 /tmp/etcd.said)"
	exit 2
}
# A line with the key, a line with its value
sed -n 's/^key-//p' /tmp/etcd.all | sort -n >/tmp/etcd.numbers
last=$(tail -n 1 /tmp/etcd.numbers)
[ -n "$last" ] || lost "all keys are gone"
[ "$(cat /tmp/etcd.numbers)" = "$(seq 0 "$last")" ] ||
	lost "a key is lost before $last: there are $(tr '\n' ' ' </tmp/etcd.numbers)"
while read -r _ number; do
	[ "$number" -le "$last" ] ||
		lost "key $number is acknowledged and not there"
done <"$PC_ACKS"
for i in $(seq 0 "$last"); do
	[ "$(sed -n "/^key-$i\$/{n;p;}" /tmp/etcd.all)" = "$(value_of "$i")" ] ||
		lost "key $i has not the value that was put"
done
