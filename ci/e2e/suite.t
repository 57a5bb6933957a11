#!/bin/sh
# A suite: one file, many runs, one table.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

for i in 1 2 3; do
	cat >"$work/$i.yaml" <<EOF
suite: s
scenarios:
  - $TOP/workloads/append-log/scenario.yaml
  - { scenario: $TOP/workloads/append-log/unsynced.yaml, quick: true }
  - scenario: $TOP/workloads/append-log/plp.yaml
    expect: { ext4: violated }
    because: it is not true
stop: first-violation
EOF
done
echo 'bad: 1' >>"$work/2.yaml"
run_powercut run "$work/1.yaml" "$work/2.yaml"
exits 4 "nothing starts before all is valid"
like "$(cat "$err")" "2.yaml:9:1: unknown key 'bad' in the suite" \
	"and the mistake has a place"
run_powercut run --only 'no*such' workloads/suite.yaml
exits 4 "a suite of which nothing is left is no success"
like "$(cat "$err")" "nothing is left to run" "and that is said"
run_powercut run --shard 2/1 workloads/suite.yaml
exits 4 "a share that there is not is refused"

run_powercut run --json --quick --only 'append-log/*' --fs ext4 --seeds 3,4 \
	--budget 6 --results "$work/runs" --junit "$work/out.xml" \
	workloads/suite.yaml
exits 0 "a part of the quick subset is as expected"
is "$(json scenario | sort | uniq -c | awk '{ print $1, $2 }' | xargs)" \
	"2 append-log 2 append-log-unsynced" "each scenario ran with each seed"
is "$(json seed | xargs)" "3 4 3 4" "as the objects say"
is "$(json filesystem | sort -u)" ext4 "on the file system asked for"
is "$(json first_failure_seconds | wc -l)" 2 \
	"those that lost something say when it was seen"
at_least 4 "$(json states_checked | tail -n 2 | sort -n | tail -n 1)" \
	"known-bad ones are judged until they are violated"
like "$(cat "$out")" '"first_failure_seconds":[0-9]' "in seconds"
is "$(grep -c '<testsuite ' "$work/out.xml")" 4 "JUnit has them all"
like "$(cat "$err")" "^3 of 4: append-log-unsynced on ext4, seed 3" "progress counts"

run_powercut run --budget 3 --only 'append-log/append-log-p*' --first \
	--results "$work/runs" "$work/1.yaml"
exits 1 "what is not as the suite expects fails it"
like "$(cat "$out")" \
	"^! append-log +append-log-plp +ext4 +violated +held +3 " \
	"the table marks it"
like "$(cat "$out")" "append-log-plp on ext4: it is not true" \
	"and has the suite's reason"
like "$(cat "$out")" "^0 of 1 runs as expected" "and a total"

# A share that is interrupted shows what is done.
start_powercut run --budget 3 --shard 1/1 --results "$work/runs" "$work/3.yaml"
wait_for 60 grep -q "^2 of 3: " "$err"
kill -INT "$powercut"
wait_powercut
exits 130 "Ctrl-C ends it"
like "$(cat "$out")" "^  append-log +append-log +ext4 +held +held" \
	"what was done is in the table"
like "$(cat "$out")" "not run" "what was not is not"
no_leaks
done_testing
