#!/bin/sh
# Each layer of a write is told from the others: by the explanation, and by
# searching for the record's content, which knows nothing of the trace.
# seconds: 140
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

runs=$work/runs

# explained SCENARIO LAYER MISSING RECORD: of those in $work/all, its smallest
# violated state is laid to that layer, for want of what matches MISSING.
explained() {
	grep "\"scenario\":\"$1\"" "$work/all" >"$work/one"
	is "$(json verdict "$work/one")" violated "$1: violated, as expected"
	state=$(json run "$work/one")@$(json findings.0.state "$work/one")
	record=$(json findings.0.message "$work/one" |
		sed 's/^record \([0-9]*\) .*/\1/')
	is "$(json findings.0.cause.layer "$work/one")" "$2" \
		"the run lays it to layer $2"
	run_powercut explain --json --results "$runs" "$state"
	exits 0 "its state is explained"
	is "$(json cause.layer)" "$2" "in the same layer"
	like "$(json cause.missing)" "$3" "and says what is missing"
	like "$(json cause.sentence)" "$4" "and which record it was"
	agrees "$2"
}

# The layer is among those that the content leaves.
agrees() { # LAYER
	position=$(json position)
	tag="<$(json cause.promise | sed 's/ .*//') $record>"
	run_powercut export --results "$runs" "$state" "$work/state.img"
	zstd -dqf "${state%@*}/replay/drive.log.zst" -o "$work/drive.log"
	like " $(perl ci/e2e/content.pl "$work/drive.log" "$position" \
		"$work/state.img" "$tag" 64) " " $1 " \
		"the content is where the explanation says"
	rm "$work/state.img" "$work/drive.log"
}

# All of a folder in one process: its checkers stay warm.
for w in anatomy anatomy-python; do
	run_powercut run --json --budget 60 --results "$runs" \
		workloads/$w/buffer.yaml workloads/$w/call.yaml \
		workloads/$w/page.yaml workloads/$w/journal.yaml \
		workloads/$w/queue.yaml workloads/$w/drive.yaml
	exits 0 "$w: every scenario is as expected"
	cp "$out" "$work/all"
	explained $w-buffer 1 "flush" "buffer [1-3]"
	explained $w-call 2 "/mnt/data" "/mnt/data"
	explained $w-page 3 "f(data)?sync of /mnt/data" "/mnt/data"
	explained $w-journal 4 "fsync of (the )?directory /mnt" \
		"/mnt/record-[1-3]"
	explained $w-queue 5 "f(data)?sync of /mnt/data" "/mnt/data"
	explained $w-drive 6 "f(data)?sync of /mnt/data" "/mnt/data"
done
no_leaks
done_testing
