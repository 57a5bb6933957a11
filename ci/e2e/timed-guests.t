#!/bin/sh
# Guests that go bad under a check: a panic, a hang, processes left behind. The
# state is judged for what it did, and the next one in a guest that is good.
# seconds: 120
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh; eval "$(sed -n "/^run_powercut()/,/^}/p" ci/e2e/lib.sh | sed s/^run_powercut/run_powercut_orig/)"; run_powercut() { a=$(date +%s.%N); run_powercut_orig "$@"; b=$(date +%s.%N); echo "TIME $(echo "$b - $a" | bc) $*" >&2; }

scenario() { # CHECK-COMMAND: writes $work/guest.yaml
	cat >"$work/guest.yaml" <<Y
name: guest
drive: { size: 32MiB }
filesystem: { type: ext4, mkfs: -b 4096 -N 64 }
workload:
  run: [sh, -c, "echo one >/mnt/file; sync; pc ack one; sync"]
check:
  fsck: false
  timeout: 2s
  run: [sh, -c, "$1"]
Y
}
run_guest() {
	run_powercut run --json --results "$work/runs" --jobs 1 "$@" \
		"$work/guest.yaml"
}
stages() {
	sqlite3 "$(json run)/results.sqlite" "SELECT DISTINCT stage FROM state"
}

scenario 'echo c >/proc/sysrq-trigger'
run_guest --budget 2
exits 1 "a state on which the kernel panics is violated"
is "$(stages)" kernel "the stage is the kernel"
like "$(sqlite3 "$(json run)/results.sqlite" 'SELECT detail FROM state')" \
	"Kernel panic|sysrq" "its console is kept"
is "$(json states_checked)" 2 "the next state is judged in a new guest"
no_leaks

# With real-time priority and no limit, a busy loop is all that still runs.
cat >"$work/spin.c" <<'C'
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

int main(void)
{
	struct sched_param max = { .sched_priority = 99 };
	int fd = open("/proc/sys/kernel/sched_rt_runtime_us", O_WRONLY);

	if (write(fd, "-1", 2) != 2 ||
	    sched_setscheduler(0, SCHED_FIFO, &max) < 0)
		return 7;
	for (;;)
		;
}
C
scenario 'exec spin'
run_guest --budget 1
exits 1 "a state on which the guest hangs twice is violated"
is "$(stages)" hang "the stage is the hang"
no_leaks

scenario 'cd /mnt; sleep 1000 & exec 9>/mnt/held; cat /mnt/file; exit 0'
run_guest
exits 0 "processes that a check leaves behind do no harm"
at_least "$(json states_checked)" 5 "the same guest judges many states"
no_leaks

scenario 'echo maybe; exit 7'
run_guest --budget 2
exits 2 "a check that says neither yes nor no is unknown"
like "$(json reason)" "status 7: maybe" "with its last words"

scenario 'sleep 1000'
run_guest --budget 1
exits 2 "a check that does not end is unknown"
like "$(json reason)" "did not end in time" "and the reason says so"

# What a check leaves in memory must not reach the next state.
scenario 'test ! -e /tmp/seen || { echo leaked; exit 1; }; touch /tmp/seen'
run_guest
exits 0 "files of a check are gone for the next state"
no_leaks
done_testing
