#!/bin/sh
# kill -9 of the controller in each phase: soon there is no QEMU, no nbdkit, no
# socket, no runtime folder; and the store opens.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

qemus() { # at least this many run
	[ "$(left_processes | grep -c qemu-system)" -ge "$1" ]
}

phase() { # a run is in this phase
	[ "$(sqlite3 -readonly "$work"/runs/append-log/latest/results.sqlite \
		"SELECT value FROM run WHERE key = 'phase'")" = "$1" ]
}

states() { # at least this many are judged
	[ "$(sqlite3 -readonly "$work"/runs/append-log/latest/results.sqlite \
		"SELECT count(*) FROM state")" -ge "$1" ]
}

killed() { # WHEN
	kill -KILL "$powercut"
	wait "$powercut" 2>"$work/wait"
	no_leaks "killed $1: nothing is left"
}

start() {
	start_powercut run --results "$work/runs" "$@" \
		workloads/append-log/scenario.yaml
}

start
ok "the guests boot" wait_for 60 qemus 1
killed "while guests boot"

start
ok "it records" wait_for 60 phase recording
ok "with three guests" wait_for 60 qemus 3
killed "while it records"
run_powercut report --results "$work/runs" append-log
exits 0 "the store opens"
like "$(cat "$out")" "UNKNOWN" "and the report says unknown"

start
ok "it judges states" wait_for 120 states 1
killed "while it judges states"
run_powercut report --results "$work/runs" append-log
exits 0 "the store opens"
like "$(cat "$out")" "UNKNOWN" "never held"
is "$(sqlite3 "$work"/runs/append-log/latest/results.sqlite \
	'PRAGMA integrity_check')" ok "the store is intact"

start --mode live
ok "it makes live cuts" \
	wait_for 120 test -e "$work/runs/append-log/latest/live-2/drive.log"
killed "in a live cut"

run_powercut check --results "$work/runs" --json append-log@live-1/end:all
exits 0 "what was recorded before the kill can still be judged"
no_leaks
done_testing
