#!/bin/sh
# Logs that others wrote: the kernel's dm-log-writes, of the same commands that
# the drive below it has recorded, and the blklogwrites of QEMU. Both are
# imported and judged; what the kernel's log says is compared with ours.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh
image=${B:-.build}/image/micro/current
folder=$work/append-log
half=$((32 << 20)) # bytes: the file system's half of the disk

cp -r workloads/append-log "$folder"
sed 's/^name: .*/name: lossy/; s/--ack=fdatasync/--ack=write/
	s/^expect: .*/expect: violated/' \
	workloads/append-log/log-writes.yaml >"$folder/lossy.yaml"
# What the imported logs are judged by.
for name in scenario unsynced; do
	echo 'states: { budget: 60 }' >>"$folder/$name.yaml"
done

# ---- dm-log-writes

# take RUN NAME: NAME.ours, our log of the run; NAME.kernel, the kernel's, which
# stands on the second half of the disk; NAME.base, the disk before both.
take() {
	run_powercut export --results "$work/runs" "$1@w1:none" "$work/$2.base"
	exits 0 "$2: the disk before the workload is exported"
	run_powercut export --results "$work/runs" "$1@end:all" "$work/disk"
	tail -c +$((half + 1)) "$work/disk" >"$work/$2.kernel"
	rm -f "$work/disk"
	run_powercut export --results "$work/runs" \
		--dm-log-writes "$work/$2.ours" "$1"
	perl ci/e2e/log.pl list "$work/$2.kernel" >"$work/$2.list"
}

same() { # NAME
	perl ci/e2e/log.pl same "$work/$1.kernel" "$work/$1.ours" \
		"$work/$1.base" $half
}

run_powercut run --json --budget 20 --results "$work/runs" \
	"$folder/log-writes.yaml" "$folder/lossy.yaml"
exits 0 "workloads run under dm-log-writes"
take append-log-log-writes held
take lossy lossy
for name in held lossy; do
	ok "$name: the kernel's log and ours go through the same disks" \
		same $name
	diag "$(same $name)"
	is "$(tail -n 1 "$work/$name.list" | cut -d' ' -f3-)" \
		"mark 'dm-log-writes-end'" "$name: it has come to its end"
done
for flags in flush fua 'fua,meta' discard mark meta; do
	like "$(cut -d' ' -f3 "$work/held.list")" "(^|,)$flags\$" \
		"the kernel's log has the flags $flags"
done
like "$(cat "$work/held.list")" "mark 'ack:TXN-00012'" \
	"and the marks of the workload"

# The log on standard input, with other bytes in one entry.
cat >"$work/break.pl" <<'PL'
my ($entry, $offset, $bytes) = @ARGV;
undef $/;
my $log = <STDIN>;
my ($at, $n) = (512, 0);
while ($n++ < $entry) {
	my ($sectors, $flags) = unpack("Q<Q<", substr($log, $at + 8, 16));
	$at += 512 * (1 + ($flags & 4 ? 0 : $sectors));
}
substr($log, $at + $offset, length($bytes) / 2, pack("H*", $bytes));
print $log;
PL
# entry FLAGS: the number of the first one behind the first ack.
entry() {
	sed -n '/ack:TXN-00001/,$p' "$work/held.list" |
		awk -v f="$1" '$3 == f { print $1; exit }'
}
differs() { # ENTRY OFFSET BYTES WANTED NAME
	perl "$work/break.pl" "$1" "$2" "$3" <"$work/held.kernel" \
		>"$work/broken"
	like "$(perl ci/e2e/log.pl same "$work/broken" "$work/held.ours" \
		"$work/held.base" $half 2>&1)" "$4" "$5"
}
fua=$(entry fua,meta)
differs "$fua" 16 10 "we have fua" "a lost FUA is noticed"
differs "$((fua - 1))" 16 00 "we have flush" "so is a lost flush"
differs "$(entry meta)" 600 deadbeef "sector [0-9]+ differs" \
	"and data that is not the same"

# imports NAME SCENARIO: NAME.kernel becomes the run NAME.
imports() {
	run_powercut import --json --results "$work/runs" --name "$1-kernel" \
		--base "$work/$1.base" --scenario "$folder/$2.yaml" \
		"$work/$1.kernel"
	exits 0 "$1: the kernel's log is imported"
	is "$(json format)" dm-log-writes "$1: as what it is"
	run_powercut check --json --results "$work/runs" "$1-kernel"
	exits 0 "$1: it is judged as expected"
}
imports held scenario
is "$(json verdict)" held "what is synced holds"
is "$(json acks)" 12 "and all promises came with the log"
imports lossy unsynced
is "$(json verdict)" violated "what is not synced is lost"

# The same flush has the same state behind it, whoever recorded.
for cut in f2 f5 f9 f14 f20; do
	for run in append-log-log-writes held-kernel; do
		run_powercut export --results "$work/runs" "$run@$cut:none" \
			"$work/$run.img"
	done
	ok "$cut:none is the same state" cmp -n $half \
		"$work/append-log-log-writes.img" "$work/held-kernel.img"
done
rm -f "$work"/*.img "$work"/*.kernel "$work"/*.ours

# The loop that powercut is measured against (powercut bench) does check: what
# is synced holds behind every entry, what is not is noticed.
cat >"$folder/loop.yaml" <<'YAML'
name: loop
filesystem: { type: none }
drive: { size: 2MiB }
workload:
  run:
    - sh
    - -c
    - |
      export PC_MARK_DEVICE=/nonexistent
      for ack in fdatasync write; do
        log-writes --memory sh -ec "
          mkfs.ext4 -q -b 4096 -N 512 /dev/logged 32m
          mount -t ext4 /dev/logged /mnt
          append-log --init /mnt && sync && pc mark ready
          append-log --ack=$ack --count 6 /mnt
          umount /mnt" || exit 2
        for how in "" --programs; do
          prefix-replay $how 8 /dev/nullb1 /dev/nullb0 ext4 \
            "e2fsck -f -n /dev/nullb0" append-log-check /mnt 2>&1
          echo "$ack $how: $?"
          umount /mnt
        done
      done
      true
  timeout: 120s
cuts: [ { every: mark } ]
check: { run: ["true"] }
YAML
run_powercut run --results "$work/runs" "$folder/loop.yaml"
loop=$(cat "$work/runs/loop/latest/replay/workload.out")
is "$(echo "$loop" | grep -c "^8 states in ")" 2 \
	"replaying from zero goes through what is synced, in either way"
for how in "" --programs; do
	like "$loop" "^fdatasync $how: 0" "it finds that it holds ($how)"
	like "$loop" "^write $how: 2" "and what is not synced lost ($how)"
done
like "$loop" "append-log-check says 1" "by the check"

# ---- blklogwrites

mkdir -p "$work/extra/bin"
cat >"$work/extra/workload" <<'SH'
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmpfs /tmp
while read -r module; do insmod "$module"; done </modules.order
: >/tmp/marks
export PC_MARK_DEVICE=/tmp/marks # nobody hears of them
until [ -b /dev/nvme0n1 ]; do usleep 10000; done
mount -t ext4 -o discard /dev/nvme0n1 /mnt && append-log --init /mnt &&
	append-log --count 6 /mnt && cp /mnt/txn.log /mnt/copy && sync &&
	rm /mnt/copy && umount /mnt && echo workload done
poweroff -f
SH
chmod 755 "$work/extra/workload"
${CC:-cc} -static -D_GNU_SOURCE -Iguest/include -o "$work/extra/bin/append-log" \
	workloads/append-log/append-log.c -L"${B:-.build}/guest" -lpowercut ||
	bail_out "append-log does not compile"
(cd "$work/extra" && find . | cpio -o -H newc -R 0:0 --quiet) |
	cat "$image/initramfs" - >"$work/initrd"
PATH=$PATH:/usr/sbin:/sbin
truncate -s 64M "$work/qemu.base"
mkfs.ext4 -q -b 4096 -N 512 "$work/qemu.base"
cp "$work/qemu.base" "$work/qemu.disk"
: >"$work/qemu.log"
timeout 100 qemu-system-x86_64 -M q35 -accel tcg -cpu qemu64,+rdrand -m 256 \
	-display none -nodefaults -no-reboot -serial "file:$work/console" \
	-kernel "$image/$(sed -n 's/^kernel=//p' "$image/manifest")" \
	-initrd "$work/initrd" \
	-append "rdinit=/workload $(cat "$image/cmdline")" \
	-blockdev "driver=file,node-name=d,discard=unmap,filename=$work/qemu.disk" \
	-blockdev "driver=file,node-name=l,filename=$work/qemu.log" \
	-blockdev driver=blklogwrites,node-name=b,discard=unmap,file=d,log=l \
	-device nvme,serial=x,drive=b >"$work/qemu.out" 2>&1 ||
	diag "$(cat "$work/qemu.out")"
like "$(cat "$work/console")" "workload done" "a workload runs under QEMU alone"
perl ci/e2e/log.pl list "$work/qemu.log" >"$work/qemu.list"
n=$(wc -l <"$work/qemu.list")
at_least "$(grep -c flush "$work/qemu.list")" 6 "blklogwrites has logged flushes"
at_least "$(grep -c discard "$work/qemu.list")" 1 "and discards"
unlike "$(cat "$work/qemu.list")" "fua|mark" "but no FUA, and no marks"


run_powercut import --json --results "$work/runs" --name qemu \
	--base "$work/qemu.base" --scenario "$folder/scenario.yaml" \
	"$work/qemu.log"
exits 0 "QEMU's log is imported"
is "$(json format)" blklogwrites "as what it is"
like "$(json caveat)" "no FUA.*may look lost that was durable" \
	"and the import says what that costs"
run_powercut export --results "$work/runs" qemu@end:all "$work/end.img"
ok "with all its writes it is the disk that QEMU left" \
	cmp "$work/end.img" "$work/qemu.disk"
run_powercut check --json --results "$work/runs" qemu
exits 2 "judged, it proves nothing"
is "$(json verdict)" unknown "neither that it holds"
is "$(json violated)" 0 "nor that it does not"
at_least "$(json held)" 20 "though no state was violated"
like "$(json reason)" "FUA" "for want of FUA"

# Without the disk that was before it, its first state has no file system, and
# no lost write is to blame.
run_powercut import --results "$work/runs" --name bare \
	--scenario "$folder/scenario.yaml" "$work/qemu.log"
run_powercut check --json --results "$work/runs" bare@w1:all
is "$(json verdict)" violated "what is violated with all writes there is proved"
no_leaks
done_testing
