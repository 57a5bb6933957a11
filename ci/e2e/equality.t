#!/bin/sh
# States that differ only in what nobody reads are not judged twice: the
# verdicts and findings are those of judging every state, and a check that does
# not say the same of the same is caught by the audit.
# seconds: 140
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

# scenario WORKLOAD FILE STATES: a copy of it with these states. Of SQLite two
# transactions: all of their states are judged, and then once more.
scenario() {
	[ -d "$work/$1" ] || cp -r "workloads/$1" "$work/$1"
	sed '/^states:/d; /sqlite-writer/s/"6"/"2"/' "workloads/$1/$2.yaml" \
		>"$work/$1/$2-$3.yaml"
	case $3 in
	content) echo 'states: { equality: content }' ;;
	reads) echo 'states: { equality: reads }' ;;
	audited) echo 'states: { equality: reads, audit: 100% }' ;;
	esac >>"$work/$1/$2-$3.yaml"
	echo "$work/$1/$2-$3.yaml"
}

# What was found, without the numbers that differ from recording to recording.
findings() {
	json findings.0.stage "$1"
	json findings.0.message "$1" | tr -d '0-9'
	json findings.1.stage "$1"
	json findings.1.message "$1" | tr -d '0-9'
}

cases="append-log/scenario append-log/unsynced replace-file/scenario
	sqlite/scenario"

# all STATES: each case with these states, one JSON object each in STATES.all.
all() {
	# shellcheck disable=SC2046
	run_powercut run --json --results "$work/runs" $(for case in $cases; do
		scenario "${case%/*}" "${case#*/}" "$1"
	done)
	cp "$out" "$work/$1.all"
}
all content
exits 0 "all are as expected when every state is judged"
all reads
exits 0 "and when those that read the same are not"

line=0
for case in $cases; do
	line=$((line + 1))
	sed -n ${line}p "$work/content.all" >"$work/content.json"
	sed -n ${line}p "$work/reads.all" >"$out"
	is "$(json scenario "$work/content.json")" \
		"$(sed -n 's/^name: //p' "workloads/$case.yaml")" "$case"
	is "$(json states_equal_reads "$work/content.json")" 0 \
		"only content makes equal where every state is judged"
	is "$(json verdict)" "$(json verdict "$work/content.json")" \
		"the verdict is the same"
	is "$(findings "$out")" "$(findings "$work/content.json")" \
		"and so is what was found"
	is "$(json equality_mismatches)" 0 "no audit disagrees"
	is $(($(json held) + $(json violated) + $(json unknown))) \
		$(($(json states_checked) + $(json states_equal_reads))) \
		"each state that is covered has a verdict"
	diag "$(json states_checked) checked, $(json states_equal_unread) equal" \
		"unread, $(json states_equal_recovered) once mounted," \
		"$(json equality_audited) audited"
	[ "${case#*/}" = scenario ] &&
		at_least "$(json states_equal_reads)" 10 "some were equal"
done
no_leaks

# Each state that would be skipped is judged.
run_powercut run --json --budget 80 --results "$work/runs" \
	"$(scenario sqlite scenario audited)"
exits 0 "all that is equal is audited"
is "$(json states_equal_reads)" 0 "so nothing is skipped"
at_least "$(json equality_audited)" 10 "but would have been"
is "$(json equality_mismatches)" 0 "and none is other than its equal"
is "$(json equality)" reads "the report says what makes states equal"

# One state of the run: always judged.
state=$(sqlite3 "$(json run)/results.sqlite" \
	"SELECT cut || ':' || survivors FROM state LIMIT 1" 2>/dev/null)
if [ -n "$state" ]; then
	run_powercut check --json --results "$work/runs" "sqlite@$state"
	is "$(json verdict)" held "a state that is asked for is judged"
fi

# A check that throws a die: no reading of the disk decides it. Canaries would
# notice it, too, perhaps before an audit does.
POWERCUT_CANARY=0
export POWERCUT_CANARY
sed -e '/^check:/,/^expect:/d' \
	"$(scenario append-log scenario audited)" >"$work/append-log/die.yaml"
cat >>"$work/append-log/die.yaml" <<'YAML'
check:
  fsck: true
  run: [sh, -c, "read n rest </proc/sys/kernel/random/uuid; case $n in
    [0-3]*) echo unlucky; exit 1;; esac"]
expect: violated
YAML
run_powercut run --json --results "$work/runs" "$work/append-log/die.yaml"
exits 0 "such a check violates some states"
at_least "$(json equality_mismatches)" 1 "an audit finds another verdict"
like "$(json equality)" "^stopped: .* reads the same as .*unlucky" \
	"and equality stops, which the report says"
is "$(json states_equal_reads)" 0 "what was skipped is judged after all"
is "$(json states_left_out)" 0 "all of it"
run_powercut report --results "$work/runs" "$(json run)"
like "$(cat "$out")" "  equality +stopped: " "as text, too"
no_leaks
done_testing
