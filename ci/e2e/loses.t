#!/bin/sh
# A program that is documented to lose its last records: it does, and never more.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

run_powercut run --json --budget 24 --results "$work/runs" \
	workloads/append-log/background.yaml
exits 0 "the documented loss is as expected"
is "$(json verdict) $(json expect)" "loses loses" "and is called that"
at_least "$(json loses)" 1 "states lose within the window"
is "$(json violated)" 0 "none loses more"
is "$(json window_seconds)" 2 "the report says the window"
like "$(json findings.0.oldest_lost_ack_seconds)" '^[01]\.' \
	"and how old the oldest loss was"
run=$(json run)
state=$(json findings.0.state)
run_powercut report "$run"
like "$(cat "$out")" "^  lost +within the documented window of 2 s" \
	"text says that it is documented"
run_powercut report --format junit "$run"
like "$(cat "$out")" 'failures="0"' "JUnit counts no failure"
run_powercut report --format html "$run"
like "$(cat "$out")" "Lost within the documented window" "HTML says so, too"
run_powercut check --json --results "$work/runs" "$run@$state"
exits 0 "a state alone is judged by the window, too"
is "$(json verdict)" loses "and loses within it"

# The same recording, by a program that promises more, and one that loses nothing.
mkdir "$work/strict"
cp workloads/append-log/*.[ch] "$work/strict"
sed 's/last 2000 ms/last 1 ms/; /^fixed:/d' workloads/append-log/background.yaml \
	>"$work/strict/scenario.yaml"
run_powercut check --json --results "$work/runs" \
	--scenario "$work/strict/scenario.yaml" "$run"
exits 1 "a window of a millisecond is too small"
is "$(json verdict)" violated "the same states are violated"
at_least "$(json findings.0.states)" 1 "and are found"
sed 's/^expect: .*/expect: held/; /^fixed:/d' workloads/append-log/background.yaml \
	>"$work/strict/scenario.yaml"
run_powercut check --json --results "$work/runs" \
	--scenario "$work/strict/scenario.yaml" "$run"
exits 1 "without a window it is a loss"
is "$(json loses) $(json expect)" "0 held" "and nothing is excused"
sed 's/^expect: .*/expect: { loses: last 1 s }/' \
	workloads/append-log/scenario.yaml >"$work/strict/scenario.yaml"
run_powercut run --json --budget 6 --results "$work/runs" \
	"$work/strict/scenario.yaml"
exits 1 "what loses nothing does not show a loss"
is "$(json verdict)" held "it is held"
like "$(json reason)" "does not show the loss" "and the report says why"
no_leaks
done_testing
