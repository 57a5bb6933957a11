#!/bin/sh
# bench gives every figure, and leaves nothing behind. How large they are is the
# machine's business: no test of that here.
# seconds: 150
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

positive() { # PATH NAME: one number above 0
	value=$(json "$1")
	if awk -v v="$value" 'BEGIN { exit !(v ~ /^[0-9.e+-]+$/ && v > 0) }'
	then
		pass "$2"
	else
		fail "$2" "$1 is '$value'"
	fi
}

# That each group works needs no more than a few states. Equality on all workloads and file systems costs minutes: some of its rows stand
# for them, here and below.
groups=recording,trace,judging,pool,live,scale,prefixes,host
run_powercut bench --json --rounds 1 --states 12 --results "$work/runs" \
	--only $groups,covered_append_log,mismatches_append_log
exits 0 "it measures"
is "$(json rounds)" 1 "as many rounds as asked for"
like "$(json accel)" '^(kvm|tcg)' "and says on what"
for figure in boot workload_plain workload_untraced workload_recorded \
	log_commands log_full log_whole_commands log_whole_full \
	sqlite_commands sqlite_full sqlite_whole_commands sqlite_whole_full \
	bare_loop states bare_fsck states_fsck live_cut state_1k state_10k state_100k \
	one_guest two_guests \
	prefix_programs prefix_replay prefix_checkers prefix_host \
	host_floor host_states host_guest host_to_guest \
	checked_append_log covered_append_log; do
	positive "figures.$figure.median" "$figure is measured"
done
is "$(json figures)" 33 "there are no other figures"
for figure in workload_untraced workload_recorded log_full sqlite_full \
	log_whole_full sqlite_whole_full states states_fsck state_100k \
	two_guests prefix_replay prefix_checkers prefix_host host_states \
	host_to_guest \
	covered_append_log; do
	positive "figures.$figure.ratio" "$figure has a ratio"
done
is "$(json figures.mismatches_append_log.median)" 0 "no audit disagrees"
positive live_cuts_per_minute "live cuts per minute are given"
positive figures.states.values.0 "so are the values"
is "$(find "$work/runs" -mindepth 1)" "" "no recording is kept"
no_leaks

run_powercut bench --json --rounds 1 --only boot --results "$work/runs"
exits 0 "one figure alone can be asked for"
positive figures.boot.median "and is measured"
is "$(json figures)" 1 "and nothing else is"
no_leaks

run_powercut bench --json --rounds 1 --states 12 --only covered_append_log_xfs \
	--results "$work/runs"
exits 0 "a figure on XFS"
positive figures.covered_append_log_xfs.ratio "with that which it is against"
no_leaks

run_powercut bench --rounds 0
exits 4 "no round is no measurement"
run_powercut bench --states 0
exits 4 "nor is one of no state"
run_powercut bench --only boot,speed
exits 4 "an unknown figure is a mistake"
like "$(cat "$err")" "no figure 'speed'" "which is named"

recording() { # it has begun: the scratch folder is there
	[ -n "$(find "$work/runs" -name trace.bin)" ]
}
start_powercut bench --only recording --results "$work/runs"
ok "it records" wait_for 60 recording
kill -INT "$powercut"
wait_powercut
exits 130 "Ctrl-C ends it"
is "$(cat "$out")" "" "without figures"
is "$(find "$work/runs" -mindepth 1)" "" "and without remains"
no_leaks
done_testing
