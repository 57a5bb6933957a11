#!/bin/sh
# Which states are explored, and what a run says of what it covered.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

with() { # FILE TEXT: the scenario with these lines at its end
	cp -r workloads/append-log "$work/$1"
	sed -e '/^seed:/d' -e '/^states:/d' -e '/^cuts:/,/^[a-z]/{/^cuts:/d;/^  - /d}' \
		workloads/append-log/scenario.yaml >"$work/$1/scenario.yaml"
	printf '%s\n' "$2" >>"$work/$1/scenario.yaml"
}

with drop 'cuts: [{ random: { count: 30 } }]
states: { strategy: drop-1, exhaustive: 0 }
require: [between-begin-and-ack, between-write-and-flush]'
run_powercut run --json --results "$work/runs" "$work/drop/scenario.yaml"
exits 0 "each lost write of 30 cuts holds"
is "$(json verdict)" held "and where cuts had to fall they fell"
is $(($(json states_checked) + $(json states_equal) + $(json states_left_out))) \
	"$(json states_enumerated)" "every state is checked, equal or left out"
is "$(json states_left_out)" 0 "none is left out"
at_least "$(json covered_losses)" 1 "one lost write is covered at every cut"
at_least "$(json reach.between_begin_and_ack)" 1 "between begin and ack"
at_least "$(json reach.between_write_and_flush)" 1 "between write and flush"
like "$(json states_legal_exact)" '^[1-9][0-9]*$' "legal states are exact"
is "$(sqlite3 "$(json run)/results.sqlite" \
	"SELECT sum(left_out), min(losses >= min(volatile_writes, 1)) FROM cut")" \
	"0|1" "cut by cut, too"
run=$(json run)
run_powercut report "$run"
like "$(cat "$out")" "^  covered  +every " "text says what was covered"
like "$(cat "$out")" "^  reach  +[0-9]+ begin-ack, [0-9]+ write-flush" \
	"and where cuts fell"
run_powercut report --format html "$run"
like "$(cat "$out")" "<h2>Coverage</h2>" "so does HTML"

with short 'cuts: [{ every: write }]
states: { time: 1ms }'
run_powercut run --json --jobs 1 --results "$work/runs" \
	"$work/short/scenario.yaml"
exits 0 "a time bounds judging as a budget does"
is "$(json verdict)" held "what was judged held"
at_least 8 "$(json states_checked)" "few states are judged in 1 ms"
at_least "$(json states_left_out)" 20 "the others are told"
is "$(json covered_losses)" "" "and no loss is called covered"

# The raw device has no journal, so no cut can fall inside a commit.
cp -r workloads/litmus "$work/litmus"
echo 'require: [inside-journal-commit, between-write-and-flush]' \
	>>"$work/litmus/scenario.yaml"
run_powercut run --json --budget 2 --results "$work/runs" \
	"$work/litmus/scenario.yaml"
exits 2 "where no cut fell though the scenario requires one"
is "$(json verdict)" vacuous "the run proves nothing"
like "$(json reason)" "requires.*: inside-journal-commit\$" "and says where"
run_powercut report "$(json run)"
like "$(cat "$out")" "inside-journal-commit" "the report says so, too"
no_leaks
done_testing
