#!/bin/sh
# After a cut: the server loads what is on the disk, and every acknowledged key
# is there; none is missing before one that is. Then redis-check-aof finds
# nothing in what the server has repaired.
#
#	redis-check.sh DIR [OPTION...]
. "$(dirname "$0")/redis-server.sh"
dir=$1/redis
shift
trap server_kill EXIT
command -v redis-server >/dev/null || {
	echo "there is no Redis in the guest"
	exit 2
}

lost() {
	echo "$*"
	exit 1
}

trouble='[Oo]ut of memory|Cannot allocate|No space left|unix socket|FATAL CONFIG'

# What it said last, without its mark (PID:ROLE DATE LEVEL).
no_server() { # DOING
	why=$(grep -aE '^[0-9]+:[A-Z] ' "$log" | tail -n 1 |
		sed -E 's/^.* [0-9:.]+ [*#.-] //')
	echo "$1: ${why:-$(tail -n 1 "$log")}"
	if [ -z "$why" ] || grep -qE "$trouble" "$log"; then
		exit 2
	fi
	exit 1
}

[ -d "$dir" ] || lost "the server's folder is gone"
server_start "$@" || no_server "the server does not start"

# All keys that there can be, in one question; a line for each answer.
count=$(sed -n '$s/key //p' "$PC_ACKS" "$PC_BEGUN" | sort -n | tail -n 1)
count=${count:-0}
ask mget $(seq -f 'key-%g' 0 "$count") >/tmp/redis.values 2>&1 || {
	kill -0 "$server" 2>/dev/null || no_server "the server ended"
	echo "mget: $(tail -n 1 /tmp/redis.values)"
	exit 2
}
last=-1
for i in $(seq 0 "$count"); do
	read -r value
	if [ "$value" = "$(value_of "$i")" ]; then
		[ "$last" = "$((i - 1))" ] ||
			lost "key $i is there, and key $((last + 1)) is not"
		last=$i
	elif [ -n "$value" ]; then
		lost "key $i has not the value that was set"
	elif [ "$i" = 0 ] || grep -qx "key $i" "$PC_ACKS"; then
		lost "key $i is acknowledged and not there"
	fi
done </tmp/redis.values
server_stop || no_server "the server does not stop"

manifest=$dir/appendonlydir/appendonly.aof.manifest
[ -e "$manifest" ] || exit 0
redis-check-aof "$manifest" >/tmp/said 2>&1 ||
	lost "redis-check-aof: $(grep -a . /tmp/said | tail -n 1)"
