#!/bin/sh
# Puts keys, one after the other, and acknowledges each when etcd has answered.
#
#	etcd.sh --init DIR
#	etcd.sh COUNT DIR [OPTION...]		OPTION... is for etcd
set -eu
. "$(dirname "$0")/etcd-server.sh"
trap server_kill EXIT

start() { # [OPTION...]
	server_start "$@" || {
		tail -n 1 "$log"
		exit 1
	}
}

if [ "$1" = --init ]; then
	dir=$2/etcd
	start
	ask put key-0 "$(value_of 0)" >/dev/null
	exit 0
fi
count=$1
dir=$2/etcd
shift 2
start "$@"
for i in $(seq "$count"); do
	pc begin "key $i"
	ask put "key-$i" "$(value_of "$i")" >/dev/null
	pc ack "key $i"
done
