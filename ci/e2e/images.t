#!/bin/sh
# Guest images: programs of Debian and of a container under test, each state in
# an image of its own, and what is wrong is said.
# seconds: 80
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

built=${B:-.build}
case $built in /*) ;; *) built=$TOP/$built ;; esac

# ---- Debian, on two buses: a Python program and its twin, a shell check

cp workloads/article/save.py workloads/article/saved.sh "$work"
# Wherever it writes, nothing of the state before may be there.
cat >"$work/alone.sh" <<'END'
#!/bin/sh
for dir in / /etc /var/lib /usr/bin /root /tmp /run /var/tmp /dev/shm; do
	[ ! -e $dir/seen ] || { echo "$dir/seen is still there"; exit 3; }
	echo x >$dir/seen || { echo "cannot write to $dir"; exit 4; }
done
rm -r /usr/share || exit 5
[ "$(cat /etc/machine-id)" ] && [ "$(hostname)" = powercut ] &&
	[ "$LANG" = C.UTF-8 ] && [ "$HOME" = /root ] &&
	echo x | cat /dev/fd/0 >/dev/null && [ -c /dev/pts/ptmx ] || {
	echo "this is no usual machine"
	exit 6
}
exec saved.sh
END
chmod 755 "$work/alone.sh"
scenario() { # NAME WAY BUS EXPECT
	cat <<END
name: image-$1
guest: { image: debian, packages: [python3-minimal] }
drive: { bus: $3 }
filesystem: { type: ext4 }
workload:
  setup: [touch, /mnt/records]
  run: [save.py, $2, /mnt, "3"]
cuts: [{ every: mark }]
check: { run: [alone.sh] }
expect: $4
END
}
scenario durable durable virtio held >"$work/durable.yaml"
scenario renamed renamed nvme violated >"$work/renamed.yaml"
run_powercut run --json --results "$work/runs" "$work/durable.yaml" \
	"$work/renamed.yaml"
exits 0 "debian: both programs are as expected"
is "$(json verdict | head -n 1)" held "the one that syncs all is held"
at_least "$(json states_checked | head -n 1)" 3 "on some states"
is "$(json verdict | tail -n 1)" violated "its twin is violated"
like "$(json findings.0.message | tail -n 1)" \
	'record [0-9] is acknowledged and gone' "and its check says why"

# ---- what is wrong

cat >"$work/missing.yaml" <<'END'
name: missing-interpreter
workload: { run: [save.py, durable, /mnt] }
END
run_powercut run --results "$work/runs" "$work/missing.yaml"
exits 3 "a script without its interpreter is an error"
like "$(cat "$err")" \
	'cannot run save.py: its interpreter /usr/bin/python3 is not in the guest' \
	"which names both"

scenario package durable nvme held |
	sed 's/python3-minimal/no-such-package/' >"$work/package.yaml"
run_powercut run --results "$work/runs" "$work/package.yaml"
exits 3 "a package that Debian does not have is an error"
like "$(cat "$err")" \
	'Unable to locate package no-such-package \(.*package.yaml:2:35\)' \
	"in apt's own words, with the line"

# ---- a container's image, made by hand

# The parts of an archive as docker save writes it: $work/parts.
layer() { # NUMBER TAR-OPTION...
	mkdir -p "$work/parts/$1"
	layer_tar=$work/parts/$1/layer.tar
	shift
	tar -C "$work/tree" --owner=0 --group=0 --numeric-owner \
		-cf "$layer_tar" "$@"
}
archive() { # NAME LAYER...
	archive_name=$1
	shift
	printf '[{"Config":"config.json","Layers":[%s]}]' "$(
		printf '"%s/layer.tar",' "$@" | sed 's/,$//')" \
		>"$work/parts/manifest.json"
	tar -C "$work/parts" -cf "$work/$archive_name" .
}
mkdir -p "$work/tree/bin" "$work/tree/etc" "$work/tree/data/old" "$work/parts"
cp "$(command -v busybox)" "$work/tree/bin/busybox"
for applet in sh ls cat touch; do
	ln -s /bin/busybox "$work/tree/bin/$applet"
done
: >"$work/tree/etc/gone"
: >"$work/tree/etc/stays"
layer 1 .
rm -r "$work/tree"
mkdir -p "$work/tree/etc" "$work/tree/data"
: >"$work/tree/etc/.wh.gone"
: >"$work/tree/data/.wh..wh..opq"
: >"$work/tree/data/new"
layer 2 -z .
echo '{ "config": { "Env": ["PATH=/bin", "FROM=container"],
	"WorkingDir": "/data" } }' >"$work/parts/config.json"
archive container.tar 1 2
cat >"$work/contained.sh" <<'END'
#!/bin/sh
[ "$FROM" = container ] && [ "$(pwd)" = /data ] && [ -e /etc/stays ] &&
	[ ! -e /etc/gone ] && [ "$(ls)" = new ] || { ls -R /etc /data; exit 7; }
END
chmod 755 "$work/contained.sh"
cat >"$work/container.yaml" <<'END'
name: image-container
guest: { image: "oci:container.tar" }
workload: { run: [sh, -c, "contained.sh && touch /mnt/x && pc ack x"] }
cuts: [{ every: mark }]
check: { run: [contained.sh] }
END
XDG_CACHE_HOME=$work/cache run_powercut run --json --results "$work/runs" \
	"$work/container.yaml"
exits 0 "a program of a container is run as the container says"
is "$(json verdict)" held "and so is its check"

unpack() { # ARCHIVE
	rm -rf "$work/root"
	mkdir "$work/root"
	"$built/guest/oci-unpack" "$work/$1" "$work/root"
}
mkdir "$work/tree/victim"
tar -C "$work/tree" -P --transform='s|^|../../out-|' -cf "$work/parts/2/layer.tar" \
	victim
archive out.tar 1 2
like "$(unpack out.tar)" 'leads out of the image: ../../out-victim' \
	"a name that leads out of the image is refused"
ln -s "$work" "$work/tree/link"
layer 2 link
rm "$work/tree/link"
mkdir "$work/tree/link"
: >"$work/tree/link/escaped"
layer 3 link/escaped
archive link.tar 1 2 3
unpack link.tar >/dev/null
is "$(ls "$work/escaped" 2>&1 | grep -c 'No such')" 1 \
	"no link in a layer leads out of it"
head -c 100000 "$work/container.tar" >"$work/cut.tar"
like "$(unpack cut.tar)" 'cut.tar.*damaged' "a damaged archive is noticed"
like "$(unpack contained.sh)" 'no tar archive' "what is none is, too"

# Two at once build one image, and nobody sees half of it.
build() {
	XDG_CACHE_HOME=$work/both B=$built guest/image/build-oci.sh \
		"$work/container.tar" >"$work/built.$1" 2>"$work/said.$1"
}
build 1 &
build 2
wait
is "$(cat "$work/built.1")" "$(cat "$work/built.2")" "two at once: one image"
is "$(cat "$work"/said.* | grep -c 'building an image')" 1 "built once"
is "$(ls "$work/both/powercut/images" | grep -cv -e '\.erofs$' -e lock)" 0 \
	"and nothing else is left there"

no_leaks
done_testing
