#!/bin/sh
# Why a state is legal: of a real run, each volatile write has its rule.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

# The third flush is about to be accepted: what it would cover is volatile.
run_powercut run --json --budget 4 --results "$work/runs" \
	workloads/append-log/scenario.yaml
exits 0 "a run"
state=append-log@f3:none

run_powercut explain --results "$work/runs" "$state"
exits 0 "its state is explained"
like "$(cat "$out")" "^$state: legal" "with its name"
is "$(grep -c '^w' "$out")" 0 "in short without --legal"

run_powercut explain --legal --results "$work/runs" "$state"
exits 0 "and at length"
is "$(grep -c '  rule 3: ' "$out")" "$(grep -c '^w' "$out")" \
	"each volatile write has rule 3"
at_least "$(grep -c '^  lost$' "$out")" 1 "lost ones are named as such"
like "$(cat "$out")" "flush f3 was submitted at .* had not completed" \
	"with the flush that did not cover them in time"

run_powercut explain --json --all --results "$work/runs" "$state"
exits 0 "in JSON with the durable ones"
is "$(json writes)" $(($(json volatile) + $(json durable))) \
	"every write before the cut is there"
at_least "$(json lost)" 1 "and what was lost is counted"
like "$(cat "$out")" '"reason":"(flushed|fua)"' "something made some durable"

for bad in append-log@nonsense append-log@w99999:all \
	append-log@end:99999 nosuch@end:all; do
	run_powercut explain --legal --results "$work/runs" "$bad"
	exits 4 "$bad is refused"
done
no_leaks
done_testing
