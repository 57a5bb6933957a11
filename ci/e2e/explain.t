#!/bin/sh
# Why a state is legal: of a real run, each volatile write has its rule.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

run_powercut run --json --results "$work/runs" \
	workloads/append-log/unsynced.yaml
exits 0 "the loss is found"
state=append-log-unsynced@$(json findings.0.state)
lost=$(json findings.0.lost)
at_least "$lost" 1 "it needs a lost write"

run_powercut explain --results "$work/runs" "$state"
exits 0 "its state is explained"
like "$(cat "$out")" "^$state: legal" "with its name"
is "$(grep -c '^w' "$out")" 0 "in short without --legal"

run_powercut explain --legal --results "$work/runs" "$state"
exits 0 "and at length"
is "$(grep -c '  rule 3: ' "$out")" "$(grep -c '^w' "$out")" \
	"each volatile write has rule 3"
at_least "$(grep -Ec '^  lost$|^  (survived|overw).*lost' "$out")" "$lost" \
	"the lost ones are named"
like "$(cat "$out")" "flush" "with the flush that did not cover them"

run_powercut explain --json --all --results "$work/runs" "$state"
exits 0 "in JSON with the durable ones"
is "$(json writes)" $(($(json volatile) + $(json durable))) \
	"every write before the cut is there"
is "$(json lost)" "$lost" "as many are lost as the finding says"
like "$(cat "$out")" '"reason":"(flushed|fua)"' "something made some durable"

for bad in append-log-unsynced@nonsense append-log-unsynced@w99999:all \
	append-log-unsynced@end:99999 nosuch@end:all; do
	run_powercut explain --legal --results "$work/runs" "$bad"
	exits 4 "$bad is refused"
done
no_leaks
done_testing
