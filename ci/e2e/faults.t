#!/bin/sh
# Faults of the harness itself, planted into a good recording: each must be
# noticed. A harness that cannot fail proves nothing.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh
plant=${B:-.build}/ci/e2e/plant

run_powercut run --json --budget 90 --results "$work/runs" \
	workloads/append-log/scenario.yaml
exits 0 "the good recording is held"
run=$(json run)

planted() { # FAULT [N]: a copy of the run with the fault in it, judged again
	rm -rf "$work/copy"
	cp -r "$run" "$work/copy"
	"$plant" "$1" "$work/copy/replay" ${2:+"$2"} ||
		bail_out "cannot plant $1"
	run_powercut check --json --results "$work/runs" "$work/copy"
}

planted nothing
exits 0 "a copy without a fault is held, too"
is "$(json verdict)" held "verdict held"

planted no-fua
exits 1 "without FUA from the trace a clean control shows losses"
is "$(json verdict)" violated "verdict violated"

planted drop-tail 1
exits 3 "a log that lacks its last write is void"
like "$(cat "$err")" "recording is void" "and the message says so"

planted drop-tail 7
exits 3 "a log that lacks its last seven writes is void"

planted early-acks
exits 1 "acks before their writes show losses"
is "$(json verdict)" violated "verdict violated"

truncate -s -100 "$work/copy/replay/drive.log"
run_powercut check --results "$work/runs" "$work/copy"
exits 3 "a log with a torn end is void"

rm -rf "$work/copy"
cp -r "$run" "$work/copy"
"$plant" nothing "$work/copy/replay"
printf X | dd of="$work/copy/replay/drive.log" bs=1 seek=5000 conv=notrunc \
	2>"$work/dd.log"
run_powercut check --results "$work/runs" "$work/copy"
exits 3 "a damaged log is refused"
like "$(cat "$err")" "drive.log" "and named"

rm -rf "$work/copy"
cp -r "$run" "$work/copy"
truncate -s -10 "$work/copy/replay/drive.log.zst"
run_powercut check --results "$work/runs" "$work/copy"
exits 3 "a compressed log that was cut off is refused"
like "$(cat "$err")" "drive.log.zst" "and named"
no_leaks
done_testing
