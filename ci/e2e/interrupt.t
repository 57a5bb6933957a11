#!/bin/sh
# Ctrl-C: what is under way is finished, the report is written, nothing is left
# behind. A second one stops at once.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

states() { # at least this many are judged
	[ "$(sqlite3 -readonly "$work"/runs/sqlite/latest/results.sqlite \
		"SELECT count(*) FROM state")" -ge "$1" ]
}

start_powercut run --results "$work/runs" workloads/sqlite/scenario.yaml
ok "it judges states" wait_for 120 states 1
kill -INT "$powercut"
wait_powercut
exits 130 "Ctrl-C while judging is exit status 130"
like "$(cat "$out")" "interrupted" "the report says that it is not whole"
ok "the report is written" \
	test -s "$work/runs/sqlite/latest/report.json"
is "$(json verdict "$work/runs/sqlite/latest/report.json")" unknown \
	"and what was not judged is not held"
no_leaks

start_powercut run --results "$work/runs" workloads/sqlite/scenario.yaml
ok "it judges states" wait_for 120 states 1
kill -INT "$powercut"
kill -INT "$powercut"
wait_powercut
exits 130 "twice Ctrl-C is exit status 130, too"
no_leaks

start_powercut run --results "$work/new" workloads/sqlite/scenario.yaml
ok "it boots" wait_for 60 test -e "$work/new/sqlite/latest/replay/trace.bin"
kill -TERM "$powercut"
wait_powercut
exits 130 "SIGTERM while recording ends it in order"
no_leaks
done_testing
