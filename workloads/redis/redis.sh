#!/bin/sh
# Sets keys, one after the other, and acknowledges each when the server has
# answered.
#
#	redis.sh --init DIR [OPTION...]
#	redis.sh [--rewrite] COUNT DIR [OPTION...]
#
# --rewrite: has the append-only file rewritten before every third key.
# OPTION... is for redis-server.
set -eu
. "$(dirname "$0")/redis-server.sh"
trap server_kill EXIT

start() { # [OPTION...]
	server_start "$@" || {
		tail -n 1 "$log"
		exit 1
	}
}

if [ "$1" = --init ]; then
	dir=$2/redis
	shift 2
	mkdir "$dir"
	start "$@"
	ask set key-0 "$(value_of 0)" >/dev/null
	ask save >/dev/null
	server_stop
	exit 0
fi
rewrite=
if [ "$1" = --rewrite ]; then
	rewrite=yes
	shift
fi
count=$1
dir=$2/redis
shift 2
start "$@"
for i in $(seq "$count"); do
	if [ -n "$rewrite" ] && [ "$((i % 3))" = 0 ]; then
		ask bgrewriteaof >/dev/null 2>&1 || : # one is running
	fi
	pc begin "key $i"
	ask set "key-$i" "$(value_of "$i")" >/dev/null
	pc ack "key $i"
done
server_stop
