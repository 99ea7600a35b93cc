#!/bin/sh
# install.sh install|upgrade|files|uninstall: what `make` calls, as root, once the Debian packages are there.
#
#   install    everything, and starts the service
#   upgrade    the same over an older one: a service that does not run, or not at boot, stays so
#   files      only what is copied; below DESTDIR, if that is set
#   allowed V  nothing, but fails where V cannot be
#   uninstall  takes away all but configuration, key and state; with PURGE=1 those as well
#
# Where no systemd runs (a container, an image that is being built) everything is done but starting.
set -eu
umask 022

verb=$1
here=$(cd "$(dirname "$0")/.." && pwd)
root=${DESTDIR:-}
# Relative to the checkout. It is for the first installation: what is in /etc stays as the owner has it.
config=${CONFIG:-config/vocative.toml}

etc=/etc/vocative
opt=/opt/vocative
state=/var/lib/vocative
drop_ins=/etc/systemd/system/vocative.service.d

unit=/etc/systemd/system/vocative.service
users=/usr/lib/sysusers.d/vocative.conf
rules=/usr/lib/udev/rules.d/90-vocative.rules
command=/usr/local/bin/vocative
catalog=/usr/lib/systemd/catalog/vocative.catalog
# It is there from the first change until the service was restarted: an installation that was broken off half-way is not
# taken for a finished one by the next. A new start of the machine makes it needless.
CHANGED=/run/vocative.changed
[ -z "$root" ] || CHANGED=/dev/null
export CHANGED

say() { echo "==> $*"; }
fail() {
  echo "$*" >&2
  exit 1
}
systemd_runs() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

put() { # MODE FILE PLACE
  ! cmp -s "$here/$2" "$root$3" || return 0
  say "Installing $3"
  : >"$CHANGED"
  # Half a configuration would be taken for the owner's.
  install -D -m "$1" "$here/$2" "$root$3.new"
  mv -f "$root$3.new" "$root$3"
}

put_files() {
  put 644 systemd/vocative.sysusers $users
  put 644 systemd/vocative.udev $rules
  put 644 systemd/vocative.service $unit
  put 644 systemd/vocative.catalog $catalog
  put 755 systemd/vocative.sh $command
  [ -e "$root$etc/vocative.toml" ] || put 644 "$config" $etc/vocative.toml
}

settle() {
  systemd-sysusers vocative.conf
  journalctl --update-catalog
  systemd_runs || return 0
  systemctl daemon-reload
  # A container has systemd, but neither udev nor devices.
  udevadm control --reload 2>/dev/null || return 0
  udevadm trigger --settle --subsystem-match=gpio --subsystem-match=spidev --subsystem-match=dma_heap
}

ask_for_key() {
  if [ -e $etc/gemini-api-key ] || [ -e $etc/gemini-api-key.cred ]; then return; fi
  if [ -t 0 ] && [ -t 1 ] && $opt/bin/vocative key; then
    : >"$CHANGED"
    return
  fi
  say "There is no API key yet. To give it one: sudo vocative key"
}

start() {
  [ "$verb" = upgrade ] || systemctl --quiet enable vocative
  if ! systemd_runs; then
    say "systemd does not run here: vocative starts when it does"
    return
  fi
  if systemctl --quiet is-active vocative; then
    [ -e "$CHANGED" ] || { say "Nothing has changed, and vocative runs"; return; }
    say "Restarting vocative"
  elif [ "$verb" = upgrade ]; then
    rm -f "$CHANGED"
    say "vocative was not running, and is not started"
    return
  else
    say "Starting vocative"
  fi
  # Without a microphone it does not come up. It goes on trying, and that is no failure of the installation.
  if systemctl restart vocative 2>/dev/null; then
    rm -f "$CHANGED"
    say "vocative runs: $(systemctl show --property StatusText --value vocative)"
  else
    say "vocative does not run yet: journalctl -u vocative -n 20 says why"
  fi
}

remove() { # PATH...
  for path in "$@"; do
    if [ -e "$root$path" ] || [ -h "$root$path" ]; then
      say "Removing $path"
      rm -rf "$root$path"
    fi
  done
}

uninstall() {
  if [ -z "$root" ] && [ -e $unit ]; then systemctl --quiet disable vocative; fi
  if systemd_runs && [ -e $unit ]; then systemctl stop vocative; fi
  remove $unit $users $rules $catalog $command $opt $opt.new $opt.old /run/vocative.changed
  if [ "${PURGE:-}" = 1 ]; then
    remove $etc $drop_ins $state
    if [ -z "$root" ] && getent passwd vocative >/dev/null; then
      say "Removing the user vocative"
      userdel vocative
    fi
  else
    for path in $etc $drop_ins $state; do [ ! -e "$root$path" ] || kept="${kept:-} $path"; done
    [ -z "${kept:-}" ] || say "Kept:$kept. To remove them as well: sudo make uninstall PURGE=1"
  fi
  say "Debian packages that it needed are still there, because others may need them"
  [ -n "$root" ] || journalctl --update-catalog
  if systemd_runs; then
    systemctl daemon-reload
    udevadm control --reload 2>/dev/null || true
  fi
}

if [ -z "$root" ]; then
  [ "$(id -u)" = 0 ] || fail "Only root can do that: sudo make ${2:-$verb}"
  if dpkg-query -W -f '${db:Status-Status}' vocative 2>/dev/null | grep -qx installed; then
    fail "vocative is here as a Debian package. First: sudo apt remove vocative (configuration, key and state are kept)"
  fi
fi

case $verb in
allowed) [ "$2" = install ] || [ -e $unit ] || fail "vocative is not installed here: sudo make install" ;;
install | upgrade)
  "$here/systemd/wheels.sh" "$here/build/wheels"
  "$here/systemd/environment.sh" "$here/build/wheels"
  put_files
  settle
  [ "$verb" = upgrade ] || ask_for_key
  start
  ;;
files) put_files ;;
uninstall) uninstall ;;
*) fail "install.sh knows no $verb" ;;
esac
