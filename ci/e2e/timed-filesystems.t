#!/bin/sh
# Other file systems than ext4: the program that syncs keeps its promises, its
# twin that does not is caught, a damaged one is noticed by its own fsck, and
# a guest that has judged newer states judges older ones as before.
# seconds: 90
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh; eval "$(sed -n "/^run_powercut()/,/^}/p" ci/e2e/lib.sh | sed s/^run_powercut/run_powercut_orig/)"; run_powercut() { a=$(date +%s.%N); run_powercut_orig "$@"; b=$(date +%s.%N); echo "TIME $(echo "$b - $a" | bc) $*" >&2; }

backwards=${B:-.build}/ci/e2e/backwards
POWERCUT_HOME=$TOP
export POWERCUT_HOME

# A few cuts each: what is here is the file system, not the workload.
few()
{
	sed -e "s/\"12\"/\"$2\"/" "workloads/append-log/$1.yaml"
	printf 'cuts: [{ every: mark }]\n'
}

cp workloads/append-log/*.[ch] "$work"
few xfs 3 >"$work/xfs.yaml"
few btrfs 3 >"$work/btrfs.yaml"
few xfs-unsynced 3 >"$work/xfs-unsynced.yaml"
few btrfs-unsynced 3 >"$work/btrfs-unsynced.yaml"

for fs in xfs btrfs; do
	run_powercut run --json --budget 12 --results "$work/runs" \
		"$work/$fs.yaml" "$work/$fs-unsynced.yaml"
	exits 0 "$fs: both are as expected"
	is "$(json verdict | head -n 1)" held "$fs: synced is held"
	is "$(json verdict | tail -n 1)" violated "$fs: unsynced is violated"
	at_least "$(json states_checked | head -n 1)" 4 "$fs: on some states"
done

# ext4 with fast commits, and with nobody who flushes.
for variant in fast-commit no-barrier; do
	sed 's/"6"/"3"/' "workloads/append-log/ext4-$variant.yaml"
	echo 'cuts: [{ every: mark }]'
done | awk -v work="$work" '/^name:/ { n++ } { print >(work "/ext4-" n ".yaml") }'
run_powercut run --json --budget 12 --results "$work/runs" \
	"$work/ext4-1.yaml" "$work/ext4-2.yaml"
exits 0 "ext4: fast commits and no barriers are as expected"
is "$(json verdict | head -n 1)" held "ext4: fast commits are held"
is "$(json verdict | tail -n 1)" violated "ext4: no barriers are violated"

# One guest, from the newest state to the oldest.
ok "xfs: older states behind newer ones, in one guest" \
	"$backwards" "$work"/runs/append-log-xfs/latest
ok "btrfs: older states behind newer ones, in one guest" \
	"$backwards" "$work"/runs/append-log-btrfs/latest

# The header of an allocation group is wiped while the kernel has its copy.
sed -e 's/^name:.*/name: xfs-damaged/' -e 's/expect: held/expect: violated/' \
	-e '/^  run: \[append-log-check/d' "$work/xfs.yaml" |
	sed 's|^  fsck: true|&\
  run: [dd, if=/dev/zero, of=/dev/powercut-disk, seek=1, count=1, conv=notrunc]|' \
		>"$work/damaged.yaml"
run_powercut run --json --budget 1 --results "$work/runs" "$work/damaged.yaml"
exits 0 "xfs: damage is found by fsck"
like "$(json findings.0.message)" "fsck found errors after recovery: (agf|bad) .*ag[f ]+0" \
	"and the finding says what was damaged"

# A size that the file system cannot have is said before anything starts.
sed 's/^filesystem/drive: { size: 64MiB }\n&/' "$work/btrfs.yaml" \
	>"$work/small.yaml"
run_powercut run "$work/small.yaml"
exits 4 "a drive that is too small is refused"
like "$(cat "$err")" "small.yaml:[0-9]+:16: drive.size is 64MiB; .*109MiB" \
	"and the message says where and what is needed"
no_leaks
done_testing
