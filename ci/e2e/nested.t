#!/bin/sh
# Crashes while recovering from a crash: a recovery that forgets a sync is safe in
# one power cut and loses data in a second; its fixed twin is safe in both.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

run_powercut run --json --results "$work/runs" \
	workloads/redo-log/scenario.yaml workloads/redo-log/hasty.yaml
exits 0 "the careful recovery is held, the hasty one violated"
is "$(json verdict | tr '\n' ' ')" "held violated " "verdicts"
at_least "$(json reach.inside_recovery | head -n 1)" 1 \
	"cuts fell inside a recovery, and are counted"
run=$(json run | tail -n 1)
sources() { # of states with a verdict
	sqlite3 "$run/results.sqlite" \
		"SELECT DISTINCT source FROM state WHERE verdict = '$1'"
}
is "$(sources violated | grep -vc '^nested-')" 0 \
	"only a second cut shows the loss"
like "$(sources held)" "^replay" "the first cut does not"
state=redo-log-hasty@$(json findings.0.state | tail -n 1)
like "$state" "@nested-[0-9]+/" "the state names its recovery"

run_powercut check --results "$work/runs" "$state"
exits 1 "the state is violated again by its name"
run_powercut export --results "$work/runs" "$state" "$work/state.img"
exits 0 "and can be exported"
run_powercut explain --try-fix --json --results "$work/runs" "$state"
exits 0 "a sync within the recovery cures it"
like "$(json cause)" "/mnt/table, written by call .*redo-log-check.*page cache" \
	"which is what it was laid to"
run_powercut check --json --results "$work/runs" redo-log-hasty
exits 0 "judged again, the recoveries are, too"
is "$(json verdict)" violated "verdict violated"

sed 's/nested: 2/nested: 3/' workloads/redo-log/scenario.yaml >"$work/deep.yaml"
run_powercut run "$work/deep.yaml"
exits 4 "deeper recoveries are refused"
like "$(cat "$err")" "deep.yaml:[0-9]+:[0-9]+: .*nested" "with the place"
no_leaks
done_testing
