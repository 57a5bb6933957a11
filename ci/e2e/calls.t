#!/bin/sh
# What the workload asked of its file system is told: powercut export --calls.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

results=$work/results
run_powercut run --results "$results" ci/e2e/cases/calls/scenario.yaml
exits 0 "a workload that is watched runs as it would"

run_powercut export --results "$results" --calls calls
exits 0 "its system calls are printed"
is "$(cat "$err")" "" "and all of them"
cp "$out" "$work/calls"
list=$(sed 's/^ *[0-9]* *[0-9.]* *[0-9]* //' "$work/calls")

is "$(echo "$list" | sed '/pwrite64 ack written/q')" \
"every-call openat /mnt/log: 3
every-call write /mnt/log at 0 6 bytes: 6
every-call writev /mnt/log at 6 8 bytes: 8
every-call fsync /mnt/log: 0
every-call pwrite64 ack written: 4096" "calls and marks come in their order"
like "$list" "^every-call pwrite64 /mnt/new at 4096 3 bytes: 3" "offsets"
like "$list" "^every-call ftruncate /mnt/new 5000 bytes: 0" "sizes"
like "$list" "^every-call rename /mnt/new -> /mnt/log: 0" "two names"
like "$list" "^every-call link /mnt/log -> /mnt/hard: 0" "links"
like "$list" "^every-call symlink /mnt/soft -> log: 0" "symbolic links"
like "$list" "^every-call unlink /mnt/hard: 0" "names that go"
like "$list" "^every-call fallocate /mnt/map at 0 8192 bytes: 0" "allocations"
like "$list" "^every-call mmap /mnt/map at 0 8192 bytes: " "maps"
like "$list" "^every-call msync /mnt/map at 4096 4096 bytes: 0" "their syncs"
like "$list" "^every-call rmdir /mnt/folder: 0" "folders"
like "$list" "^every-call pwrite64 mark daemon: 4096" \
	"a child is followed that outlives its parent"

run_powercut export --results "$results" --calls --json calls
exits 0 "the same as JSON"
grep '"call":"write"' "$out" >"$work/writes"
# xxhsum -H3 of "hello\n"
is "$(json xxh3 "$work/writes" | head -n 1)" 99fc819aaba2462a \
	"the hash is that of the data"
is "$(grep '"call":"pwrite64"' "$out" | grep mnt/new | json file_flags.0 /dev/stdin)" \
	dsync "how the file was opened"
thread=$(tail -n 1 "$work/writes")
isnt "$(echo "$thread" | json tid /dev/stdin)" \
	"$(echo "$thread" | json pid /dev/stdin)" "a thread has its own number"

# The stack names functions.
program=$(find .build/workloads -name every-call.symbols | head -n 1)
names=$(head -n 1 "$work/writes" | perl -MJSON::PP -e '
	print "$_->{address}\n" for @{decode_json(<STDIN>)->{stack}}' |
	addr2line -f -i -e "$program" | sed -n 'p;n')
like "$names" '^write_and_sync$' "the stack has the caller"
like "$names" '^main$' "and its callers"

# The same list on a run with guest.trace: commands would be a claim.
mkdir "$work/case"
cp ci/e2e/cases/calls/every-call.c "$work/case"
sed 's/^drive:/guest: { trace: commands }\n&/' ci/e2e/cases/calls/scenario.yaml \
	>"$work/case/scenario.yaml"
run_powercut run --results "$work/other" "$work/case/scenario.yaml"
exits 0 "without the watcher it runs as well"
run_powercut export --results "$work/other" --calls calls
exits 3 "and no calls are claimed"
like "$(cat "$err")" "were not traced" "it says why"

no_leaks
done_testing
