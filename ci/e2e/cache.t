#!/bin/sh
# Caches that fill, age, keep an order, lie or are protected: for each a program
# that loses data on one drive and none on its twin. Few cuts, right behind acks,
# so that the test is short.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

# In a log a record's begin comes first and its ack second.
cuts='cuts: [{ at: { mark: TXN-00002, nth: 2 } }, { at: { mark: TXN-00004, nth: 2 } }]'
cp workloads/append-log/*.[ch] "$work"

short() { # NAME...
	for name; do
		sed "/^cuts:/,/^  -/d; /^fixed:/d; s/^check:/$cuts\n&/" \
			"workloads/append-log/$name.yaml" >"$work/$name.yaml"
	done
}

short direct plp destage flush-ignored fua-ignored capacity
# The cache holds four records; with room for one more it is one too many.
sed 's/16KiB/20KiB/; s/^expect: held/expect: violated/' "$work/capacity.yaml" \
	>"$work/larger.yaml"
for name in reordered fifo; do
	sed "s/every: mark/at: { mark: TXN-00004 }/; /^fixed:/d" \
		"workloads/append-log/$name.yaml" >"$work/$name.yaml"
done

# What both guests see, and what their kernels make of it.
file=/sys/block/nvme0n1/queue/write_cache
see() { # MODE SHOWN
	cat >"$work/see-$1.yaml" <<YAML
name: see-$1
drive: { size: 64MiB, cache: { mode: $1 } }
filesystem: { type: ext4, mkfs: -b 4096 -N 512 }
workload:
  run: [sh, -c, "grep '$2' $file && echo x >/mnt/x && sync && pc ack x"]
cuts: [{ every: mark }]
check: { run: [grep, -q, "$2", "$file"] }
YAML
}
see none "write through"
see writeback "write back"

verdict() { # NAME
	json verdict "$work/$1.json"
}

# One process: its checkers turn from one kind of drive to the next.
cd "$work" || exit 1
run_powercut run --json --budget 8 --results "$work/runs" direct.yaml plp.yaml \
	destage.yaml flush-ignored.yaml fua-ignored.yaml capacity.yaml \
	larger.yaml reordered.yaml fifo.yaml \
	see-none.yaml see-writeback.yaml
cd "$TOP" || exit 1
exits 0 "every verdict is as expected"
while read -r line; do
	printf '%s\n' "$line" >"$work/one"
	cp "$work/one" "$work/$(json scenario "$work/one").json"
done <"$out"

is "$(verdict append-log-direct)" violated "a volatile cache loses what it held"
is "$(verdict append-log-plp)" held "power-loss protection keeps it"
is "$(verdict append-log-destage)" held "and one that it left by its age"
is "$(verdict append-log-flush-ignored)" violated "ignored flushes lose data"
is "$(verdict append-log-fua-ignored)" violated "so does ignored FUA"
is "$(verdict append-log-reordered)" violated "any order makes gaps"
is "$(verdict append-log-fifo)" held "completion order makes none"
is "$(json verdict | sed -n 6,7p | tr '\n' ' ')" "held violated " \
	"a cache keeps as much as its capacity, to the byte"

is "$(json verdict | sed -n 10,11p | tr '\n' ' ')" "held held " \
	"both guests see the cache that the scenario has"
sent() { # NAME: whether there were flushes and FUA writes
	sqlite3 "$(json run "$work/$1.json")/results.sqlite" \
		"SELECT group_concat(value > 0, ' ') FROM run
			WHERE key IN ('flushes', 'fua_writes')"
}
is "$(sent see-none)" "0 0" "without a volatile cache a guest sends no flush"
is "$(sent see-writeback)" "1 1" "with one it does, and FUA writes"
no_leaks
done_testing
