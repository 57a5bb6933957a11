#!/bin/sh
# What real losses are said to come from: layer, call, missing step; and that
# lint lists them, and nothing of the synced twin.
# seconds: 90
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

# A state more or less is the same cause: 60 are plenty. One process records and
# judges them all: its checkers stay warm.
files=
# What fixes them is not beside the copies; one gets its own.
for name in append-log/unsynced append-log/buffered append-log/flush-ignored \
	append-log/ext4-no-barrier replace-file/unsynced replace-file/dir-only \
	append-log/scenario; do
	mkdir -p "$work/${name%/*}"
	cp "workloads/${name%/*}"/*.[ch] "$work/${name%/*}"
	sed "s/^seed:.*/states: { budget: 60 }\nseed: 1/; /^fixed:/d" \
		"workloads/$name.yaml" >"$work/$name.yaml"
	files="$files $work/$name.yaml"
done
# Of what is not traced, nothing is known.
sed 's/^name:.*/name: append-log-unseen/; s/budget: 60/budget: 20/
	s/^drive:/guest: { trace: commands }\n&/' "$work/append-log/buffered.yaml" \
	>"$work/append-log/unseen.yaml"
echo 'fixed: scenario.yaml' >>"$work/append-log/unseen.yaml"
files="$files $work/append-log/unseen.yaml"
# shellcheck disable=SC2086
run_powercut run --json --results "$work/runs" $files
exits 0 "every verdict is as expected"
cp "$out" "$work/all"

# says LAYER MISSING NAME: that run's first finding.
says() {
	grep "\"scenario\":\"$3\"" "$work/all" >"$work/run.json"
	is "$(json findings.0.cause.layer "$work/run.json")" "$1" "$3: layer $1"
	like "$(json findings.0.cause.missing "$work/run.json")" "$2" \
		"$3: the missing step"
}

# And explain, of its smallest state, says the same.
explains() { # NAME
	sentence=$(json findings.0.cause.sentence "$work/run.json")
	state=$(json findings.0.state "$work/run.json")
	run_powercut explain --json --results "$work/runs" "$1@$state"
	exits 0 "$1@$state is explained"
	is "$(json cause.sentence)" "$sentence" "$1: as the run said it"
}

says 3 "^no fsync or fdatasync of /mnt/txn.log between call 2 and ack 3$" \
	append-log-unsynced
explains append-log-unsynced
like "$(json cause.stack.1)" "append-log.c:[0-9]+$" "its stack has a line"
at_least "$(json cause.journey)" 6 "its journey has steps"
run_powercut lint --json --results "$work/runs" append-log-unsynced
exits 1 "lint finds it"
is "$(json found)" 12 "each of the 12 records"
is "$(json operations.11.layer)" 3 "in the page cache"

run_powercut explain --try-fix --json --results "$work/runs" \
	append-log-unsynced@m2:all
exits 0 "a sync done for it cures it"
is "$(json cured)" 1 "and says so"
is "$(json fixes)" 1 "with the first step that is tried"
is "$(json fixes.0.added)" 12 "one sync for each record"
at_least "$(json fixes.0.states)" 5 "and on how many states that rests"
at_least "$(json fixes.0.cuts)" 10 "at how many cuts"

says 1 "^no flush of the program's buffer and no fsync before ack 2$" \
	append-log-buffered
explains append-log-buffered
run_powercut lint --json --results "$work/runs" append-log-buffered
exits 1 "lint finds it"

run_powercut explain --try-fix --json --results "$work/runs" \
	append-log-buffered@m2:all
exits 0 "a flush that is called in it cures it"
is "$(json fixes)" 1 "with the first that is tried"
is "$(json fixes.0.by) $(json fixes.0.added)" "tracer 24" \
	"a flush and a sync for each record"

grep '"scenario":"append-log-unseen"' "$work/all" >"$work/run.json"
state=append-log-unseen@$(json findings.0.state "$work/run.json")
run_powercut explain --try-fix --json --results "$work/runs" "$state"
exits 0 "where the cause is not known, its variant cures it"
is "$(json fixes)" 1 "which is all that is tried"
is "$(json fixes.0.by)" variant "and said to be that"
like "$(json fixes.0.fix)" "own fixed variant append-log, .*/scenario.yaml" \
	"by name"
for gone in scenario unseen; do
	mv "$work/append-log/$gone.yaml" "$work"
	run_powercut explain --try-fix --results "$work/runs" "$state"
	exits 2 "nothing is tried where the variant is gone"
	like "$(cat "$out")" \
		"not tried .*/append-log/scenario.yaml is not there" \
		"and that is said"
done
mv "$work/unseen.yaml" "$work/scenario.yaml" "$work/append-log"

says 6 "^the drive ignored flush f[0-9]+$" append-log-flush-ignored
explains append-log-flush-ignored
run_powercut explain --try-fix --json --results "$work/runs" \
	"append-log-flush-ignored@$state"
exits 0 "an honest drive cures it"
is "$(json fixes.0.by) $(json fixes.0.result) $(json fixes.0.added)" \
	"drive cured 0" "with no call added"
like "$(json fixes.0.fix)" "drive.cache.flush: honest instead of ignored" \
	"and what was changed is said"

says 6 "sent.*: the file system is mounted with barrier=0$" \
	append-log-ext4-no-barrier

says 3 "^no fsync or fdatasync of /mnt/settings.tmp between" \
	replace-file-unsynced
explains replace-file-unsynced

says 3 "^no fsync or fdatasync of /mnt/settings.tmp between call 3 and call 4$" \
	replace-file-dir-only

grep '"scenario":"append-log"' "$work/all" >"$work/run.json"
is "$(json verdict "$work/run.json")" held "the synced one is held"
run_powercut lint --json --results "$work/runs" append-log
exits 0 "lint has nothing to list of it"
is "$(json found)" 0 "nothing found"
is "$(json unknown)" 0 "and nothing unknown"
is "$(json acks)" 12 "of 12 acks"

for bad in nosuch append-log@end:all; do
	run_powercut lint --results "$work/runs" "$bad"
	exits 4 "lint $bad is refused"
done
no_leaks
done_testing
