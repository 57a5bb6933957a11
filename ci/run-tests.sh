#!/bin/sh
# Runs TAP test programs and counts what they said.
#
# Usage: ci/run-tests.sh PROGRAM...
#
# Programs named *.t use virtual machines: each takes one processor or two, by
# turns, so E2E_JOBS of them run at a time (default: one per two processors and
# one more). Those that have a line "# seconds: N" begin, the longest first, so
# that none of them is left at the end: only their order depends on the number.
# Those that have a line "# alone: WHY" have the machine to themselves, at the
# end. All others are unit tests, one per processor. prove shows the progress,
# how long each took, and judges; the output of each program that failed follows.
# The very last line is
#
#	N passed, N failed
#
# over single tests. A test that was planned and did not run, a program that
# dies or says nothing: each counts as failed. Skipped tests count as neither
# and are named in the line before.
set -u
cd "$(dirname "$0")/.." || exit 3

longest_first() {
	for program; do
		seconds=$(sed -n 's/^# seconds: \([0-9][0-9]*\).*/\1/p;10q' \
			"$program" 2>/dev/null | head -n 1)
		echo "${seconds:-0} $program"
	done | sort -s -k 1,1nr | cut -d ' ' -f 2-
}

unit=""
e2e=""
alone=""
jobs=${E2E_JOBS:-$(($(nproc) / 2 + 1))}
for program in "$@"; do
	case $program in
	*.t)
		if grep -qs '^# alone: ' "$program"; then
			alone="$alone $program"
		else
			e2e="$e2e $program"
		fi
		;;
	*) unit="$unit $program" ;;
	esac
done

TEST_LOGS=$(mktemp -d "${TMPDIR:-/tmp}/pc-tests.XXXXXX") || exit 3
export TEST_LOGS
trap 'rm -rf "$TEST_LOGS"' EXIT
trap 'exit 130' INT TERM

judged=0
if [ -n "$unit" ]; then
	prove --timer --jobs "$(nproc)" --exec ci/run-one-test.sh $unit ||
		judged=1
fi
if [ -n "$e2e" ]; then
	prove --timer --jobs "$jobs" --exec ci/run-one-test.sh \
		$(longest_first $e2e) || judged=1
fi
if [ -n "$alone" ]; then
	prove --timer --exec ci/run-one-test.sh $alone || judged=1
fi

for program in "$@"; do
	log=$TEST_LOGS/$(echo "$program" | tr / +)
	[ -e "$log.status" ] || echo "never ran" >"$log.status"
	[ -e "$log.tap" ] || : >"$log.tap"
	awk -v status="$(cat "$log.status")" -v program="$program" \
		-f ci/tally.awk "$log.tap" >"$log.tally"
	cat "$log.tally" >>"$TEST_LOGS/tally"
	if ! grep -q ' 0 [0-9]* *$' "$log.tally"; then
		echo
		echo "=== $program failed; its output:"
		cat "$log.all" 2>/dev/null
		echo "=== end of $program: $(cat "$log.status")"
	fi
done
awk -v judged="$judged" '
	{ passed += $2; failed += $3; skipped += $4 }
	END {
		# prove saw a fault that the tally did not: believe it
		if (judged && !failed)
			failed = 1
		if (skipped)
			printf "\n%d skipped", skipped
		printf "\n%d passed, %d failed\n", passed, failed
		exit failed > 0 || passed == 0
	}' "$TEST_LOGS/tally" /dev/null
