#!/bin/sh
# What is unknown stays unknown: judged again, interrupted, half recorded, or
# when it is the harness that failed.
# seconds: 100
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh; eval "$(sed -n "/^run_powercut()/,/^}/p" ci/e2e/lib.sh | sed s/^run_powercut/run_powercut_orig/)"; run_powercut() { a=$(date +%s.%N); run_powercut_orig "$@"; b=$(date +%s.%N); echo "TIME $(echo "$b - $a" | bc) $*" >&2; }

cases=ci/e2e/cases

# A workload that failed proves nothing, also when it is judged again.
run_powercut run --results "$work/runs" $cases/exit-1/scenario.yaml
exits 2 "a workload that fails leaves the run unknown"
run_powercut check --json --results "$work/runs" exit-1
exits 2 "and it is still unknown when judged again"
like "$(json reason)" "status 1" "for the same reason"

# The same in a live cut that never came.
sed 's/^check:/mode: live\ncuts: [{ at: { after: 30s } }]\n&/' \
	$cases/exit-1/scenario.yaml >"$work/live.yaml"
run_powercut run --json --results "$work/runs" "$work/live.yaml"
exits 2 "a live workload that fails before the cut proves nothing"

# Interrupted before the live cuts were made.
cp workloads/append-log/*.[ch] "$work"
sed 's/^check:/mode: both\n&/' workloads/append-log/scenario.yaml \
	>"$work/both.yaml"
start_powercut run --budget 20 --results "$work/both" "$work/both.yaml"
ok "it makes its first live cut" \
	wait_for 120 test -e "$work/both/append-log/latest/live-1/drive.log"
kill -INT "$powercut"
wait_powercut
exits 130 "it is interrupted"
run_powercut check --json --results "$work/both" append-log
exits 2 "judged again, the missing live cuts leave it unknown"
like "$(json reason)" "live cuts? w(as|ere) made" "and are the reason"

# The budget is told.
run_powercut run --json --budget 3 --results "$work/runs" \
	workloads/append-log/scenario.yaml
is "$(json states_checked)" 3 "a budget of 3 states judges 3"
at_least "$(json states_left_out)" 50 "the report counts what was left out"
run_powercut run --budget 0 workloads/append-log/scenario.yaml
exits 4 "a budget of nothing is a usage error"

# A scenario in which the harness fails still has its JSON object.
run_powercut run --json --budget 12 --results "$work/runs" \
	$cases/missing-program/scenario.yaml workloads/append-log/unsynced.yaml
exits 3 "one scenario fails, the other is as expected"
is "$(json verdict | tr '\n' ' ')" "unknown violated " "both are reported"
no_leaks

# A check that damages its file of promises does not blind the next one.
cp -r workloads/append-log "$work/eater"
cat >"$work/eater/append-log-check.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Violated where anything was promised; then tries to eat the promises. */
int main(void)
{
	FILE *f = fopen(getenv("PC_ACKS"), "r");
	int promised = f && fgetc(f) != EOF;

	if (truncate(getenv("PC_ACKS"), 0) == 0)
		return 2;
	if (promised)
		puts("a promise");
	return promised;
}
C
run_powercut run --json --jobs 1 --budget 40 --results "$work/runs" \
	"$work/eater/unsynced.yaml"
at_least "$(json violated)" 20 "the promises cannot be eaten"
is "$(json unknown)" 0 "nor changed at all"

# The drive of the checkers runs into a full disk: unknown, never violated.
mkdir "$work/small"
mount -t tmpfs -o size=3m tmpfs "$work/small"
cat >"$work/full.yaml" <<'Y'
name: full
drive: { size: 64MiB }
filesystem: { type: ext4, mkfs: -b 4096 -N 64 }
workload:
  run: [sh, -c, "echo one >/mnt/file; sync"]
check:
  fsck: false
  run: [sh, -c, "dd if=/dev/zero of=/mnt/big bs=1M count=20 && sync || exit 1"]
Y
run_powercut run --json --budget 2 --jobs 1 --results "$work/small" \
	"$work/full.yaml"
saved=$status
isnt "$(json verdict)" violated "a full host disk is not the state's fault"
isnt "$saved" 1 "and no loss"
umount "$work/small"

# One writer at a time.
start_powercut run --results "$work/lock" workloads/sqlite/scenario.yaml
ok "it records" wait_for 60 test -e "$work/lock/sqlite/latest/replay/drive.log"
"$TOP/powercut" check --results "$work/lock" sqlite >"$work/second" 2>&1
is $? 4 "a run that is being written is not judged again"
like "$(cat "$work/second")" "another powercut" "and the message says why"
kill -INT "$powercut"
kill -INT "$powercut"
wait_powercut
no_leaks
done_testing
