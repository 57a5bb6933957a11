#!/bin/sh
# Power is really cut: at a flush, a write, a mark, a time, at random. Each cut
# is compared with the drive's own media, byte for byte, before its states are
# judged (a difference fails the run), so what passes here was equal.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

cp workloads/append-log/*.[ch] "$work"
sed '/^seed/,$d' workloads/append-log/scenario.yaml >"$work/live.yaml"
cat >>"$work/live.yaml" <<'Y'
seed: 5
mode: live
cuts:
  - at: { flush: 2 }
  - at: { write: 4 }
  - at: { mark: "TXN-00003", nth: 1 }
  - at: { after: 20ms }
  - random: { count: 1 }
Y
run_powercut run --json --results "$work/runs" "$work/live.yaml"
exits 0 "a synced log survives every live cut"
is "$(json verdict)" held "verdict held"
is "$(json cuts)" 5 "each of the five kinds of cut happened"
at_least "$(json states_checked)" 5 "states were judged"
run=$(json run)
is "$(find "$run" -name '*.img' | wc -l)" 1 \
	"the drive's images were compared and removed, the base stays"

# The cut stands in the log where it was asked for.
run_powercut report --json "$run"
exits 0 "the run can be reported again"
ok "a live state can be exported" ./powercut export --results "$work/runs" \
	append-log@live-1/end:none "$work/state.img"
e2fsck -fy "$work/state.img" >"$work/fsck" 2>&1
ok "and its journal recovers" e2fsck -fn "$work/state.img"

sed 's/^mode: live/mode: both/; /^cuts/,$d; s/^expect: held/expect: violated/
	s/--ack=fdatasync/--ack=write/; s/^seed.*/seed: 6/' \
	"$work/live.yaml" >"$work/both.yaml"
run_powercut run --json --results "$work/runs" "$work/both.yaml"
exits 0 "mode both finds the loss of a log without sync"
like "$(sqlite3 "$(json run)/results.sqlite" \
	'SELECT DISTINCT source FROM state')" '^live-' \
	"in a live cut"
like "$(sqlite3 "$(json run)/results.sqlite" \
	'SELECT DISTINCT source FROM state')" '^replay' \
	"and in a replayed one"
no_leaks
done_testing
