#!/bin/sh
# A guest that drifts: after some states it lies, out of a place in its memory
# that no reset reaches. Canaries must find it; without them it is missed.
# seconds: 150
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh; eval "$(sed -n "/^run_powercut()/,/^}/p" ci/e2e/lib.sh | sed s/^run_powercut/run_powercut_orig/)"; run_powercut() { a=$(date +%s.%N); run_powercut_orig "$@"; b=$(date +%s.%N); echo "TIME $(echo "$b - $a" | bc) $*" >&2; }

# The host name is the kernel's: it counts the states that this guest judged.
scenario() { # LIE, the exit status after 20 states
	cat >"$work/drift.yaml" <<Y
name: drift
drive: { size: 32MiB }
filesystem: { type: ext4, mkfs: -b 4096 -N 64 }
states: { budget: 40 }
workload:
  run: [sh, -c, "for i in 1 2 3 4 5 6; do echo \$i >/mnt/\$i; pc ack \$i; done; sync"]
check:
  fsck: false
  run:
    - sh
    - -c
    - |
      n=\$(cat /proc/sys/kernel/hostname)
      case \$n in ''|*[!0-9]*) n=0 ;; esac
      echo \$((n + 1)) >/proc/sys/kernel/hostname
      if [ "\$n" -ge 20 ]; then echo lie; exit $1; fi
      if [ -s "\$PC_ACKS" ] && [ ! -s /mnt/1 ]; then echo lost; exit 1; fi
Y
}
run_drift() {
	run_powercut run --json --results "$work/runs" --jobs 1 \
		"$work/drift.yaml"
}
verdicts() { # of each state, in one line
	sqlite3 "$(json run)/results.sqlite" \
		"SELECT cut, survivors, verdict FROM state ORDER BY 1, 2" |
		tr '\n' ' '
}
messages() {
	sqlite3 "$(json run)/results.sqlite" \
		"SELECT count(*) FROM state WHERE message LIKE '%lie%'"
}

# It approves of everything: what was lost is missed.
scenario 0
run_drift
exits 1 "a run whose guests drift tells what is true"
true_verdicts=$(verdicts)
at_least "$(json states_checked)" 25 "there are more states than a guest is good for"
at_least "$(json guests_drifted)" 1 "the guest that went bad was found"
at_least "$(json states_again)" 1 "what it had said was judged again"
at_least "$(json canaries)" 4 "by canaries"
run_powercut report "$(json run)"
like "$(cat "$out")" "guests .*canary told" "the report says so"

# It approves of nothing: the same is true. One recording, judged again: another
# one has other writes.
again() { # the scenario's check is taken from its file
	run_powercut check --json --results "$work/runs" --jobs 1 drift
}
scenario 1
again
at_least "$(json guests_drifted)" 1 "a guest that lies the other way is found"
is "$(messages)" 0 "and no lie is told"
is "$(verdicts)" "$true_verdicts" "the verdicts are the same"

# Without canaries the lies are told.
POWERCUT_CANARY=0
export POWERCUT_CANARY
again
is "$(json canaries)" 0 "without canaries"
at_least "$(messages)" 1 "lies are told"
ok "and the verdicts are wrong" test "$(verdicts)" != "$true_verdicts"
no_leaks
done_testing
