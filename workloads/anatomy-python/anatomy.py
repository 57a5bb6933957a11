#!/usr/bin/python3
"""Stores records and acknowledges each one step too early.

usage: anatomy.py init|early|fixed LAYER DIRECTORY

LAYER is what holds the record when it is acknowledged: buffer, call, page,
journal, queue or drive; ../anatomy/anatomy.c says how. `fixed` takes the missing
step first. `init` makes the file that is written to.
"""
import fcntl
import mmap
import os
import subprocess
import sys
import threading
import time

RECORD_SIZE = 4096
RECORDS = 3
FILE_SIZE = 64 * RECORD_SIZE
FIFREEZE, FITHAW = 0xC0045877, 0xC0045878


def make(layer, number):
    line = f"<{layer} {number}>".ljust(63, ".") + "\n"
    return line.encode() * (RECORD_SIZE // len(line))


def mark(kind, layer, number):
    subprocess.run(["pc", kind, f"{layer} {number}"], check=True)


def sync_directory(folder):
    fd = os.open(folder, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


class Store:
    """One way each to bring record n, from begin() to its acknowledgement."""

    def __init__(self, layer, folder, fixed):
        self.layer, self.folder, self.fixed = layer, folder, fixed
        self.path = os.path.join(folder, "data")

    def acknowledge(self, number):
        mark("ack", self.layer, number)

    def in_order(self, number, step):
        """The step and the acknowledgement, in the order that was asked for."""
        if self.fixed:
            step()
        self.acknowledge(number)
        if not self.fixed:
            step()

    def buffer(self, number, record):
        with open(self.path, "r+b", buffering=4 * RECORD_SIZE) as data:
            data.seek((number - 1) * RECORD_SIZE)
            data.write(record)

            def step():
                data.flush()
                os.fsync(data.fileno())
            self.in_order(number, step)

    def call(self, number, record):
        fd = os.open(self.path, os.O_RDWR)
        offset = (number - 1) * RECORD_SIZE
        writer = threading.Thread(target=os.pwrite, args=(fd, record, offset))
        if not self.fixed:
            fcntl.ioctl(fd, FIFREEZE, 0)
        writer.start()
        if not self.fixed:
            time.sleep(0.3)  # until it sleeps inside its call
            self.acknowledge(number)
            fcntl.ioctl(fd, FITHAW, 0)
        writer.join()
        os.fdatasync(fd)
        if self.fixed:
            self.acknowledge(number)
        os.close(fd)

    def in_place(self, number, data, flags):
        fd = os.open(self.path, os.O_WRONLY | flags)
        os.pwrite(fd, data, (number - 1) * RECORD_SIZE)
        self.in_order(number, lambda: os.fdatasync(fd))
        os.close(fd)

    def page(self, number, record):
        self.in_place(number, record, 0)

    def drive(self, number, record):
        aligned = mmap.mmap(-1, RECORD_SIZE)
        aligned[:] = record
        self.in_place(number, aligned, os.O_DIRECT)

    def journal(self, number, record):
        new = os.path.join(self.folder, "new")
        with open(new, "wb") as data:
            data.write(record)
            data.flush()
            os.fsync(data.fileno())
        os.rename(new, os.path.join(self.folder, f"record-{number}"))
        self.in_order(number, lambda: sync_directory(self.folder))

    def queue(self, number, record):
        fd = os.open(self.path, os.O_WRONLY)
        os.pwrite(fd, record, (number - 1) * RECORD_SIZE)
        # Starts to write the pages, as sync_file_range(2) does.
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        self.in_order(number, lambda: os.fdatasync(fd))
        os.close(fd)


def init(folder):
    with open(os.path.join(folder, "data"), "wb") as data:
        data.write(bytes(FILE_SIZE))
        data.flush()
        os.fsync(data.fileno())
    sync_directory(folder)


def main(how, layer, folder):
    if how == "init":
        init(folder)
        return
    bring = getattr(Store(layer, folder, how == "fixed"), layer)
    for number in range(1, RECORDS + 1):
        mark("begin", layer, number)
        bring(number, make(layer, number))


if len(sys.argv) != 4:
    sys.exit(__doc__)
main(*sys.argv[1:])
