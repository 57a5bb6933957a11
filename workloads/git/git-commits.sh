#!/bin/sh
# Commits one file after another, and acknowledges each commit with its number
# and its hash when `git commit` has returned.
#
#	git-commits.sh --init DIR [KEY=VALUE...]	makes the repository
#	git-commits.sh [--sync] COUNT DIR		commits
#
# --sync: syncs what git has left unsynced, and only then acknowledges.
set -eu
export GIT_CONFIG_NOSYSTEM=1 HOME=/tmp

if [ "$1" = --init ]; then
	repo=$2/repo
	shift 2
	git init -q -b main "$repo"
	cd "$repo"
	git config user.name powercut
	git config user.email powercut@localhost
	git config gc.auto 0
	for setting; do
		git config "${setting%%=*}" "${setting#*=}"
	done
	echo 0 >number
	git add number
	git commit -q -m 'commit 0'
	exit 0
fi
sync=
if [ "$1" = --sync ]; then
	sync=yes
	shift
fi
cd "$2/repo"
for i in $(seq "$1"); do
	pc begin "commit $i"
	echo "$i" >number
	echo "content of file $i" >"file-$i"
	git add -A
	git commit -q -m "commit $i"
	[ -z "$sync" ] || sync -f .
	pc ack "commit $i $(git rev-parse HEAD)"
done
