#!/bin/sh
# The demo: programs that keep their promises through a power cut, and their
# twins that do not. powercut prints the table at the end.
cd "$(dirname "$0")/.." || exit 3
exec ./powercut run \
	workloads/append-log/scenario.yaml \
	workloads/append-log/unsynced.yaml \
	workloads/append-log/buffered.yaml \
	workloads/sqlite/scenario.yaml \
	workloads/sqlite/wal.yaml \
	workloads/sqlite/off.yaml \
	workloads/replace-file/scenario.yaml \
	workloads/replace-file/unsynced.yaml
