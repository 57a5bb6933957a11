#!/bin/sh
# Sourced by the scripts beside it: a cluster of one etcd, on the loopback
# interface. $dir is its folder, $log what it said.
export ETCDCTL_API=3
client=http://127.0.0.1:2379
peer=http://127.0.0.1:2380
log=/tmp/etcd.log
server=

# Returns when it has a leader and answers; 1: it ended before.
server_start() { # [OPTION...]
	: >"$log"
	etcd --name one --data-dir "$dir" --logger zap --log-outputs stderr \
		--listen-client-urls "$client" --advertise-client-urls "$client" \
		--listen-peer-urls "$peer" \
		--initial-advertise-peer-urls "$peer" \
		--initial-cluster "one=$peer" "$@" >>"$log" 2>&1 &
	server=$!
	until grep -q 'serving client traffic' "$log"; do
		kill -0 "$server" 2>/dev/null || return 1
		sleep 0.1
	done
}

# Seldom ends by itself within a second; what counts is on the disk.
server_kill() {
	[ -z "$server" ] || kill -KILL "$server" 2>/dev/null || :
	[ -z "$server" ] || wait "$server" 2>/dev/null || :
	server=
}

ask() { # COMMAND [ARGUMENT...]
	etcdctl --endpoints "$client" --command-timeout 20s "$@"
}

# Of some hundred bytes, told by its number.
value_of() { # NUMBER
	seq -s ' ' "$1" "$(($1 + 99))"
}
