# Library of the end-to-end tests: TAP, ./powercut in a runtime folder of its
# own, and proof that nothing is left behind. Sourced from the top folder:
#
#	#!/bin/sh
#	cd "$(dirname "$0")/../.." || exit 1	# ci/e2e/cases: ../../..
#	. ci/e2e/lib.sh
#
#	run_powercut run --json workloads/append-log/scenario.yaml
#	is "$status" 0 "the synced workload is as expected"
#	is "$(json verdict)" held "and held"
#	no_leaks
#	done_testing
#
# Each test has $work, a folder that is removed at the end. Wait for events
# with wait_for; never sleep for a fixed time.

TOP=$(pwd)
work=$(mktemp -d /tmp/pct.XXXXXX) || exit 1
mkdir -m 700 "$work/run"
# Short, and of this test alone: whatever is in it at the end is a leak, and
# each QEMU and nbdkit of this test has it in its command line.
XDG_RUNTIME_DIR=$work/run
export XDG_RUNTIME_DIR
tap_count=0
tap_failed=0
tap_plan=
leak_seconds=60 # a leak stays; what goes takes longer on a busy machine

# ---- TAP

plan() {
	tap_plan=$1
	echo "1..$1"
}

done_testing() {
	[ -n "$tap_plan" ] || plan "$tap_count"
}

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

skip() { # NAME REASON
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

bail_out() {
	echo "Bail out! $*"
	exit 1
}

pass() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

fail() { # NAME [WHY]
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	[ -z "${2-}" ] || diag "$2"
}

# ok NAME COMMAND...: the command succeeds; its output is shown when not.
ok() {
	tap_name=$1
	shift
	if "$@" >"$work/ok.log" 2>&1; then
		pass "$tap_name"
	else
		fail "$tap_name" "failed ($?): $*"
		diag "$(cat "$work/ok.log")"
	fi
}

not_ok() { # NAME COMMAND...
	tap_name=$1
	shift
	if "$@" >"$work/ok.log" 2>&1; then
		fail "$tap_name" "should have failed: $*"
		diag "$(cat "$work/ok.log")"
	else
		pass "$tap_name"
	fi
}

is() { # GOT WANTED NAME
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		fail "$3" "got:    $1"
		diag "wanted: $2"
	fi
}

isnt() { # GOT UNWANTED NAME
	if [ "$1" != "$2" ]; then
		pass "$3"
	else
		fail "$3" "unwanted: $1"
	fi
}

like() { # GOT EXTENDED-REGEX NAME; some line of it matches
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		pass "$3"
	else
		fail "$3" "no match for: $2"
		diag "in: $1"
	fi
}

unlike() { # GOT EXTENDED-REGEX NAME
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		fail "$3" "unwanted match for: $2"
		diag "in: $1"
	else
		pass "$3"
	fi
}

# at_least GOT WANTED NAME: whole numbers.
at_least() {
	if [ "$1" -ge "$2" ] 2>/dev/null; then
		pass "$3"
	else
		fail "$3" "got $1, wanted at least $2"
	fi
}

# ---- powercut

# Runs ./powercut to its end: $status, and the files $out and $err.
out=$work/out
err=$work/err
run_powercut() {
	"$TOP/powercut" "$@" >"$out" 2>"$err" </dev/null
	status=$?
}

# Starts it in the background: $powercut is its process. A shell starts such a
# process with SIGINT ignored; undo that, or no test of Ctrl-C would be true.
start_powercut() {
	env --default-signal=INT,QUIT "$TOP/powercut" "$@" \
		>"$out" 2>"$err" </dev/null &
	powercut=$!
}

# Waits for the started one: $status.
wait_powercut() {
	wait "$powercut"
	status=$?
}

# show: what the last run said, for the reader of a failed test.
show() {
	diag "status $status; standard output:"
	diag "$(tail -n 40 "$out")"
	diag "standard error:"
	diag "$(tail -n 40 "$err")"
}

exits() { # STATUS NAME
	if [ "$status" = "$1" ]; then
		pass "$2"
	else
		fail "$2" "exit status $status, wanted $1"
		show
	fi
}

# json PATH [FILE]: one value per JSON line of $out (or of FILE); PATH is
# keys and indices joined by dots, "findings.0.layer". A missing value prints
# nothing, a container prints its number of members.
json() {
	perl -MJSON::PP -e '
		my ($path, $file) = @ARGV;
		open(my $in, "<", $file) or die "$file: $!\n";
		for my $line (<$in>) {
			my $at = JSON::PP->new->decode($line);
			for my $key (split(/\./, $path)) {
				$at = ref $at eq "ARRAY" ? $at->[$key]
					: ref $at eq "HASH" ? $at->{$key}
					: undef;
			}
			next unless defined $at;
			print ref $at eq "ARRAY" ? scalar(@$at)
				: ref $at eq "HASH" ? scalar(keys %$at)
				: $at, "\n";
		}' "$1" "${2:-$out}"
}

# wait_for SECONDS COMMAND...: asks again until it succeeds or time is up.
wait_for() {
	wait_until=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$wait_until" ] || return 1
		sleep 0.05
	done
}

# ---- what is left behind

# Processes of this test that still run: "PID COMMAND-LINE".
left_processes() {
	# from a file, or grep would find itself
	echo "$work/run" >"$work/pattern"
	for line in $(grep -alF -f "$work/pattern" /proc/[0-9]*/cmdline \
		2>/dev/null); do
		pid=${line#/proc/}
		pid=${pid%/cmdline}
		[ "$pid" = $$ ] || echo "$pid $(tr "\\0" " " <"$line")"
	done
}

left_files() {
	find "$work/run" -mindepth 1 2>/dev/null
}

left_loop_devices() {
	grep -l -e "$work" -e "$TOP/results/runs" \
		/sys/block/loop*/loop/backing_file 2>/dev/null
}

left_anything() {
	left_processes
	left_files
	left_loop_devices
}

nothing_left() {
	[ -z "$(left_anything)" ]
}

# no_leaks [NAME]: within $leak_seconds there is no process, socket, runtime folder or
# loop device of this test any more.
no_leaks() {
	if wait_for "$leak_seconds" nothing_left; then
		pass "${1:-nothing is left behind}"
	else
		fail "${1:-nothing is left behind}" "$(left_anything)"
	fi
}

# Whatever the test did, the machine is clean behind it.
tap_exit() {
	tap_status=$?
	trap '' INT TERM
	trap - EXIT
	left_processes | while read -r pid line; do
		kill -KILL "$pid" 2>/dev/null
	done
	rm -rf "$work"
	[ "$tap_status" = 0 ] && [ "$tap_failed" != 0 ] && tap_status=1
	exit "$tap_status"
}
trap tap_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
