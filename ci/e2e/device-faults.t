#!/bin/sh
# Device faults beyond the contract: records with checksums tell of each of them,
# plain ones do not; a finding names its fault and can be looked at again.
# seconds: 120
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

run_powercut run --json --results "$work/runs" workloads/faults/*.yaml
exits 0 "every scenario of workloads/faults is as it expects"
cp "$out" "$work/all"

# verdict SCENARIO
verdict() {
	grep "\"scenario\":\"$1\"" "$work/all" >"$work/one"
	json verdict "$work/one"
}

# fault SCENARIO TITLE: it is violated by that fault alone
fault() {
	is "$(verdict "$1")" violated "$1: the checksums tell"
	is "$(grep -o '"fault":"[^"]*"' "$work/one" | sort -u)" \
		"\"fault\":\"$2\"" "and the fault is named"
	is "$(grep -c '"fault":null' "$work/one")" 0 "and no other is found"
	is "$(verdict "$1-plain")" held "$1-plain: nothing tells"
	is "$(json states_checked "$work/one")" \
		"$(grep "\"scenario\":\"$1\"" "$work/all" >"$work/two"
		json states_checked "$work/two")" \
		"though as many states were judged"
}

fault faults-bits "bit corruption"
fault faults-shorn "shorn write"
fault faults-flying "flying write"
fault faults-unserializable "unserializable write"
fault faults-metadata "metadata corruption"
fault faults-read-only "dead device (read-only)"
fault faults-gone "dead device (gone)"

is "$(verdict faults)" held "a drive that keeps to its contract loses nothing"
is "$(verdict faults-ext4)" violated "ext4 cannot recover on a read-only drive"
like "$(cat "$work/one")" "the kernel refuses to mount" "and says so"
is "$(verdict faults-shorn)" violated "a shorn write"
state=$(json findings.0.state "$work/one")
like "$state" "[+]shorn=[0-9]+[.]0\$" "names its write in the state"
like "$(json findings.0.layer "$work/one")" \
	"^drive, beyond its contract: shorn write" "and no layer above"

run_powercut check --json --results "$work/runs" "faults-shorn@$state"
exits 1 "the state is judged again by its name"
is "$(json verdict)" violated "and is violated again"
run_powercut explain --legal --results "$work/runs" "faults-shorn@$state"
exits 0 "it is explained"
like "$(cat "$out")" "beyond the drive's contract" "as beyond the contract"
like "$(cat "$out")" "only the first 1536 bytes were written" "with what it did"

# The image: of that record the first 1536 bytes are new, what follows is old.
run_powercut export --results "$work/runs" "faults-shorn@$state" "$work/faulty"
exits 0 "it is written as an image"
run_powercut export --results "$work/runs" "faults-shorn@${state%+*}" \
	"$work/whole"
exits 0 "and so is the state without the fault"
cmp -l "$work/whole" "$work/faulty" | awk '{ print $1 - 1 }' >"$work/bytes"
first=$(head -n 1 "$work/bytes")
last=$(tail -n 1 "$work/bytes")
is $((first / 4096)) $((last / 4096)) "the two differ in one record"
is $((first % 4096)) 1536 "from byte 1536 on"

is "$(verdict faults-bits)" violated "an inverted bit"
state=$(json findings.0.state "$work/one")
like "$state" "[+]bits=[0-9]+[.]0/[0-9]+\$" "is named with its place"
is "$(json findings.0.cause.layer "$work/one")" 6 "it is laid to the drive"
run_powercut explain --results "$work/runs" "faults-bits@$state"
exits 0 "that state, too, is found by its name"
like "$(cat "$out")" "1 bit is inverted, from bit" "with what the drive did"

for bad in "faults-shorn@end:all+gone" "faults-shorn@end:all+shorn=99.0" \
	"faults@end:all+shorn=16.0" "faults-shorn@end:all+shorn=16"; do
	run_powercut check --results "$work/runs" "$bad"
	exits 4 "$bad is no state"
done
no_leaks
done_testing
