#!/bin/sh
# Two commands in place of a scenario.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

run_powercut try --check true
exits 4 "a writer is needed"
run_powercut try --write true --check true --fs ext5
exits 4 "what is no file system is refused before anything starts"

run_powercut try --json --budget 60 --results "$work/runs" --keep "$work/kept" \
	--write 'echo hello >a && sync a' --check 'grep -q hello a'
exits 0 "what is synced is kept"
is "$(json verdict)" held "and held"
is "$(json acks)" 1 "the writer's end is a promise"
ok "the scenario is kept" test -f "$work/kept/scenario.yaml"
ok "with its scripts" test -x "$work/kept/try-writer"

run_powercut try --json --budget 60 --results "$work/runs" \
	--write 'echo hello >a' --check 'grep -q hello a'
exits 1 "what is not synced is lost"
is "$(json verdict)" violated "and violated"
like "$(json findings.0.message)" "grep: a: No such file" "as the check says"
run=$(json run)
ok "the run has the workload" test -x "$run/workload/try-check"
run_powercut check --json --results "$work/runs" \
	"$run@$(json findings.0.state)"
exits 1 "its state can be judged again by the run's own copy"
is "$(json verdict)" violated "and is violated again"

run_powercut try --json --budget 4 --results "$work/runs" \
	--write 'exit 3' --check true
exits 2 "a writer that fails proves nothing"
like "$(json reason)" "the writer ended with status 3" "and that is said"
no_leaks
done_testing
