#!/bin/sh
# Sourced by the scripts beside it: one Redis server, which answers on a socket in
# /tmp only. $dir is its folder, $log what it said.
socket=/tmp/redis.sock
log=/tmp/redis.log
server=

# Returns when it has read what is on the disk; 1: it ended before.
server_start() { # [OPTION...]
	rm -f "$socket"
	: >"$log"
	redis-server --port 0 --unixsocket "$socket" --dir "$dir" --save '' \
		"$@" >>"$log" 2>&1 &
	server=$!
	until grep -q 'ready to accept connections at /' "$log"; do
		kill -0 "$server" 2>/dev/null || return 1
		sleep 0.1
	done
}

server_stop() {
	kill -TERM "$server"
	wait "$server"
	server=
}

server_kill() {
	[ -z "$server" ] || kill -KILL "$server" 2>/dev/null || :
	[ -z "$server" ] || wait "$server" 2>/dev/null || :
	server=
}

ask() { # COMMAND [ARGUMENT...]
	redis-cli -s "$socket" -e "$@"
}

# Of some hundred bytes, told by its number.
value_of() { # NUMBER
	seq -s ' ' "$1" "$(($1 + 99))"
}
