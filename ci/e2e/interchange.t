#!/bin/sh
# A recording goes out as a log of dm-log-writes and comes in again: each prefix
# is our own state, byte for byte, and the verdicts are the same. Without FUA no
# loss is proved.
# seconds: 80
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

# same_prefixes RUN LOG SIZE K: one in K of $work/prefixes, and the last, against
# the run's states; another reader replays them.
same_prefixes() {
	awk -v k="$4" 'k == 1 || NR % k == 1 { print; last = $0; next }
		{ tail = $0 } END { if (tail != "") print tail }' \
		"$work/prefixes" | sort -nu >"$work/some"
	# shellcheck disable=SC2046
	ok "another reader replays $(basename "$2")" perl ci/e2e/log.pl replay \
		"$2" "$3" "$work/prefix" $(cut -d' ' -f1 "$work/some")
	while read -r n cut; do
		run_powercut export --results "$work/runs" "$1@$cut:none" \
			"$work/state.img"
		ok "$1: the first $n entries are $cut:none" \
			cmp "$work/prefix.$n" "$work/state.img"
		rm -f "$work/prefix.$n" "$work/state.img"
	done <"$work/some"
}

# Recorded; it is judged where it was imported.
run_powercut run --json --budget 12 --results "$work/runs" \
	workloads/append-log/scenario.yaml
exits 0 "a workload that holds is recorded"
run_powercut export --json --results "$work/runs" \
	--dm-log-writes "$work/log" --prefixes "$work/prefixes" append-log
exits 0 "the recording is exported"
at_least "$(json fua_writes)" 1 "with FUA writes"
at_least "$(wc -l <"$work/prefixes")" 20 "and many prefixes that are states"

same_prefixes append-log "$work/log" $((64 << 20)) 4

scenario=workloads/append-log/scenario.yaml
run_powercut import --json --results "$work/runs" --scenario $scenario \
	--name again "$work/log"
exits 0 "it is imported"
is "$(json format)" dm-log-writes "as what it is"
run_powercut export --results "$work/runs" --dm-log-writes "$work/log.2" again
exits 0 "exported again"
ok "it is the same file" cmp "$work/log" "$work/log.2"
run_powercut check --json --results "$work/runs" again
exits 0 "judged, it holds"
is "$(json verdict)" held "since its FUA writes are known"
like "$(json reason)" "fewer states" "and the report says what that is worth"
at_least "$(json states_checked)" 20 "on some states"
run_powercut explain --legal --results "$work/runs" again@f3:none
exits 0 "its states are explained"
like "$(cat "$out")" "rule 3: flush f3 was submitted" "by the same rules"

# All that a drive can be told, from several programs at once.
run_powercut run --json --results "$work/runs" \
	ci/e2e/cases/every-command/scenario.yaml
exits 0 "every command there is is recorded"
run_powercut export --json --results "$work/runs" \
	--dm-log-writes "$work/every" --prefixes "$work/prefixes" every-command
exits 0 "and exported"
for kind in fua_writes write_zeroes discards flushes marks; do
	at_least "$(json $kind)" 10 "with $kind"
done
same_prefixes every-command "$work/every" $((2 << 20)) 1

# A loss is found again, without anything but the log.
run_powercut run --json --first --results "$work/runs" \
	workloads/append-log/unsynced.yaml
exits 0 "a workload that loses data is recorded"
run_powercut export --results "$work/runs" --dm-log-writes "$work/lossy" \
	append-log-unsynced
run_powercut import --results "$work/runs" --name lossy \
	--scenario workloads/append-log/unsynced.yaml "$work/lossy"
run_powercut check --json --results "$work/runs" lossy
exits 0 "of the imported one, too"
is "$(json verdict)" violated "the loss is found"

# As QEMU would have written it: no entry says FUA.
perl -e '
	undef $/;
	my ($log) = <STDIN>;
	my ($entries, $sector) = unpack("Q<L<", substr($log, 16, 12));
	my $at = $sector;
	while ($entries--) {
		my ($sectors, $flags) = unpack("Q<Q<", substr($log, $at + 8, 16));
		substr($log, $at + 16, 8, pack("Q<", $flags & ~2));
		$at += $sector * (1 + ($flags & 4 ? 0 : $sectors));
	}
	print $log;' <"$work/log" >"$work/log.qemu"
run_powercut import --json --results "$work/runs" --scenario $scenario \
	--format blklogwrites --name qemu "$work/log.qemu"
exits 0 "a log without FUA is imported"
like "$(json caveat)" "no FUA" "with a warning"
run_powercut check --json --results "$work/runs" qemu
exits 2 "what it shows is no proof"
is "$(json verdict)" unknown "neither of a loss nor of none"
at_least "$(json unknown)" 1 "there are losses that would be false"
is "$(json violated)" 0 "none is told as one"
like "$(json reason)" "FUA" "for want of FUA"

# A drive that destages by itself has other states than its log's prefixes.
run_powercut import --results "$work/runs" --name hasty \
	--scenario workloads/append-log/destage.yaml "$work/log"
exits 0 "a log is imported for another drive"
run_powercut export --results "$work/runs" --dm-log-writes "$work/hasty" \
	--prefixes "$work/hasty.prefixes" hasty
exits 4 "whose prefixes are refused"
run_powercut export --results "$work/runs" --dm-log-writes "$work/hasty" hasty
ok "the log itself is the same" cmp "$work/log" "$work/hasty"

# What cannot be imported leaves no run behind.
head -c 100000 "$work/log" >"$work/log.short"
run_powercut import --results "$work/runs" --scenario $scenario --name bad \
	"$work/log.short"
exits 4 "a log that was cut off is refused"
like "$(cat "$err")" "cut off" "by name"
run_powercut import --results "$work/runs" --scenario $scenario --name bad \
	workloads/append-log/scenario.yaml
exits 4 "so is what is no log"
run_powercut import --results "$work/runs" "$work/log"
exits 4 "and a log without a scenario"
not_ok "no run is left" test -e "$work/runs/bad"
is "$(find "$work/runs" -name '.import*' | wc -l)" 0 "and no scratch folder"
run_powercut export --results "$work/runs" --dm-log-writes "$work/none" \
	append-log@end:all
exits 4 "a state is no recording"
no_leaks
done_testing
