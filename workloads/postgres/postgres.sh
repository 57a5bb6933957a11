#!/bin/sh
# Moves money between accounts, one transaction after the other, and
# acknowledges each when COMMIT has returned.
#
#	postgres.sh --init DIR
#	postgres.sh [--evict] [--pause SECONDS] COUNT DIR [SETTING=VALUE...]
#
# --evict: a checkpoint before each transaction, and after it the pages that it
# has changed leave the server's memory: they are on their way to the drive, and
# no sync has followed, when the mark "written" comes. --pause: between them.
set -eu
. "$(dirname "$0")/postgres-server.sh"
trap server_kill EXIT

# Accounts that fill ten pages, so that a page holds some and not all.
if [ "$1" = --init ]; then
	data=$2/postgres
	mkdir "$data"
	chown postgres: "$data"
	$as_postgres initdb -D "$data" -U postgres -A trust --no-sync \
		--no-locale -E UTF8 --data-checksums --wal-segsize=1 \
		--no-instructions >/tmp/initdb.log 2>&1 || {
		tail -n 3 /tmp/initdb.log
		exit 1
	}
	server_start fsync=off full_page_writes=off
	ask <<-'END'
		create extension amcheck;
		create table account (id int primary key, balance int,
			filler text);
		insert into account
			select i, 1000, repeat('.', 900)
			from generate_series(1, 80) i;
		create table transfer (id int primary key, giver int,
			taker int, amount int, note text);
		create index on transfer (note);
		vacuum analyze;
	END
	server_stop
	exit 0
fi
evict=
before=
after=
while :; do
	case $1 in
	--evict) evict=yes && shift ;;
	--pause) after="\\! sleep $2" && shift 2 ;;
	*) break ;;
	esac
done
count=$1
data=$2/postgres
shift 2
# 16 pages of memory, which a walk along an index of the catalogue fills; what a
# process writes to make room the kernel is told to write out at once.
if [ -n "$evict" ]; then
	set -- shared_buffers=128kB backend_flush_after=8kB "$@"
	before='checkpoint; set enable_seqscan = off;'
	after="select count(proname) from pg_proc where oid > 0 \\g /dev/null
		\\! pc mark written"
fi
# The first and the last accounts of pages that are apart.
transfer() { # NUMBER
	cat <<-END
		$before
		\\! pc begin 'transfer $1'
		begin;
		insert into transfer values ($1, $1, 81 - $1, $1,
			repeat(md5('$1'), 8));
		update account set balance = balance - $1 where id = $1;
		update account set balance = balance + $1 where id = 81 - $1;
		commit;
		\\! pc ack 'transfer $1'
		$after
	END
}

server_start "$@" || {
	tail -n 1 "$log"
	exit 1
}
for i in $(seq "$count"); do
	transfer "$i"
done | ask
server_stop
