#!/bin/sh
# Bad input: each has an error of its own that says what to do, and nothing that
# goes wrong is ever shown as held.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

cases=ci/e2e/cases
scenario() { # writes $work/case.yaml: a good scenario, edited by sed
	cp workloads/append-log/*.[ch] "$work"
	sed "$1" workloads/append-log/scenario.yaml >"$work/case.yaml"
}
run_case() {
	run_powercut run --results "$work/runs" "$@" "$work/case.yaml"
}

# ---- the file: nothing is started

scenario 's/^check:/chekc:/'
run_case
exits 4 "an unknown key is a usage error"
like "$(cat "$err")" "case.yaml:[0-9]+:1: .*chekc" "it names file, line, column"
like "$(cat "$err")" "did you mean.*check" "and the nearest key"

scenario 's/timeout: 30s/timeout: 10 ms/'
run_case
exits 4 "a duration with a blank is a usage error"
like "$(cat "$err")" "case.yaml:[0-9]+:[0-9]+: .*10 ms" "it names the value"

for fixed in gone.yaml case.yaml lossy.yaml; do
	scenario "s|^seed:|fixed: $fixed\n&|"
	sed 's/^fixed:.*//; s/^expect: held/expect: violated/' \
		"$work/case.yaml" >"$work/lossy.yaml"
	run_case
	exits 4 "fixed: $fixed is a usage error"
	like "$(cat "$err")" "case.yaml:[0-9]+:8: fixed.*expected" \
		"it has the position, and what is expected"
done

scenario 's|^drive:.*|&\nguest: { kernel: /no/such/kernel }|'
run_case
exits 4 "a kernel that does not exist is a usage error"
like "$(cat "$err")" "/no/such/kernel" "it names the path"

scenario 's|^drive:.*|&\nguest: { image: "oci:x.tar" }|'
run_case
exits 4 "a container's archive that does not exist is a usage error"
like "$(cat "$err")" "x.tar: No such file" "it names the path"

scenario 's|type: ext4|type: exfat|'
run_case
exits 4 "what is not built yet is refused"
like "$(cat "$err")" "not supported yet" "and says so"

run_powercut run --results "$work/runs" "$work/none.yaml"
exits 4 "a file that does not exist is a usage error"
like "$(cat "$err")" "none.yaml" "it names the file"
not_ok "nothing was started by any of these" test -e "$work/runs/append-log"

run_powercut run
exits 4 "no scenario is a usage error"
run_powercut run --sed 1 x.yaml
exits 4 "an unknown option is a usage error"
like "$(cat "$err")" "seed" "with the nearest one"
run_powercut run --seed many x.yaml
exits 4 "a seed that is no number is a usage error"

# ---- the programs

run_powercut run --results "$work/runs" $cases/missing-program/scenario.yaml
exits 3 "a missing program ends the run"
like "$(cat "$err")" "no program 'no-such-program'" "it is named"

cp -r workloads/append-log "$work/broken"
echo 'int main(void) { return nothing; }' >"$work/broken/append-log.c"
run_powercut run --results "$work/runs" "$work/broken/scenario.yaml"
exits 3 "a program that does not compile ends the run"
like "$(cat "$err")" "append-log.c:1:.*nothing" "with the compiler's words"

run_powercut run --json --results "$work/runs" $cases/exit-1/scenario.yaml
exits 2 "a workload that exits 1 proves nothing"
is "$(json verdict)" unknown "verdict unknown"
like "$(json reason)" "status 1: no such table: orders" "with its own words"

run_powercut run --json --results "$work/runs" \
	$cases/never-ends/scenario.yaml
exits 2 "a workload that never ends proves nothing"
like "$(json reason)" "time limit" "the reason is its time limit"

run_powercut run --json --results "$work/runs" --budget 3 \
	$cases/disk-full/scenario.yaml
exits 2 "a workload that fills the disk proves nothing"
like "$(json reason)" "No space left" "with its own words"

run_powercut run --json --results "$work/runs" --budget 3 \
	$cases/check-crashes/scenario.yaml
exits 2 "a check that crashes proves nothing"
is "$(json verdict)" unknown "verdict unknown"
like "$(json reason)" "signal 11" "the reason names the signal"

# ---- the machine

POWERCUT_KVM=/dev/null
export POWERCUT_KVM
scenario 's/"12"/"2"/'
run_case --json --budget 5
exits 0 "a /dev/kvm that does not work is no obstacle"
is "$(json accel)" tcg "it runs under TCG"
like "$(sqlite3 "$(json run)/results.sqlite" \
	"SELECT value FROM run WHERE key = 'accel_reason'")" "/dev/null" \
	"and says why"
unset POWERCUT_KVM

# The host's disk fills up under the recording.
mkdir "$work/small"
mount -t tmpfs -o size=600k tmpfs "$work/small"
scenario 's/"12"/"400"/'
run_powercut run --results "$work/small" "$work/case.yaml"
saved=$status
umount "$work/small"
status=$saved
exits 3 "a full host disk ends the run"
like "$(cat "$err")" "No space left|disk (is )?full" "and is named"
unlike "$(cat "$out")" "append-log: held" "nothing is held"

run_powercut run --results "$work/runs" \
	--runtime-dir /tmp/a-folder-that-does-not-exist "$work/case.yaml"
exits 3 "a runtime folder that does not exist is an error"
no_leaks
done_testing
