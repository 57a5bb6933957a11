#!/usr/bin/python3
"""Saves records and says of each that it is stored.

usage: save.py WAY DIRECTORY [COUNT]

WAY is what the program does before it says so:
  buffered   writes to Python's own buffer
  flushed    hands the buffer to the kernel
  fsynced    waits until the file is on the disk
  replaced   writes all records to a new file, renames it over the old one
  renamed    the same, and waits for the new file before it is renamed
  durable    the same, and waits for the directory after it
"""
import os
import subprocess
import sys


def acknowledge(number):
    subprocess.run(["pc", "ack", str(number)], check=True)


def append(log, record, way):
    log.write(record)
    if way != "buffered":
        log.flush()
    if way == "fsynced":
        os.fsync(log.fileno())


def replace(path, records, way):
    with open(path + ".new", "w") as new:
        new.write("".join(records))
        new.flush()
        if way != "replaced":
            os.fsync(new.fileno())
    os.replace(path + ".new", path)
    if way == "durable":
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def main(way, folder, count=10):
    path = os.path.join(folder, "records")
    records = [f"record {n}: saved\n" for n in range(int(count))]
    if way in ("buffered", "flushed", "fsynced"):
        log = open(path, "a")
        for n, record in enumerate(records):
            append(log, record, way)
            acknowledge(n)
    elif way in ("replaced", "renamed", "durable"):
        for n in range(len(records)):
            replace(path, records[:n + 1], way)
            acknowledge(n)
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
