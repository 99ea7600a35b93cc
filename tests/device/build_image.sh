#!/bin/bash
# build_image.sh FOLDER [RELEASE]: Debian 13 (trixie) with systemd for a guest without a network, as FOLDER/root.img, and
# the package of this checkout for it, as FOLDER/vocative.deb; of another release in FOLDER/RELEASE. Run as root. What is
# up to date already is not made again.
#
#   FOLDER/root      the guest's files, from Debian packages; no compiler ever gets in
#   FOLDER/builder   an overlay above them that has the compilers; the package and the stand-in service are built there
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
release=${2:-trixie}
kernel=$(cd "$1" && pwd)
out=$kernel
[ "$release" = trixie ] || out=$kernel/$release
mkdir -p "$out"
root=$out/root
builder=$out/builder
inside=$builder/inside
mirror=${MIRROR:-http://deb.debian.org/debian}

guest_packages=(
  systemd-sysv libpam-systemd udev dbus kmod iproute2 iputils-ping procps psmisc strace
  alsa-utils gpiod v4l-utils python3 python3-venv libportaudio2
)
build_packages=(gcc libc6-dev make pkg-config portaudio19-dev python3-dev swig)

[ "$(id -u)" = 0 ] || { echo "build_image.sh must be run as root" >&2; exit 1; }

# Before anything is removed: what is mounted in there may be the host's.
release_mounts() {
  local place
  while read -r place; do umount "$place"; done < <(awk -v under="$out/" 'index($2, under) == 1 { print $2 }' /proc/mounts | sort -r)
}
trap release_mounts EXIT

unpack() {
  echo "==> Unpacking Debian's $release into $root"
  rm -rf "$root" "$builder"
  mmdebstrap --quiet --mode=root --variant=apt --architectures="$(dpkg --print-architecture)" \
    --aptopt='APT::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --include="$(IFS=,; echo "${guest_packages[*]}")" \
    "$release" "$root" "$mirror"
}

settle() {
  echo lab >"$root/etc/hostname"
  : >"$root/etc/machine-id"
  echo '/dev/root / auto rw,noatime 0 0' >"$root/etc/fstab"
  # Two cards, each a loop: what is played on device 0 is captured on device 1. The daemon has one end of each.
  echo 'options snd-aloop index=0,1 id=Mic,Speaker pcm_substreams=1,1 enable=1,1' >"$root/etc/modprobe.d/lab.conf"
  printf 'snd-aloop\ngpio-sim\nspi-gpio\nspidev\n' >"$root/etc/modules-load.d/lab.conf"
  # The journal is what the tests read.
  install -d "$root/etc/systemd/journald.conf.d"
  printf '[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\n' >"$root/etc/systemd/journald.conf.d/lab.conf"
  local unit
  for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer \
    systemd-pstore.service systemd-timesyncd.service getty@tty1.service; do
    chroot "$root" systemctl -q disable "$unit" 2>/dev/null || true
  done
  # What would only be done because this is the first boot, and done again at each, because nothing is kept.
  chroot "$root" systemctl -q mask ldconfig.service systemd-firstboot.service systemd-journal-catalog-update.service \
    systemd-hwdb-update.service systemd-update-done.service
}

enter_builder() {
  mkdir -p "$builder"/{files,work} "$inside"
  mount -t overlay overlay -o "lowerdir=$root,upperdir=$builder/files,workdir=$builder/work" "$inside"
  mount -t proc proc "$inside/proc"
  mount --bind /dev "$inside/dev"
  rm -f "$inside/etc/resolv.conf"
  cp -L /etc/resolv.conf "$inside/etc/resolv.conf"
  # The network that this host is in may have a certificate of its own.
  cp -L "${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}" "$inside/etc/host-certificates.pem"
}

in_builder() {
  chroot "$inside" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    PIP_CERT=/etc/host-certificates.pem PIP_DISABLE_PIP_VERSION_CHECK=1 "$@"
}

copy_checkout() {
  mkdir -p "$inside/build/vocative"
  # What it has built before, Python packages above all, is used again.
  find "$inside/build/vocative" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
  tar -C "$project" --exclude=./.git --exclude=./.venv --exclude=./build --exclude=./out --exclude='./.*_cache' \
    --exclude=./.hypothesis --exclude=__pycache__ -cf - . | tar -C "$inside/build/vocative" -xf -
}

install_compilers() {
  echo "==> Installing compilers beside it"
  in_builder apt-get -qq update
  in_builder apt-get -qq -y install --no-install-recommends "${build_packages[@]}" >"$out/builder.log" 2>&1 ||
    { tail "$out/builder.log"; exit 1; }
}

build_lgpio() {
  echo "==> Building python3-lgpio, which Raspberry Pi OS has and Debian has not"
  # PYPI=1 links liblgpio into it, which Debian has not either.
  in_builder sh -ec 'package=/build/python3-lgpio; place=$package/usr/lib/python3/dist-packages
    rm -rf $package; mkdir -p $place $package/DEBIAN
    python3 -m venv /build/pip
    PYPI=1 /build/pip/bin/pip -q install --no-deps --no-binary :all: --target $place lgpio==0.2.2.0
    printf "Package: python3-lgpio\nVersion: 0.2.2.0\nArchitecture: %s\nDepends: python3\nMaintainer: laboratory\n%s\n" \
      "$(dpkg --print-architecture)" "Description: pins, for Python" >$package/DEBIAN/control
    dpkg-deb --root-owner-group --build $package /build/python3-lgpio.deb >/dev/null'
  cp "$inside/build/python3-lgpio.deb" "$root/tmp/"
  chroot "$root" dpkg -i /tmp/python3-lgpio.deb >/dev/null
  rm "$root/tmp/python3-lgpio.deb"
}

build_stand_in() {
  echo "==> Installing what the stand-in service needs into /opt/lab"
  # Only its dependencies: its own code is the checkout's, through the shared folder.
  in_builder sh -c 'cd /build/vocative &&
    rm -rf /opt/lab && python3 -m venv /opt/lab && /opt/lab/bin/pip -q install -c constraints.txt ".[rehearsal]" && /opt/lab/bin/pip -q uninstall -y vocative'
  rm -rf "$out/lab"
  cp -a "$inside/opt/lab" "$out/lab"
}

build_package() {
  echo "==> Building the Debian package"
  rm -f "$inside"/build/vocative/build/*.deb
  in_builder make -C /build/vocative deb >"$out/deb.log" 2>&1 || { tail -n 30 "$out/deb.log"; exit 1; }
  cp "$inside"/build/vocative/build/*.deb "$out/vocative.deb.new"
  mv "$out/vocative.deb.new" "$out/vocative.deb"
}

satisfy_dependencies() {
  local wanted
  wanted=$(dpkg-deb -f "$out/vocative.deb" Depends)
  [ "$wanted" != "$(cat "$out/depends" 2>/dev/null)" ] || return 0
  echo "==> Installing what the package depends on, because the guest cannot"
  mount -t proc proc "$root/proc"
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  chroot "$root" env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get -qq update && apt-get -qq -y satisfy "$1"' sh "$wanted" \
    >"$out/satisfy.log" 2>&1 || { tail "$out/satisfy.log"; exit 1; }
  rm -f "$root/etc/resolv.conf"
  umount "$root/proc"
  echo "$wanted" >"$out/depends"
  rm -f "$out/root.img"
}

install_modules() {
  mkdir -p "$root/usr/lib/modules"
  rm -rf "$root"/usr/lib/modules/*
  tar -C "$root/usr/lib/modules" -xf "$kernel/modules.tar"
  chroot "$root" depmod "$(ls "$root/usr/lib/modules")"
}

make_image() {
  echo "==> Making $out/root.img"
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  # What was left out of Debian is not to be left out of our package.
  rm -f "$root"/etc/dpkg/dpkg.cfg.d/99mmdebstrap
  install -D -m 644 -t "$root/usr/local/lib/lab" "$here/guest/agent.py"
  install -m 644 "$here/guest/agent.service" "$root/etc/systemd/system/lab-agent.service"
  install -d "$root/etc/systemd/system/multi-user.target.wants"
  ln -sf ../lab-agent.service "$root/etc/systemd/system/multi-user.target.wants/"
  # Not before: the overlay must never see it below itself.
  cp -a "$out/lab" "$root/opt/lab"
  mke2fs -q -t ext4 -O ^has_journal -m 0 -L root -d "$root" "$out/root.img.new" 4G
  rm -rf "$root/opt/lab"
  mv "$out/root.img.new" "$out/root.img"
}

up_to_date() { [ "$2" = "$(cat "$out/$1" 2>/dev/null)" ]; }

main() {
  machine=$({ echo "$release"; declare -f unpack settle install_compilers build_lgpio; echo "${guest_packages[@]}" "${build_packages[@]}"; } | sha256sum)
  stand_in=$({ declare -f build_stand_in; cat "$project/pyproject.toml" "$project/constraints.txt"; } | sha256sum)
  release_mounts
  if ! up_to_date recipe-machine "$machine"; then
    rm -f "$out/recipe-machine" "$out/recipe-stand-in" "$out/depends" "$out/root.img"
    unpack
    settle
    enter_builder
    install_compilers
    build_lgpio
    release_mounts
    echo "$machine" >"$out/recipe-machine"
  fi
  enter_builder
  copy_checkout
  if ! up_to_date recipe-stand-in "$stand_in"; then
    rm -f "$out/root.img"
    build_stand_in
    echo "$stand_in" >"$out/recipe-stand-in"
  fi
  build_package
  release_mounts
  satisfy_dependencies
  if [ "$kernel/modules.tar" -nt "$out/root.img" ] || [ "$here/guest/agent.py" -nt "$out/root.img" ]; then
    install_modules
    make_image
  fi
}
main
exit
