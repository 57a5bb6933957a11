#!/bin/sh
# The tests' own tools tell the truth: a tool that always passes is worse than
# none.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

# says NAME BODY: what a test script of that body prints, on $said, $ended.
says() {
	printf '#!/bin/sh\n%s\n' "$2" >"$work/$1"
	chmod +x "$work/$1"
}

script() {
	says script.t ". ci/e2e/lib.sh
$1
done_testing"
	said=$("$work/script.t" 2>&1)
	ended=$?
}

script 'is a a same; is a b other'
is "$said" "ok 1 - same
not ok 2 - other
# got:    a
# wanted: b
1..2" "is compares"
is "$ended" 1 "a failed test makes the script fail"

script 'like "one two" "^o.*o$" yes; like one two no'
like "$said" '^not ok 2 - no' "like can fail"

script 'ok yes true; ok no false; not_ok no true'
like "$said" '^not ok 2 - no' "ok can fail"
like "$said" '^not ok 3 - no' "not_ok can fail"

script 'leak_seconds=1; touch "$XDG_RUNTIME_DIR/socket"; no_leaks'
like "$said" '^not ok 1 - nothing is left' "a file left behind is a leak"

script 'leak_seconds=1; tail -f /dev/null "$work/run" >/dev/null 2>&1 &
runs_tail() { grep -aq "$work/run" "/proc/$1/cmdline"; }
wait_for 20 runs_tail $!; no_leaks; echo "PID $!"'
like "$said" '^not ok 1 - nothing is left' "a process left behind is a leak"
not_ok "it is killed all the same" kill -0 "${said##*PID }"

script 'printf "%s\n" "{\"a\":{\"b\":[1,\"x\"]}}" >"$out"; json a.b.1; json a.b; json q'
is "$said" "x
2
1..0" "json finds values and counts members"

# ---- the runner

says good 'echo 1..2; echo ok 1 - a; echo "ok 2 # SKIP b"'
says cmocka-skip 'echo 1..2; echo ok 1 - a; echo "not ok 2 # SKIP b"'
says bad 'echo 1..2; echo ok 1; echo "not ok 2 - b"; echo reason >&2; exit 1'
says dies 'echo 1..5; echo ok 1; kill -KILL $$'
says silent ''
says unplanned 'echo ok 1'
says hangs.t 'echo 1..1; echo ok 1; sleep 100'
says status.t 'echo 1..1; echo ok 1; exit 3'
says skips.t 'echo "1..0 # SKIP no reason"'
says alone.t '# alone: measures
[ ! -e "$0.other" ] || exit 1; echo 1..1; echo ok 1'
says bails.t 'echo 1..2; echo ok 1; echo "Bail out! no reason"; exit 1'
says gives-up.t 'echo 1..1; echo ok 1; echo "Bail out! no reason"'
in_order='echo "${0##*/}" >>"${0%/*}/order"; echo 1..1; echo ok 1'
says short.t "$in_order"
says long.t "# seconds: 200
$in_order"
says medium.t "# seconds: 30
$in_order"
says other.t 'touch "${0%/*}/alone.t.other"; sleep 0.5
rm "${0%/*}/alone.t.other"; echo 1..1; echo ok 1'

runner() {
	said=$(for name; do
		set -- "$@" "$work/$name"
		shift
	done; ci/run-tests.sh "$@" 2>&1)
	ended=$?
	said_last=$(printf '%s\n' "$said" | tail -n 1)
}

runner good cmocka-skip skips.t
is "$ended: $said_last" "0: 2 passed, 0 failed" "skipped tests are not counted"
runner good bad
is "$ended: $said_last" "1: 2 passed, 1 failed" "a failed test is counted"
like "$said" '^reason$' "the output of what failed is shown"
runner dies
is "$ended: $said_last" "1: 1 passed, 4 failed" "tests that never ran failed"
runner silent
is "$ended: $said_last" "1: 0 passed, 1 failed" "saying nothing is failing"
runner unplanned
is "$ended: $said_last" "1: 1 passed, 1 failed" "a missing plan is a failure"
runner status.t
is "$ended: $said_last" "1: 1 passed, 1 failed" "an exit status is a failure"
E2E_TIMEOUT=1 runner hangs.t
is "$ended: $said_last" "1: 1 passed, 1 failed" "a hanging test is a failure"
# One at a time: what bails out is at its end before the other begins.
E2E_JOBS=1 runner bails.t other.t
is "$ended: $said_last" "1: 2 passed, 1 failed" \
	"one that bails out fails, and the others run"
like "$said" '^Bail out! no reason$' "its reason is shown"
runner gives-up.t
is "$ended: $said_last" "1: 1 passed, 1 failed" \
	"one that bails out has failed, whatever it ends with"
E2E_JOBS=1 runner short.t medium.t long.t
is "$(xargs <"$work/order")" "long.t medium.t short.t" "the longest run first"
runner alone.t other.t good
is "$ended: $said_last" "0: 3 passed, 0 failed" "what must be alone is, and counts"
runner missing
is "$ended: $said_last" "1: 0 passed, 1 failed" "a missing program is a failure"
runner skips.t
is "$ended: $said_last" "1: 0 passed, 0 failed" "running nothing is no success"

done_testing
