#!/bin/sh
# Hunting: found within a bounded number of rounds from a fixed seed, minimised to
# what reasoning says, replayed by the printed command; and what is right stays
# clean to the end. workloads/hunt/README.md has the reasoning.
# seconds: 100
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

runs=$work/runs

left_runs() { # of a scenario, and not `latest`
	find "$runs/$1" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | wc -l
}

# A mistake that one seed in eight makes: seed 3, so the second round.
sed 's/^expect: violated/expect: held/; /^fixed:/d' workloads/hunt/careless.yaml \
	>"$work/careless.yaml"
cp workloads/hunt/*.[ch] "$work"
run_powercut hunt --json --seed 2 --rounds 4 --results "$runs" \
	"$work/careless.yaml"
exits 1 "a loss that nobody expected is exit status 1"
is "$(json verdict)" violated "it is violated"
is "$(json rounds)" 2 "found in the round with seed 3"
is "$(json seed)" 3 "which the object says"
like "$(json message)" "record 4 was acknowledged and is lost" \
	"and what was found"
is "$(json minimal_state)" "m8:all-12" \
	"minimal: right after the ack, without that one write"
is "$(json losses)" 1 "exactly one lost write"
is "$(json losses.0.offset) $(json losses.0.length)" "45056 4096" \
	"that of the fourth record"
for claim in reproduced one_minimal earliest stable; do
	is "$(json "$claim")" 1 "minimising: $claim"
done
at_least "$(json judgements)" 5 "it judged states for that"
ok "and not without bound" test "$(json judgements)" -le 500
is "$(left_runs hunt-records-careless)" 1 \
	"the round that found nothing left nothing"
is "$(readlink -f "$runs/hunt-records-careless/latest")" "$(json run)" \
	"the latest run is the one that found it"
like "$(cat "$(json run)/scenario.yaml")" "^seed: 3$" \
	"its scenario has the round's seed"
like "$(cat "$(json run)/scenario.yaml")" "count: 50$" \
	"and its random cuts spelled out"
no_leaks

command=$(json command)
run=$(json run)
found=$(json state)
is "$command" "powercut check $run@m8:all-12" "the command names run and state"
# shellcheck disable=SC2086
run_powercut ${command#powercut } --results "$runs"
exits 1 "the printed command shows the loss again"
like "$(cat "$out")" "record 4 was acknowledged and is lost" "the same loss"
run_powercut report --json --results "$runs" "$run"
is "$(json reason)" "stopped at the first violated state" \
	"the run's report says that it is not all"
run_powercut explain --minimise --json --results "$runs" "$run@m9:none"
exits 0 "any state that shows it is minimised to the same"
is "$(json minimal_state)" "m8:all-12" "at the earlier cut, with less lost"
run_powercut explain --try-fix --json --results "$runs" "$run@$found"
is "$(json cured) $(json fixes.0.by)" "1 tracer" \
	"the sync that it lacks cures it, in the round with that seed"

# A drive that tears less than the program relies on.
run_powercut hunt --json --seed 14 --rounds 2 --results "$runs" \
	workloads/hunt/pages.yaml
exits 0 "found, as expected: exit status 0"
is "$(json rounds_held)" 1 "not in the round whose drive does not tear a page"
units=$((4096 / $(json drive.tear)))
at_least "$units" 2 "the drive of that round tears less than a page"
# Which update is torn depends on which state was judged first; "earliest" speaks
# of the same lost write.
write=$(json losses.0.number)
case $units in
2) wanted="^w$write:$write\.[01]$" ;;
*) wanted="^w$write:$write\.(0-$((units - 2))|1-$((units - 1)))$" ;;
esac
like "$(json minimal_state)" "$wanted" \
	"minimal: one write, but for its first or its last unit"
like "$(json message)" "page $(((write - 1) % 2)) is torn" "what it shows"
run_powercut explain --try-fix --json --results "$runs" \
	"$(json run)@$(json state)"
like "$(json cause)" "the write was torn" "it is laid to that"
is "$(json cured) $(json fixes.0.by)" "1 drive" \
	"and cured by a drive that writes a page in one piece"

# The same programs without the mistake, in the same rounds.
run_powercut hunt --json --seed 2 --rounds 2 --results "$runs" \
	workloads/hunt/scenario.yaml
exits 0 "the synced twin is clean"
is "$(json verdict) $(json rounds_held)" "held 2" "in each round"
run_powercut hunt --seed 15 --rounds 2 --results "$runs" \
	workloads/hunt/pages-slots.yaml
exits 0 "so are pages with a checksum, whatever the drive tears"
like "$(cat "$out")" "rounds +2, 2 held" "in each round, and it says so"
like "$(cat "$out")" "[1-9][0-9]* judged at [0-9]+ cuts, none violated" \
	"and what was covered"
like "$(cat "$out")" "hunt --seed 17 workloads/hunt/pages-slots.yaml" \
	"and how to go on"
is "$(left_runs hunt-pages-slots)" 0 "and leaves no run"
no_leaks

# Its time is up before a round is finished: nothing was proved.
run_powercut hunt --json --for 1s --results "$runs" \
	workloads/hunt/pages-slots.yaml
exits 2 "a hunt without one finished round proves nothing"
is "$(json verdict)" unknown "it is unknown"

recording() {
	test -e "$runs/hunt-pages-slots/latest/replay/trace.bin"
}
start_powercut hunt --results "$runs" workloads/hunt/pages-slots.yaml
ok "a hunt without end records" wait_for 60 recording
kill -INT "$powercut"
wait_powercut
exits 130 "Ctrl-C ends it"
like "$(cat "$out")" "interrupted" "and it says so"
is "$(left_runs hunt-pages-slots)" 0 "and leaves no run"
no_leaks

for bad in "--rounds 0" "--for 0s" "--for 10" "--budget 0" "--judgements 1" \
	"--jobs 0" "--seed x"; do
	# shellcheck disable=SC2086
	run_powercut hunt $bad workloads/hunt/pages.yaml
	exits 4 "hunt $bad is a usage error"
done
run_powercut hunt workloads/hunt/none.yaml
exits 4 "so is a scenario that is not there"
run_powercut hunt
exits 4 "or none at all"
done_testing
