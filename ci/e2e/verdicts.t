#!/bin/sh
# The demo: each program is judged as it deserves, in one process whose checker
# guests stay warm, and the machine-readable reports say the same.
# seconds: 120
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

held="workloads/append-log/scenario.yaml workloads/sqlite/scenario.yaml
	workloads/sqlite/wal.yaml workloads/replace-file/scenario.yaml"
lost="workloads/append-log/unsynced.yaml workloads/append-log/buffered.yaml
	workloads/sqlite/off.yaml workloads/replace-file/unsynced.yaml"

# shellcheck disable=SC2086
run_powercut run --json --budget 80 --results "$work/runs" \
	--junit "$work/out.xml" $held $lost
exits 0 "every verdict is as expected"
is "$(json verdict | head -n 4 | sort -u)" held "the synced ones are held"
is "$(json verdict | tail -n 4 | sort -u)" violated "their twins are violated"
is "$(json scenario | wc -l)" 8 "one JSON object per scenario"
at_least "$(json states_checked | head -n 4 | sort -n | head -n 1)" 40 \
	"each held one stands on at least 40 states"
is "$(json findings | tail -n 4 | grep -c '^0$')" 0 \
	"each violated one has a finding"
for key in expect cuts states_legal seconds run; do
	is "$(json "$key" | wc -l)" 8 "each object has $key"
done
ok "the JUnit file is well-formed" xmllint --noout "$work/out.xml"
like "$(cat "$work/out.xml")" 'failures="0"' "and counts no failure"
no_leaks

# The same losses, whatever the seed.
for seed in 2 3; do
	# shellcheck disable=SC2086
	run_powercut run --json --seed "$seed" --budget 12 \
		--results "$work/runs" $lost
	exits 0 "with seed $seed the losses are found again"
	is "$(json seed | sort -u)" "$seed" "and the seed is in the report"
done

# A loss that nobody expected, and a known one that was missed.
sed 's/^expect: violated/expect: held/; /^fixed:/d' workloads/append-log/unsynced.yaml \
	>"$work/surprise.yaml"
cp workloads/append-log/*.[ch] "$work"
run_powercut run --budget 4 --results "$work/runs" "$work/surprise.yaml"
exits 1 "an unexpected loss is exit status 1"
like "$(cat "$out")" "powercut check [^ ]*append-log-unsynced/[^ ]*@" \
	"and the report has the command that shows it again"
sed 's/^expect: held/expect: violated/' workloads/append-log/scenario.yaml \
	>"$work/missed.yaml"
run_powercut run --budget 4 --results "$work/runs" "$work/missed.yaml"
exits 1 "a known loss that was missed is exit status 1"
no_leaks
done_testing
