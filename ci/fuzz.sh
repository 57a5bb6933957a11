#!/bin/sh
# Runs libFuzzer targets one after another.
#
# Usage: ci/fuzz.sh SECONDS .build-fuzz/harness/ROOM/fuzz/NAME...
#
# Starts from the seeds in harness/ROOM/fuzz/NAME/; what is new goes to
# .build-fuzz/corpus/NAME, an input that breaks the target to
# .build-fuzz/broken/NAME-*.
set -u
cd "$(dirname "$0")/.." || exit 3
seconds=$1
shift
build=.build-fuzz
mkdir -p "$build/broken"

failed=0
for target in "$@"; do
	name=${target##*/}
	seeds=${target#"$build"/}
	corpus=$build/corpus/$name
	log=$build/$name.log
	mkdir -p "$corpus"
	set -- "$corpus"
	[ ! -d "$seeds" ] || set -- "$corpus" "$seeds"
	if "$target" -max_total_time="$seconds" -timeout=10 \
		-artifact_prefix="$build/broken/$name-" \
		-print_final_stats=1 "$@" >"$log" 2>&1 </dev/null; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		echo "$name: $runs inputs, none breaks it"
	else
		failed=1
		echo "$name: broken; the end of $log:"
		tail -n 40 "$log"
	fi
done
exit $failed
