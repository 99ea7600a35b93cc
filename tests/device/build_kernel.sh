#!/bin/bash
# build_kernel.sh FOLDER: a Linux kernel that runs as an ordinary process (User-Mode Linux), as FOLDER/linux, its
# modules as FOLDER/modules.tar, and what it is told about its pins as FOLDER/board.dtb. What is up to date is left.
# The source is Debian 13's package linux-source-6.12: 150 MB to fetch, 2 GB to build in.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/kernel"
out=$(cd "$1" && pwd)
work=$out/kernel
version=6.12
source=$work/linux-source-$version
built=$work/built
mirror=${MIRROR:-http://deb.debian.org/debian}

fetch() {
  mkdir -p "$work"/apt/lists/partial "$work"/apt/archives/partial
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$work/apt/sources.list"
  # Nothing of the host's apt is touched: its lists may be another release's.
  local apt=(apt-get -qq -o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State::lists="$work/apt/lists" -o Dir::Cache="$work/apt" -o Dir::State::status=/dev/null
    -o APT::Sandbox::User=root)
  (cd "$work" && "${apt[@]}" update && "${apt[@]}" download linux-source-$version)
  dpkg -x "$work"/linux-source-${version}_*.deb "$work/package"
  tar -C "$work" -xf "$work/package/usr/src/linux-source-$version.tar.xz"
  rm -rf "$work/package" "$work/apt" "$work"/linux-source-${version}_*.deb
}

adapt() {
  # The loop cards are paced by jiffies: 250 a second, as Debian and Raspberry Pi OS have, instead of 100.
  sed -i '/^config HZ$/,/default/s/default 100/default 250/' "$source/arch/um/Kconfig"
  # How much the host's ptrace hands out as "extended registers": 2696 bytes are too few where the processor has AMX,
  # and then the kernel refuses to take them back ("ptrace set fp regs failed, errno = 14").
  sed -i 's/DEFINE_LONGS(HOST_FP_SIZE, 2696)/DEFINE_LONGS(HOST_FP_SIZE, 12288)/' "$source/arch/x86/um/user-offsets.c"
}

configure() {
  make -s -C "$source" ARCH=um O="$built" x86_64_defconfig >/dev/null
  cp "$built/.config" "$work/defaults.config"
  (cd "$source" && scripts/kconfig/merge_config.sh -m -O "$built" "$work/defaults.config" "$here/kernel.config" >/dev/null 2>&1)
  make -s -C "$source" ARCH=um O="$built" olddefconfig >/dev/null
  local wanted missing=()
  while read -r wanted; do
    grep -q "^${wanted%%=*}=[ym]" "$built/.config" || missing+=("$wanted")
  done < <(grep -E '^CONFIG_[A-Z0-9_]+=[ym]' "$here/kernel.config")
  [ ${#missing[@]} = 0 ] || { echo "the kernel will not have: ${missing[*]}" >&2; exit 1; }
}

main() {
  local recipe
  recipe=$(cat "$0" "$here"/kernel.config "$here"/guest/board.dts | sha256sum)
  [ "$recipe" != "$(cat "$out/recipe-kernel" 2>/dev/null)" ] || return 0
  dtc -q -I dts -O dtb -o "$out/board.dtb" "$here/guest/board.dts"
  if [ ! -f "$source/.adapted" ]; then
    echo "==> Fetching the kernel's source"
    rm -rf "$source"
    fetch
    adapt
    touch "$source/.adapted"
  fi
  mkdir -p "$built"
  configure
  echo "==> Building the kernel: 10 to 20 minutes on two cores (the compiler speaks in $work/build.log)"
  make -C "$source" -j"$(nproc)" ARCH=um O="$built" linux modules >"$work/build.log" 2>&1 || { tail -n 20 "$work/build.log"; exit 1; }
  rm -rf "$work/installed"
  make -s -C "$source" ARCH=um O="$built" INSTALL_MOD_PATH="$work/installed" INSTALL_MOD_STRIP=1 modules_install >/dev/null
  rm -f "$work"/installed/lib/modules/*/build
  tar -C "$work/installed/lib/modules" -cf "$out/modules.tar" .
  strip -o "$out/linux.new" "$built/linux"
  mv "$out/linux.new" "$out/linux"
  echo "==> $out/linux"
  echo "$recipe" >"$out/recipe-kernel"
}
main
exit
