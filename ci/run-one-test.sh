#!/bin/sh
# Runs one test program for prove, within a time limit, and keeps in
# $TEST_LOGS what it said (NAME.tap, and with standard error NAME.all) and how
# it ended (NAME.status). prove stops all tests where one bails out: for it,
# that is a failure like any other.
#
# Seconds: UNIT_TIMEOUT, E2E_TIMEOUT.
set -u
log=$TEST_LOGS/$(echo "$1" | tr / +)
case $1 in
*.t) limit=${E2E_TIMEOUT:-900} ;;
*) limit=${UNIT_TIMEOUT:-120} ;;
esac
case $1 in
/*) program=$1 ;;
*) program=./$1 ;;
esac
: >"$log.all"

# cmocka 1.1 says "not ok N # SKIP", which prove takes for a failure.
cmocka_skip="s/^not ok \([0-9]*\) # SKIP/ok \1 # SKIP/"

# timeout leaves the terminal's process group, so that Ctrl-C does not reach
# the test: pass it on. A shell starts what runs in the background with SIGINT
# ignored, which tests of Ctrl-C would inherit: undo that.
{
	env --default-signal=INT,QUIT timeout --kill-after=10 "$limit" \
		"$program" </dev/null 2>>"$log.all" &
	child=$!
	trap 'kill -TERM $child 2>/dev/null' INT TERM HUP
	wait $child
	status=$?
	while kill -0 $child 2>/dev/null; do
		wait $child
		status=$?
	done
	case $status in
	124 | 137) echo "killed (its time limit is $limit s)" ;;
	*) echo "exit $status" ;;
	esac >"$log.status"
	exit 0
} | sed -u "$cmocka_skip" | tee -a "$log.tap" "$log.all" |
	sed -u 's/^ *Bail out!/# &/'

read -r how status <"$log.status"
[ "$how" = exit ] || status=124
! grep -q '^ *Bail out!' "$log.tap" || [ "$status" != 0 ] || status=255
exit "$status"
