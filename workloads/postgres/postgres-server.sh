#!/bin/sh
# Sourced by the scripts beside it: one PostgreSQL server in the foreground's
# process group, so that it ends with them. It answers on a socket in /tmp only.
#
# $data is the folder of its database, $log what it said.
PATH=$PATH:/usr/lib/postgresql/15/bin
export PGHOST=/tmp PGUSER=postgres PGDATABASE=postgres
log=/tmp/postgres.log
server=

as_postgres="setpriv --reuid=postgres --regid=postgres --clear-groups"

# Small, and nothing in the background that the scenario does not ask for. Then
# the options of the caller. Returns when it takes connections; 1: it ended
# before.
server_start() { # [NAME=VALUE...]
	# Left by the server that lost its power, and it says "ready", too.
	rm -f "$data/postmaster.pid"
	set -- listen_addresses= unix_socket_directories=/tmp jit=off \
		autovacuum=off shared_buffers=4MB max_connections=10 \
		checkpoint_timeout=1h "$@"
	for setting; do
		set -- "$@" -c "$setting"
		shift
	done
	: >"$log"
	$as_postgres postgres -D "$data" "$@" >>"$log" 2>&1 &
	server=$!
	until grep -q '^ready' "$data/postmaster.pid" 2>/dev/null; do
		kill -0 "$server" 2>/dev/null || return 1
		sleep 0.1
	done
}

# Waits for what is running to end, writes a checkpoint, ends.
server_stop() {
	kill -INT "$server"
	wait "$server"
	server=
}

# Ends at once, as after a crash of one of its processes.
server_kill() {
	[ -z "$server" ] || kill -QUIT "$server" 2>/dev/null || :
	[ -z "$server" ] || wait "$server" 2>/dev/null || :
	server=
}

ask() { # [ARGUMENT...]: of psql
	psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}
