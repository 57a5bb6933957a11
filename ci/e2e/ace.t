#!/bin/sh
# Sequences of file system operations: what ext4 and btrfs promise is there, a
# drive or a program that lies is caught, and the suites can be listed.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

POWERCUT_HOME=$TOP
export POWERCUT_HOME
cp workloads/ace/*.c workloads/ace/workload.mk "$work"

run_powercut run --json --suite ace-seq1 --sample 8 --seed 5 --budget 30 \
	--fs ext4 --results "$work/runs"
exits 0 "ext4: a sample is as expected"
is "$(json verdict)" held "and held"
is "$(json acks)" 9 "every sequence was acknowledged"
at_least "$(json states_checked)" 17 "each was judged behind its sync"
run_powercut check --json --results "$work/runs" ace-seq1-1@end:all
exits 0 "a state of it is judged again"

# The same recording with nothing synced, and with a drive that ignores flushes.
scenario() { # NAME WORDS MORE
	sed -e "s/^name:.*/name: $1/" -e 's/expect: held/expect: violated/' \
		-e "s/^    - ace\$/    - ace$2/" -e "s/^drive:.*/drive: { size: 64MiB$3 }/" \
		workloads/ace/scenario.yaml >"$work/$1.yaml"
}
scenario lie '\n    - --lie' ''
scenario flush '' ', cache: { flush: ignored, fua: ignored }'
run_powercut run --json --first --results "$work/runs" "$work/lie.yaml" \
	"$work/flush.yaml"
exits 0 "a program and a drive that lie are caught"
is "$(json verdict | sort -u)" violated "both are violated"
like "$(json findings.0.message | head -n 1)" \
	"^(renamed|linked): .*mkdir A; .*; begin; (rename|link) A/foo .*fsync" \
	"and the finding names the sequence"

run_powercut run --json --budget 20 --results "$work/runs" --fs btrfs \
	workloads/ace/scenario.yaml
exits 0 "btrfs: the example is held"

# A sync that flushes nothing: in XFS (workloads/FINDINGS.md), not in ext4.
run_powercut run --json --first --suite ace-recipes --only '*-syncfs' \
	--fs xfs,ext4 --results "$work/runs"
is "$(json verdict | tr '\n' ' ')" "violated held " \
	"XFS's syncfs leaves what was overwritten in the cache, ext4's does not"
is "$(json findings.0.state | head -n 1)" m3:none \
	"behind its acknowledgement"

# Nothing runs, and what would is told.
run_powercut run --suite ace-seq1 --list
is "$(wc -l <"$out")" 301 "seq-1 has 301 sequences"
like "$(cat "$out")" "^seq1-365 +creat foo; .*; begin; link foo bar; fsync foo" \
	"each with its text"
run_powercut run --suite ace-seq2 --list --sample 20 --seed 9
cp "$out" "$work/first"
run_powercut run --suite ace-seq2 --list --sample 20 --seed 9
is "$(cat "$out")" "$(cat "$work/first")" "a seed draws the same sample again"
is "$(wc -l <"$out")" 20 "of the size that was asked for"
run_powercut run --suite ace-seq2 --sample few
exits 4 "a sample that is none is refused"
run_powercut run --sample 3 workloads/ace/scenario.yaml
exits 4 "a sample of nothing is refused"
no_leaks
done_testing
