#!/bin/sh
# Builds the micro image: a kernel and an initramfs with PID 1, busybox, the
# ext4 tools and the modules that boot needs, nothing else. For each other file
# system that the kernel has, the same initramfs with its modules and tools
# appended: QEMU copies it into the guest's memory on every boot.
#
#   B=.build guest/image/build-micro.sh
#   KERNEL=NAME|PATH OUT=DIR guest/image/build-micro.sh
#
# KERNEL: the name of one of Debian's (debian-kernel.sh; debian-6.1 without
# KERNEL), or a folder laid out like an unpacked kernel package (boot/vmlinuz-V,
# lib/modules/V), or the vmlinuz in it.
#
# The result is OUT/HASH, HASH over all inputs, and the link OUT/current, put
# in place only when complete. Its `manifest` has lines kernel=, initrd= (with
# ext4 and ext2), initrd.TYPE= (with that file system), cmdline= (files in the
# same folder) and release=. Prints that folder.
set -eu
umask 022

B=${B:-.build}
KERNEL=${KERNEL:-debian-6.1}
here=$(cd "$(dirname "$0")" && pwd)
# What the guest cannot boot or mount without; dependencies are found below.
wanted='virtio_pci virtio_console nvme ext4'
# What is loaded only when it is asked for, by PID 1 (guest/init/disks.c) or by a
# workload: a group, that is a file /modules.GROUP, with its modules.
groups='virtio:virtio_blk scsi:virtio_scsi,sd_mod bfq:bfq null_blk:null_blk
dm_log_writes:dm_log_writes image:virtio_blk,erofs,overlay'
# e2fsck runs once per crash state: without a loader it starts twice as fast.
tools='mke2fs e2fsck.static'
# Other file systems (harness/scenario/filesystem.c): type, modules, tools. PID 1
# loads the modules when the initramfs has them: /modules.filesystem.
filesystems='
xfs:xfs:mkfs.xfs,xfs_repair
btrfs:btrfs:mkfs.btrfs,btrfs
vfat:vfat,nls_cp437,nls_ascii,nls_iso8859_1,nls_utf8:mkfs.vfat,fsck.vfat
f2fs:crc32_generic,f2fs:mkfs.f2fs,fsck.f2fs'
named=
case $KERNEL in
debian-6.1) named=1 OUT=${OUT:-$B/image/micro} ;;
debian-6.1-full | debian-6.12 | debian-6.12-full)
	named=1 OUT=${OUT:-$B/image/micro-$KERNEL} ;;
*) OUT=${OUT:-$B/image/micro-$(echo "$KERNEL" | cksum | cut -d' ' -f1)} ;;
esac
PATH=$PATH:/usr/sbin:/sbin

die()
{
	echo "build-micro: $1" >&2
	[ $# -lt 2 ] || echo "  $2" >&2
	exit 3
}

need()
{
	command -v "$1" >/dev/null ||
		die "program not found: $1" "install the Debian package $2"
}

# KERNEL, a folder or a file in its boot/, to $tree.
user_kernel()
{
	[ -e "$KERNEL" ] || die "no such kernel: $KERNEL" \
		"give a folder with boot/vmlinuz-* and lib/modules/*"
	tree=$KERNEL
	[ -d "$tree" ] || tree=$(dirname "$KERNEL")/..
	tree=$(cd "$tree" && pwd)
}

# One kernel in $tree: to $vmlinuz and $release.
find_kernel()
{
	vmlinuz=
	if [ -z "$named" ] && [ -f "$KERNEL" ]; then
		vmlinuz=$KERNEL
	else
		for f in "$tree"/boot/vmlinuz-*; do
			[ -z "$vmlinuz" ] || die "more than one kernel in $tree" \
				"name one: KERNEL=$f"
			vmlinuz=$f
		done
	fi
	[ -f "$vmlinuz" ] || die "no boot/vmlinuz-* in $tree"
	release=$(basename "$vmlinuz")
	release=${release#vmlinuz-}
	moddir=$tree/lib/modules/$release
	[ -d "$moddir" ] || moddir=$tree/usr/lib/modules/$release
	[ -d "$moddir" ] || die "no lib/modules/$release in $tree" \
		"the kernel's modules must stand beside it"
}

# A little endian number of the bzImage's header (Linux: x86/boot.rst).
header()
{
	od -An -j "$1" -N "$2" -t "u$2" "$vmlinuz" | tr -d ' '
}

# The ELF kernel inside vmlinuz, to $1: QEMU boots it directly through PVH,
# which saves the unpacking in the guest. Fails where that cannot be.
unpack_vmlinux()
{
	grep -q '^CONFIG_PVH=y' "$tree/boot/config-$release" 2>/dev/null ||
		return 1
	[ "$(od -An -c -j 514 -N 4 "$vmlinuz" | tr -d ' ')" = HdrS ] || return 1
	sects=$(header 497 1)
	[ "$sects" -ne 0 ] || sects=4
	start=$(((sects + 1) * 512 + $(header 584 4)))
	length=$(header 588 4)
	case $(od -An -tx1 -j $start -N 4 "$vmlinuz" | tr -d ' ') in
	02214c18) unpacker='lz4 -dcq' ;;
	28b52ffd) unpacker='zstd -dcq' ;;
	fd377a58) unpacker='xz -dcq' ;;
	1f8b*) unpacker='gzip -dcq' ;;
	*) return 1 ;;
	esac
	# The last 4 bytes are the unpacked size, not part of the stream.
	tail -c +$((start + 1)) "$vmlinuz" | head -c $((length - 4)) |
		$unpacker >"$1" 2>/dev/null || :
	[ "$(wc -c <"$1")" -eq "$(header $((start + length - 4)) 4)" ] &&
		[ "$(head -c 4 "$1" | tail -c 3)" = ELF ]
}

# Appends module $1 and what it needs to $order, dependencies first. Nothing
# for what is built in.
resolve()
{
	name=$(echo "$1" | tr - _)
	! grep -q "^$name\$" "$work/builtin" || return 0
	ko=$(grep "/$(echo "$name" | sed 's/_/[-_]/g')\.ko" "$work/modules" |
		head -n 1)
	[ -n "$ko" ] || die "kernel $release has no module $1" \
		"powercut needs: $wanted"
	! grep -q "^$ko\$" "$work/order" || return 0
	for dep in $(modinfo -F depends "$moddir/$ko" | tr , ' '); do
		resolve "$dep"
	done
	# The recursion has overwritten the variables: find it again.
	name=$(echo "$1" | tr - _)
	ko=$(grep "/$(echo "$name" | sed 's/_/[-_]/g')\.ko" "$work/modules" |
		head -n 1)
	echo "$ko" >>"$work/order"
}

install_modules()
{
	sed 's|.*/||; s|\.ko$||; y|-|_|' "$moddir/modules.builtin" \
		>"$work/builtin" 2>/dev/null || die "no modules.builtin in $moddir"
	(cd "$moddir" && find . -name '*.ko*' -type f) >"$work/modules"
	mkdir -p "$root/modules"
	install_group modules.order $wanted
	for g in $groups; do
		# What a kernel does not have, no scenario can ask it for.
		has_modules "${g#*:}" || continue
		# shellcheck disable=SC2046
		install_group "modules.${g%%:*}" $(echo "${g#*:}" | tr , ' ')
	done
}

# Whether the kernel has module $1, built in or not.
has_module()
{
	pattern=$(echo "$1" | sed 's/[-_]/[-_]/g')
	grep -q "^$pattern\$" "$work/builtin" ||
		grep -q "/$pattern\.ko" "$work/modules"
}

# The modules and all that they need, in this order, and their list in file $1.
# A module that is already loaded is no error, so groups may overlap.
install_group()
{
	list=$root/$1
	shift
	: >"$work/order"
	for m in "$@"; do
		resolve "$m"
	done
	while read -r ko; do
		to=$root/modules/$(basename "${ko%.ko*}").ko
		case $ko in
		*.ko.xz) xz -dc "$moddir/$ko" >"$to" ;;
		*.ko.zst) zstd -dcq "$moddir/$ko" >"$to" ;;
		*.ko.gz) gzip -dc "$moddir/$ko" >"$to" ;;
		*) cp "$moddir/$ko" "$to" ;;
		esac
		echo "/modules/$(basename "$to")"
	done <"$work/order" >"$list"
}

# Whether the kernel has all modules of this list, separated by commas.
has_modules()
{
	for m in $(echo "$1" | tr , ' '); do
		has_module "$m" || return 1
	done
}

# What the initramfs of a file system has beyond the usual one, in $root, which
# is $1; its modules and tools, separated by commas, are $2 and $3. Files that
# are in the usual one already stay out.
install_filesystem()
{
	root=$1
	mkdir -p "$root/modules" "$root/bin" "$root/lib64" \
		"$root/lib/x86_64-linux-gnu"
	# shellcheck disable=SC2086,SC2046
	install_group modules.filesystem $(echo "$2" | tr , ' ')
	for tool in $(echo "$3" | tr , ' '); do
		install_tool "$tool"
	done
	(cd "$root" && find . -type f) | while read -r f; do
		! cmp -s "$root/$f" "$work/root/$f" || rm "$root/$f"
	done
}

install_filesystems()
{
	for f in $filesystems; do
		type=${f%%:*}
		f=${f#*:}
		# A kernel without it: no image with it (lab/image.c says so).
		has_modules "${f%:*}" || continue
		install_filesystem "$work/$type" "${f%:*}" "${f#*:}"
		pack "$work/$type" "$work/$type.cpio"
		cat "$new/initramfs" "$work/$type.cpio" >"$new/initramfs-$type"
		echo "initrd.$type=initramfs-$type" >>"$work/manifest"
	done
}

# The dynamic libraries of a program, and its loader.
libraries()
{
	ldd "$1" 2>/dev/null | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[[:blank:]]*\(\/[^ ]*\) .*/\1/p'
}

# A program and its libraries. It may be a link to another name of itself.
install_tool()
{
	path=$(command -v "$1")
	name=${1%.static}
	rm -f "$root/bin/$name"
	cp -L "$path" "$root/bin/$name"
	for lib in $(libraries "$path"); do
		case $lib in
		*/ld-linux*) cp -L "$lib" "$root/lib64/" ;;
		*) cp -L "$lib" "$root/lib/x86_64-linux-gnu/" ;;
		esac
	done
}

install_tools()
{
	mkdir -p "$root/bin" "$root/lib64" "$root/lib/x86_64-linux-gnu"
	cp "$busybox" "$root/bin/busybox"
	for applet in $(busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
	done
	for tool in $tools; do
		install_tool "$tool"
	done
	for v in 2 3 4; do
		ln -sf mke2fs "$root/bin/mkfs.ext$v"
		ln -sf e2fsck "$root/bin/fsck.ext$v"
	done
}

install_tree()
{
	mkdir -p "$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/tmp" \
		"$root/etc" "$root/mnt" "$root/root" "$root/pc/bin" "$root/usr" \
		"$root/var/tmp" "$root/image/lower" "$root/image/memory" \
		"$root/image/root"
	ln -s bin "$root/sbin"
	ln -s ../bin "$root/usr/bin"
	ln -s ../bin "$root/usr/sbin"
	ln -s ../lib "$root/usr/lib"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
	echo 'root:x:0:' >"$root/etc/group"
	ln -s /proc/mounts "$root/etc/mtab"
	[ ! -f /etc/mke2fs.conf ] || cp /etc/mke2fs.conf "$root/etc/"
	cp "$B/guest/powercut-init" "$root/init"
	cp "$B/guest/pc" "$root/pc/bin/pc"
	[ -z "${STRIP-strip}" ] || ${STRIP-strip} "$root/init" "$root/pc/bin/pc"
}

# The folder $1 as the archive $2. The kernel unpacks one behind the other,
# each at a multiple of 4 bytes: cpio pads to 512.
pack()
{
	find "$1" -exec touch -h -d @1 {} +
	(cd "$1" && find . | LC_ALL=C sort |
		cpio -o -H newc -R 0:0 --reproducible --quiet) >"$2"
}

install_kernel()
{
	if unpack_vmlinux "$new/vmlinux"; then
		kernel=vmlinux
	else
		rm -f "$new/vmlinux"
		cp "$vmlinuz" "$new/vmlinuz"
		kernel=vmlinuz
	fi
}

# QEMU before 8.0 emulates cmpxchg16b with flags that are out of date
# (target/i386/tcg/translate.c: no gen_update_cc_op() before its helper). What
# newer kernels do next is save and restore them, in ___slab_alloc(), so every
# other boot of 6.12 died there. They do without it where they are told that the
# processor has none: bit 13 of word 4, which older kernels know by number only.
write_cmdline()
{
	case $release in
	6.1.*) cat "$here/cmdline" ;;
	*) sed '$s/$/ clearcpuid=141/' "$here/cmdline" ;;
	esac
}

# Everything that the image is made of, by content.
inputs()
{
	echo "$release $wanted $groups $filesystems"
	for f in "$vmlinuz" "$busybox" "$here/build-micro.sh" \
		"$here/cmdline" "$B/guest/powercut-init" "$B/guest/pc" \
		/etc/mke2fs.conf; do
		[ ! -f "$f" ] || sha256sum <"$f"
	done
	for tool in $tools $(echo "$filesystems" |
		sed 's/.*://' | tr , ' '); do
		command -v "$tool"
		libraries "$(command -v "$tool")"
	done | sort -u | xargs sha256sum
}

switch()
{
	ln -sfn "$hash" "$OUT/current.$$"
	mv -T "$OUT/current.$$" "$OUT/current"
	echo "$OUT/$hash"
}

need busybox busybox-static
need cpio cpio
need lz4 lz4
need modinfo kmod
need mke2fs e2fsprogs
need e2fsck.static e2fsck-static
need mkfs.xfs xfsprogs
need mkfs.btrfs btrfs-progs
need mkfs.vfat dosfstools
need mkfs.f2fs f2fs-tools
need dpkg-deb dpkg
busybox=$(command -v busybox)
! ldd "$busybox" >/dev/null 2>&1 || die "$busybox is not static" \
	"install the Debian package busybox-static"
for f in powercut-init pc; do
	[ -f "$B/guest/$f" ] || die "$B/guest/$f is missing" "run: make guest-lib"
done

if [ -n "$named" ]; then
	tree=$("$here/debian-kernel.sh" "$KERNEL")
else
	user_kernel
fi
find_kernel
mkdir -p "$OUT"
hash=$(inputs | sha256sum | cut -c 1-16)
if [ -f "$OUT/$hash/manifest" ]; then
	switch
	exit 0
fi

work=$(mktemp -d)
new=$(mktemp -d "$OUT/new.XXXXXX")
trap 'rm -rf "$work" "$new"' EXIT
trap 'exit 130' INT TERM HUP
root=$work/root
mkdir "$root"
install_tree
install_tools
install_modules
pack "$root" "$new/initramfs"
install_kernel
write_cmdline >"$new/cmdline"
printf 'kernel=%s\ninitrd=initramfs\ncmdline=cmdline\nrelease=%s\n' \
	"$kernel" "$release" >"$work/manifest"
install_filesystems
cp "$work/manifest" "$new/manifest"
chmod 755 "$new"
mv -T "$new" "$OUT/$hash" 2>/dev/null || [ -f "$OUT/$hash/manifest" ] ||
	die "cannot make $OUT/$hash"
switch
# Older images go, but not under a run that may still be reading one.
find "$OUT" -mindepth 1 -maxdepth 1 -type d ! -name "$hash" -mmin +60 \
	-exec rm -rf {} +
