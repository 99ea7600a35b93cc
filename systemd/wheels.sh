#!/bin/sh
# wheels.sh FOLDER: put everything that /opt/vocative is made of into FOLDER, as wheels: vocative from this checkout and
# what it needs, in the versions of constraints.txt. What is there already and still fits is left alone.
#
# NumPy is not among them, nor is what talks to systemd, SPI and the ribbon camera: those come from apt, because they
# must fit the system. lgpio does on Raspberry Pi OS; Debian has none, so that there it is among them.
# EXTRAS (of pyproject.toml, with commas) comes from the environment.
set -eu

folder=$1
here=$(cd "$(dirname "$0")/.." && pwd)
python=/usr/bin/python3
extras=${EXTRAS-usb-camera,mcp}
lgpio=lgpio==0.2.2.0
! apt-cache show python3-lgpio >/dev/null 2>&1 || lgpio=

say() { echo "==> $*"; }

cd "$here"
needs=$({
  $python -c 'import sys; print(sys.version_info[:2])'
  uname -m
  echo "$extras $lgpio"
  grep -v '^version = ' pyproject.toml
  cat constraints.txt systemd/wheels.sh
} | sha256sum)
sources=$(find daemon hardware pyproject.toml README.md -type f ! -name '*.pyc' | LC_ALL=C sort)
# shellcheck disable=SC2086 # no name has a space in it
program=$(sha256sum $sources | sha256sum)
[ "$(cat "$folder/program.sha256" 2>/dev/null)" != "$needs $program" ] || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# A copy is built, because setuptools would leave files in the checkout, and take what an older build left there.
mkdir "$work/source"
cp -R pyproject.toml README.md daemon hardware "$work/source"
find "$work/source" -name __pycache__ -prune -exec rm -rf {} +
# A fixed date: the same files then always make the same wheel, and what is installed is not made anew for nothing.
SOURCE_DATE_EPOCH=1767225600
export SOURCE_DATE_EPOCH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

pip() {
  [ -e "$work/pip" ] || $python -m venv "$work/pip"
  "$work/pip/bin/python" -m pip "$@"
}

if [ "$(cat "$folder/needs.sha256" 2>/dev/null)" = "$needs" ]; then
  say "Building vocative"
  rm -f "$folder"/vocative-*.whl "$folder/program.sha256"
  pip wheel --quiet --no-index --find-links "$folder" --no-deps --wheel-dir "$folder" "$work/source"
else
  # There is no wheel of PyAudio for Linux, nor of lgpio for Python 3.13: they are compiled.
  make --no-print-directory packages WANTED="gcc libc6-dev portaudio19-dev python3-dev python3-venv${lgpio:+ swig}"
  say "Fetching the Python packages, and building PyAudio${lgpio:+ and lgpio}"
  mkdir "$work/wheels"
  # PYPI=1: lgpio brings its C library with it.
  PYPI=1 pip wheel --quiet -c constraints.txt --wheel-dir "$work/wheels" "$work/source${extras:+[$extras]}" $lgpio
  rm -f "$work"/wheels/numpy-*.whl
  rm -rf "$folder"
  mkdir -p "$(dirname "$folder")"
  mv "$work/wheels" "$folder"
  echo "$needs" >"$folder/needs.sha256"
fi
echo "$needs $program" >"$folder/program.sha256"
# Under sudo, the checkout stays its owner's.
if [ "$(id -u)" = 0 ]; then chown -R --reference=Makefile "$folder"; chown --reference=Makefile "$(dirname "$folder")"; fi
