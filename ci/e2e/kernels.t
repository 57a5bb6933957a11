#!/bin/sh
# Debian's other kernels: each is brought when it is first named, once, and keeps
# what it synced and loses what it did not, as 6.1 does.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

POWERCUT_HOME=$TOP
export POWERCUT_HOME
cache=${XDG_CACHE_HOME:-$HOME/.cache}/powercut
kernel=guest/image/debian-kernel.sh
cp workloads/append-log/*.[ch] "$work"

# SCENARIO KERNEL TYPE: a few cuts of it.
few() {
	sed -e "s/^name: .*/name: $2-$3-$1/" -e "/^fixed:/d" -e 's/"12"/"3"/' \
		"workloads/append-log/$1.yaml" |
		if [ "$3" = ext4 ]; then
			cat
		else
			sed -e "s/type: ext4/type: $3/" -e '/^ *mkfs:/d' \
				-e '/^drive:/d'
		fi
	printf 'cuts: [{ every: mark }]\n'
}

both_as_expected() { # KERNEL TYPE
	few scenario "$1" "$2" >"$work/synced.yaml"
	few unsynced "$1" "$2" >"$work/unsynced.yaml"
	run_powercut run --json --budget 12 --results "$work/runs" \
		--kernel "$1" "$work/synced.yaml" "$work/unsynced.yaml"
	exits 0 "$2 on $1: both are as expected"
	is "$(json verdict | head -n 1)" held "synced is held"
	is "$(json verdict | tail -n 1)" violated "unsynced is violated"
	at_least "$(json states_checked | head -n 1)" 4 "on some states"
	like "$(json kernel | head -n 1)" "^${1#debian-}\." \
		"and it was this kernel"
}

# A file system that a kernel does not have is told before a guest starts.
few scenario debian-6.1 f2fs >"$work/none.yaml"
printf 'guest: { kernel: debian-6.1 }\n' >>"$work/none.yaml"
run_powercut run --results "$work/runs" "$work/none.yaml"
isnt "$status" 0 "f2fs on debian-6.1 is refused"
like "$(cat "$err")" "guest.kernel to one that has it: debian-6.1-full" \
	"and the message names a kernel that has it"

# What f2fs does not wait for is lost on a slow drive, and nothing else is.
run_powercut run --json --first --budget 12 --results "$work/runs" \
	workloads/append-log/f2fs.yaml workloads/replace-file/f2fs.yaml
exits 0 "f2fs on debian-6.1-full: both are as expected"
is "$(json verdict | tr '\n' ' ')" "violated held " \
	"the first fdatasync does not hold what it promises, a checkpoint does"
like "$(json findings.0.message)" "^acknowledged records are missing: 1 of" \
	"one record is missing"
at_least "$(json states_checked | tail -n 1)" 12 "of the other on some states"

# Two at once, with nothing there.
bring() {
	XDG_CACHE_HOME=$work/cache "$kernel" debian-6.12
}
bring >"$work/one" 2>"$work/one.err" &
first=$!
bring >"$work/two" 2>"$work/two.err"
wait "$first"
if ! [ -s "$work/one" ] && [ -z "$(ls "$cache"/linux-image-6.12.*.deb \
	2>/dev/null)" ]; then
	diag "$(cat "$work/one.err")"
	skip "debian-6.12" "bookworm-backports cannot be reached"
	no_leaks
	done_testing
	exit
fi
if [ -s "$work/one" ]; then
	tree=$(cat "$work/one")
	is "$tree" "$(cat "$work/two")" "two at once get the same kernel"
	is "$(cat "$work/one.err" "$work/two.err" |
		grep -Ec 'downloading linux-image-6.12.* [0-9]+ MB$')" 1 \
		"it is downloaded once, and that is said"
	ok "it has a kernel and its modules" \
		sh -c 'ls "$0"/boot/vmlinuz-6.12.* "$0"/lib/modules/6.12.*' "$tree"
	# Neither lists nor a network.
	rm -rf "$work/cache/powercut/apt"
	is "$(XDG_CACHE_HOME=$work/cache unshare -rn "$kernel" debian-6.12 \
		2>"$work/err")" "$tree" \
		"offline it is taken from the cache"
	like "$(cat "$work/err")" "offline, using .*linux-image-6.12" \
		"and that is said"
	# For the run below, if this machine has none yet.
	mkdir -p "$cache"
	cp -n "$work"/cache/powercut/linux-image-6.12.*.deb "$cache"
else
	skip "debian-6.12 is downloaded" "bookworm-backports cannot be reached"
fi

both_as_expected debian-6.12 ext4

no_leaks
done_testing
