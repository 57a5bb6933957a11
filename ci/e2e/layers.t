#!/bin/sh
# What the guest's kernel tells of page cache, journal and block layer: all of it,
# in an order that makes sense, and in agreement with the drive's log; on three
# file systems and two kernels. Without it a recording is as good.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

layers=$TOP/${B:-.build}/ci/e2e/layers

# NAME WORDS...: what append-log says of itself on them is complete and in order.
told()
{
	name=$1
	shift
	run_powercut run --json --budget 1 --results "$work/runs" "$@"
	exits 0 "$name: a recording is made and judged"
	type=$(sed -n 's/^  type: //p' "$(json run)/scenario.yaml")
	"$layers" check "$(json run)/replay" "$type" >"$work/rules" 2>&1
	while read -r verdict text; do
		is "$verdict" ok "$name: ${text%%:*}"
		[ "$verdict" = ok ] || diag "$text"
	done <"$work/rules"
}

for fs in ext4 xfs btrfs; do
	told "$fs" --fs $fs workloads/append-log/scenario.yaml
done

cp workloads/append-log/*.[ch] "$work"
for fs in ext4 xfs btrfs; do
	sed -e 's/^name: .*/name: newer/' \
		-e 's/^drive:/guest: { kernel: debian-6.12 }\n&/' \
		workloads/append-log/scenario.yaml >"$work/newer.yaml"
	told "6.12, $fs" --fs $fs "$work/newer.yaml"
done

sed -e 's/^name: .*/name: brief/' \
	-e 's/^drive:/guest: { trace: commands }\n&/' \
	workloads/append-log/scenario.yaml >"$work/brief.yaml"
run_powercut run --json --budget 1 --results "$work/runs" "$work/brief.yaml"
exits 0 "commands alone: a recording is made and judged"
like "$("$layers" dump "$(json run)/replay")" "^0 events, 0 lost, traced 0" \
	"and of the layers nothing is told"
not_ok "which the rules would notice" "$layers" check "$(json run)/replay" ext4
no_leaks
done_testing
