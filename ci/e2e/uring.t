#!/bin/sh
# io_uring and aio: what is submitted is followed to the drive, on two kernels. Linked
# to its write an fsync keeps it; beside it, it need not, and that is said.
# seconds: 60
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

run_powercut run --json --budget 16 --results "$work/runs" \
	workloads/uring/scenario.yaml workloads/uring/waited.yaml \
	workloads/uring/aio-waited.yaml
exits 0 "an fsync that is linked to its write, or waits for it, keeps it"
for name in uring-linked uring-waited aio-waited; do
	run_powercut lint --json --results "$work/runs" $name
	exits 0 "$name: all that was acknowledged was durable"
	is "$(json acks) $(json found) $(json opaque)" "6 0 0" "of all acks"
done
run_powercut export --calls --json --results "$work/runs" uring-linked
like "$(grep -c '"call":"io_uring write"' "$out")" "^6$" "each write is told"
like "$(grep -c '"call":"io_uring fdatasync"' "$out")" "^6$" "and each fsync"

beside() { # SCENARIO KERNEL WAY
	run_powercut run --json --first --kernel "$2" \
		--results "$work/runs" "workloads/uring/$1.yaml"
	exits 0 "$1, $2: beside its write it does not"
	is "$(json findings.0.cause.layer)" 6 "the drive had the record"
	like "$(json findings.0.cause.missing)" \
		"no fsync or fdatasync of /mnt/log .*; $3 fdatasync at call [0-9]+ began before call [0-9]+ had ended" \
		"and the fsync did not wait for it"
	like "$(json findings.0.cause.stack)" "store_.*together at" \
		"the stack is that of the submission"
}
beside together debian-6.12 io_uring
beside aio-together debian-6.1 aio
run_powercut lint --json --results "$work/runs" uring-together
exits 1 "and lint lists it"
is "$(json found)" 6 "each time"
no_leaks
done_testing
