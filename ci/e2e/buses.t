#!/bin/sh
# The same workload and seed on nvme, virtio and scsi: the same verdicts, from
# replayed and from live cuts. And the guest's I/O scheduler is what was asked.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

cp workloads/append-log/*.[ch] "$work"
on_bus() { # BUS SCENARIO: writes $work/SCENARIO-BUS.yaml
	sed "s/^drive:.*/drive: { bus: $1, size: 64MiB }/; s/\"12\"/\"3\"/
		s/^name:.*/name: $2-$1/; /^fixed:/d" "workloads/append-log/$2.yaml" \
		>"$work/$2-$1.yaml"
}
files=
for bus in nvme virtio scsi; do
	on_bus $bus scenario
	on_bus $bus unsynced
	cat >>"$work/scenario-$bus.yaml" <<-'Y'
	mode: both
	cuts: [ { at: { mark: committed, nth: 2 } } ]
	Y
	files="$files $work/scenario-$bus.yaml $work/unsynced-$bus.yaml"
done
# shellcheck disable=SC2086
run_powercut run --json --budget 16 --results "$work/runs" $files
exits 0 "every verdict is as expected"
is "$(json verdict | tr '\n' ' ')" \
	"held violated held violated held violated " \
	"the verdicts are the same on nvme, virtio and scsi"
is "$(json cuts | sed -n '1p; 3p; 5p' | tr '\n' ' ')" "2 2 2 " \
	"each with a live cut"
no_leaks

scheduled() { # BUS SCHEDULER
	cat >"$work/scheduler.yaml" <<-Y
	name: scheduler
	drive: { bus: $1, scheduler: $2, size: 1MiB }
	filesystem: { type: none }
	workload:
	  run: [sh, -c, "cd /sys/block/\$(basename \$(readlink \$PC_DEVICE))/queue && grep -F '[$2]' scheduler && grep 'write back' write_cache && pc ack it && echo x >\$PC_DEVICE && pc ack x"]
	check: { run: [sh, -c, "test -b \$PC_DEVICE -a -z \"\$PC_MOUNT\""] }
	Y
	run_powercut run --json --results "$work/runs" "$work/scheduler.yaml"
	exits 0 "$1 has a write cache and the scheduler $2"
}
scheduled scsi bfq
no_leaks
done_testing
