#!/bin/sh
# check.on: host judges on this machine's own kernel: the same verdicts, state
# by state, as in a guest; no guest boots; a check is locked in; whatever ends
# it, nothing is left.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

[ "$(id -u)" = 0 ] || skip_all "only root may mount"
[ -c /dev/loop-control ] || skip_all "this kernel has no loop devices"

runs=$work/runs
cp -r workloads/append-log "$work/append-log" || bail_out "cannot copy"

# on_host NAME: the scenario's twin that is judged on the host.
on_host() {
	sed 's/^check:/check:\n  on: host/' "$work/append-log/$1.yaml" \
		>"$work/append-log/host-$1.yaml"
}

table() { # RUN: a row for each state
	sqlite3 -readonly "$runs/$1/latest/results.sqlite" \
		"SELECT source, cut, survivors, hash, lost, verdict, stage,
		message FROM state ORDER BY source, cut, survivors"
}

# Nothing of a guest may be started from here on.
mkdir "$work/bin"
for program in nbdkit qemu-system-x86_64; do
	printf '#!/bin/sh\necho "$0" >>%s/started\nexit 1\n' "$work" \
		>"$work/bin/$program"
	chmod 755 "$work/bin/$program"
done
check() {
	(PATH=$work/bin:$PATH; run_powercut check --results "$runs" "$@"
	echo "$status" >"$work/status")
	status=$(cat "$work/status")
}

same() { # SCENARIO RUN VERDICT STATUS
	run_powercut run --json --results "$runs" "$work/append-log/$1.yaml"
	exits 0 "$1: judged in a guest"
	is "$(json checked_on)" guest "$1: the report says so"
	table "$2" >"$work/guest-table"
	on_host "$1"
	check --json --scenario "$work/append-log/host-$1.yaml" "$2"
	exits 0 "$1: judged on the host"
	is "$(json verdict)" "$3" "$1: $3"
	is "$(json checked_on)" "host, kernel $(uname -r)" \
		"$1: the report says on which kernel"
	at_least "$(json states_checked)" 10 "$1: states were judged"
	table "$2" >"$work/host-table"
	ok "$1: each state has the verdict that it has in a guest" \
		cmp "$work/guest-table" "$work/host-table"
}

same scenario append-log held
# Two workers show one UUID to one kernel. XFS can be told to bear it.
on_host xfs
run_powercut run --json --budget 16 --results "$runs" \
	"$work/append-log/host-xfs.yaml"
exits 0 "xfs: judged on the host, by two workers"
is "$(json verdict)" held "xfs: held"
at_least "$(json states_checked)" 10 "xfs: states were judged"
on_host btrfs
run_powercut run --results "$runs" "$work/append-log/host-btrfs.yaml"
exits 3 "btrfs: not judged on the host"
like "$(cat "$err")" "one UUID" "btrfs: and the message says why"

same unsynced append-log-unsynced violated
at_least "$(grep -c violated "$work/host-table")" 5 "with violated ones"
run_powercut report --results "$runs" append-log-unsynced
like "$(cat "$out")" "checked on +host, kernel $(uname -r)" \
	"the text says on which kernel"
no_leaks

state=append-log-unsynced@$(sed -n '/violated/{s/^[^|]*|//;s/|/:/;s/|.*//p;q}' \
	"$work/host-table")
check --scenario "$work/append-log/host-unsynced.yaml" "$state"
exits 1 "one state is replayed on the host"
like "$(cat "$out")" "violated \(check\)" "and is violated"
ok "for all of this no guest was started" test ! -e "$work/started"
no_leaks

# ---- what a check can do

mkdir "$work/jail"
cp ci/e2e/cases/jail/* "$work/jail/"
run_powercut run --json --results "$runs" "$work/jail/scenario.yaml"
exits 0 "a check cannot reach out of its sandbox"
is "$(json verdict)" held "in no state"
at_least "$(json states_checked)" 3 "of several"
is "$(find / /dev /run /tmp /etc -xdev -maxdepth 2 -name 'powercut-jail-*' \
	2>/dev/null)" "" \
	"nothing that it tried is on this machine"
no_leaks

sed '/on: host/d; s/.jail-check./[jail-check, --gently]/' \
	"$work/jail/scenario.yaml" >"$work/jail/guest.yaml"
run_powercut check --json --results "$runs" \
	--scenario "$work/jail/guest.yaml" jail
is "$(json verdict)" violated "in a guest of its own the same check gets further"

edit_jail() { # OLD NEW
	sed "s#$1#$2#" "$work/jail/scenario.yaml" >"$work/jail/other.yaml"
}
state=jail@$(sqlite3 -readonly "$runs/jail/latest/results.sqlite" \
	"SELECT cut || ':' || survivors FROM state LIMIT 1")
ends() { # HOW VERDICT: the check of one state ends like this
	edit_jail "run: .jail-check.*" "timeout: 2s\n  run: [sh, -c, '$1']"
	check --json --scenario "$work/jail/other.yaml" "$state"
	is "$(json verdict)" "$2" "a check that ends with '$1': $2"
}
ends 'exit 0' held
ends 'exit 1' violated
ends 'exit 2' unknown
ends 'kill -9 \$\$' unknown
ends 'sleep 60' unknown
like "$(json message)" "did not end in time" "with the reason"
ends 'head -c 5000000 /dev/zero; exit 1' violated
no_leaks

# ---- interrupted, killed

edit_jail "run: .jail-check.*" "run: [sh, -c, 'sleep 1']"
slow() {
	start_powercut check --results "$runs" \
		--scenario "$work/jail/other.yaml" jail
	ok "it judges on the host" wait_for 30 left_loop_devices
	ok "in a sandbox" wait_for 30 sleeping
}
sleeping() {
	pgrep -f '^sleep 1$'
}

slow
kill -INT "$powercut"
wait_powercut
exits 130 "Ctrl-C ends it in order"
no_leaks

slow
kill -INT "$powercut"
kill -INT "$powercut"
wait_powercut
exits 130 "twice Ctrl-C at once"
no_leaks

slow
kill -KILL "$powercut"
wait "$powercut" 2>"$work/wait"
no_leaks "killed: no loop device, no mount, no process, no file is left"
run_powercut report --results "$runs" jail
like "$(cat "$out")" "UNKNOWN" "what was not judged is not held"

# ---- a machine that cannot

hidden() { # FILE COMMAND...: FILE is not what it was
	unshare -m sh -c 'mount --bind /dev/null "$0" && exec "$@"' "$@"
}
hidden /dev/loop-control ./powercut check --results "$runs" \
	--scenario "$work/jail/other.yaml" jail >"$out" 2>"$err"
is "$?" 3 "without loop devices it fails"
like "$(cat "$err")" "loop" "it says why"
like "$(cat "$err")" "modprobe loop, or use check.on: guest" \
	"and what to do"
hidden "$(command -v bwrap)" ./powercut check --results "$runs" \
	--scenario "$work/jail/other.yaml" jail >"$out" 2>"$err"
is "$?" 3 "without bubblewrap it fails"
like "$(cat "$err")" "bwrap" "it says why"
like "$(cat "$err")" "make deps" "and what to do"
no_leaks
done_testing
