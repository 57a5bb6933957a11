#!/bin/sh
# A state's name can be pasted back: into check, export, shell; and a run can
# be judged again with a changed check, reported and listed.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

cp -r workloads/append-log "$work/log"
run_powercut run --json --results "$work/runs" "$work/log/buffered.yaml"
exits 0 "the loss is found"
run=$(json run)
state=append-log-buffered@$(json findings.0.state)
cp "$out" "$work/run.json"

run_powercut check --results "$work/runs" "$state"
exits 1 "its state is violated again"
like "$(cat "$out")" "acknowledged" "for the same reason"
run_powercut check --json --results "$work/runs" "$state"
is "$(json verdict)" violated "in JSON, too"
no_leaks

run_powercut export --results "$work/runs" "$state" "$work/state.img"
exits 0 "the state is exported"
is "$(stat -c %s "$work/state.img")" $((64 << 20)) "with the drive's size"
run_powercut export --results "$work/runs" "$state" "$work/again.img"
ok "the same each time" cmp "$work/state.img" "$work/again.img"
e2fsck -fy "$work/state.img" >"$work/fsck" 2>&1
ok "with a file system in it" e2fsck -fn "$work/state.img"
is "$(debugfs -R 'cat /txn.log' "$work/state.img" 2>"$work/debugfs")" "" \
	"in which the acknowledged records are missing"

echo 'cat /mnt/txn.log; wc -l </pc/acks; echo shell-was-here' |
	"$TOP/powercut" shell --results "$work/runs" "$state" \
		>"$out" 2>"$err"
status=$?
exits 0 "a shell in the state"
like "$(tr -d '\r' <"$out")" "^shell-was-here" "runs commands"
no_leaks

# A check that finds nothing wrong, because it looks for nothing.
cat >"$work/log/append-log-check.c" <<'C'
int main(void)
{
	return 0;
}
C
run_powercut check --json --results "$work/runs" append-log-buffered
exits 1 "judged again with a changed check, the known loss is missed"
is "$(json verdict)" held "since that check holds"
is "$(json states_checked)" "$(json states_checked "$work/run.json")" \
	"over the same states"
no_leaks

run_powercut report --results "$work/runs" append-log-buffered
exits 0 "the run is reported"
like "$(cat "$out")" "^append-log-buffered: " "as text"
for format in json junit html; do
	run_powercut report --results "$work/runs" --format $format \
		--output "$work/report.$format" append-log-buffered
	exits 0 "and as $format"
done
ok "the JUnit file is well-formed" xmllint --noout "$work/report.junit"
run_powercut list --results "$work/runs"
like "$(cat "$out")" "^append-log-buffered/.* done +held +violated" \
	"the list shows it"
run_powercut list --json --results "$work/runs"
is "$(json verdict)" held "also as JSON"

# Names of states that are none.
for bad in append-log-buffered@nonsense append-log-buffered@w1 \
	append-log-buffered@w99999:all append-log-buffered@end:99999 \
	nosuch@end:all; do
	run_powercut export --results "$work/runs" "$bad" "$work/bad.img"
	exits 4 "$bad is refused"
	not_ok "and leaves no file" test -e "$work/bad.img"
done
run_powercut check --results "$work/runs" nosuch
exits 4 "a run that is not there is refused"
is "$(find "$run" -name '*.tmp*' -o -name '*.units.*' | wc -l)" 0 \
	"no temporary files are left in the run"
no_leaks
done_testing
