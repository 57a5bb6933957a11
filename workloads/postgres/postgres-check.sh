#!/bin/sh
# After a cut: the server starts and recovers, every acknowledged transfer is
# there, the money is what the transfers make of it, and amcheck finds tables and
# indexes as they should be.
. "$(dirname "$0")/postgres-server.sh"
data=$1/postgres
said=/tmp/said
trap server_kill EXIT
command -v postgres >/dev/null || {
	echo "there is no PostgreSQL in the guest"
	exit 2
}

lost() {
	echo "$*"
	exit 1
}

# What has nothing to do with the disk.
trouble='No space left|[Oo]ut of memory|Cannot allocate|shared memory segment'
trouble="$trouble|could not bind|could not create.* socket|could not fork"

# Damage, or trouble: by the last that the server complained about.
no_server() { # DOING
	for sign in PANIC: 'FATAL:|ERROR:' 'terminated by signal' ''; do
		why=$(grep -aE "$sign" "$log" | tail -n 1 |
			sed 's/^.* UTC \[[0-9]*\] //')
		[ -z "$why" ] || break
	done
	echo "$1: ${why:-it said nothing}"
	if [ -z "$why" ] || echo "$why" | grep -qE "$trouble"; then
		exit 2
	fi
	exit 1
}

# Each line is a transfer, or begins with "!" and says what is wrong. Heaps and
# B-trees: ours and two of the catalogue's.
questions="
select 'transfer ' || id from transfer order by id;
select '!transfer ' || id || ' is not what was written' from transfer
	where note <> repeat(md5(id::text), 8) or amount <> id or giver <> id
	or taker <> 81 - id;
select '!account ' || a.id || ' has ' || balance || ', not what its transfers make'
	from account a where balance <> 1000
	- coalesce((select sum(amount) from transfer where giver = a.id), 0)
	+ coalesce((select sum(amount) from transfer where taker = a.id), 0);
select '!' || count(*) || ' of 80 accounts are there' from account
	where filler = repeat('.', 900) having count(*) <> 80;
select '!table ' || c || ': ' || msg from unnest('{account,transfer,pg_class,
	pg_attribute}'::regclass[]) c, verify_heapam(c);
select bt_index_check(indexrelid, true) from pg_index where indrelid = any
	('{account,transfer,pg_class,pg_attribute}'::regclass[]);"

# Nothing that this server writes need survive.
server_start fsync=off || no_server "the server does not start"
echo "$questions" | ask >"$said" 2>"$said.error" || {
	kill -0 "$server" 2>/dev/null || no_server "the server ended"
	why=$(grep -a -m 1 -oE '(ERROR|FATAL|PANIC):.*' "$said.error")
	[ -z "$why" ] || lost "a query fails: $why"
	echo "psql: $(tail -n 1 "$said.error")"
	exit 2
}
why=$(sed -n '/^!/{s///p;q;}' "$said")
[ -z "$why" ] || lost "$why"
while read -r _ number; do
	grep -qx "transfer $number" "$said" ||
		lost "transfer $number is acknowledged and not there"
done <"$PC_ACKS"
while read -r name number; do
	[ -z "$name" ] ||
		grep -qx "$name $number" "$PC_ACKS" "$PC_BEGUN" ||
		lost "transfer $number is there, and nobody has made it"
done <"$said"
server_stop || no_server "the server does not stop"
