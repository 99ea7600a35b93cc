#!/bin/sh
# build.sh WHEELS: make build/vocative_VERSION_ARCHITECTURE.deb of these wheels, for the release that this runs on.
set -eu

wheels=$1
cd "$(dirname "$0")/../.."
# shellcheck source=/dev/null
. /etc/os-release
python=/usr/bin/python3

# 0.1.0~debian13: two releases' packages have the same wheels for different Pythons, and the newer release's is newer.
VERSION=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)~$ID${VERSION_ID:-}
ARCHITECTURE=$(dpkg --print-architecture)
PYTHON_THIS=$($python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
PYTHON_NEXT=$($python -c 'import sys; print("%d.%d" % (sys.version_info[0], sys.version_info[1] + 1))')
# Debian has no lgpio, so that the wheels hold it; Raspberry Pi OS has one, and they do not.
[ -n "$(find "$wheels" -name 'lgpio-*')" ] && LGPIO="" || LGPIO=" python3-lgpio,"
# What was last changed in what is packed; without git, the time of the wheel's build.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date -r "$wheels/program.sha256" +%s)}
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
stage=$work/stage
doc=$stage/usr/share/doc/vocative

umask 022
put() { # MODE FILE PLACE
  install -D -m "$1" "$2" "$stage$3"
}
put 644 systemd/vocative.service /usr/lib/systemd/system/vocative.service
put 644 systemd/vocative.sysusers /usr/lib/sysusers.d/vocative.conf
put 644 systemd/vocative.udev /usr/lib/udev/rules.d/90-vocative.rules
put 644 systemd/vocative.catalog /usr/lib/systemd/catalog/vocative.catalog
put 755 systemd/environment.sh /usr/lib/vocative/environment.sh
put 755 systemd/vocative.sh /usr/bin/vocative
for wheel in "$wheels"/*.whl; do put 644 "$wheel" "/usr/lib/vocative/wheels/${wheel##*/}"; done
for example in config/*.toml; do put 644 "$example" "/usr/share/doc/vocative/examples/${example##*/}"; done
put 644 config/vocative.toml /usr/share/vocative/vocative.toml
put 644 README.md /usr/share/doc/vocative/README.md
for page in docs/*.md; do put 644 "$page" "/usr/share/doc/vocative/docs/${page##*/}"; done
put 644 systemd/debian/copyright /usr/share/doc/vocative/copyright
put 644 systemd/debian/lintian-overrides /usr/share/lintian/overrides/vocative
put 644 systemd/debian/vocative.1 /usr/share/man/man1/vocative.1
gzip -9n "$stage/usr/share/man/man1/vocative.1"
put 644 CHANGELOG.md /usr/share/doc/vocative/NEWS.md
printf 'vocative (%s) unstable; urgency=medium\n\n  * %s\n\n -- %s  %s\n' "$VERSION" \
  "What is new for the owner is in NEWS.md." \
  "$(sed -n 's/^Maintainer: //p' systemd/debian/control)" "$(LC_ALL=C date -uR -d "@$SOURCE_DATE_EPOCH")" |
  gzip -9n >"$doc/changelog.gz"
gzip -9n "$doc/NEWS.md"

mkdir "$stage/DEBIAN"
for script in preinst postinst prerm postrm; do install -m 755 "systemd/debian/$script" "$stage/DEBIAN/$script"; done
sed -e "s/@VERSION@/$VERSION/" -e "s/@ARCHITECTURE@/$ARCHITECTURE/" \
  -e "s/ @LGPIO@/$LGPIO/" -e "s/@PYTHON_THIS@/$PYTHON_THIS/" -e "s/@PYTHON_NEXT@/$PYTHON_NEXT/" \
  -e "s/@INSTALLED_KIB@/$(du -sk --exclude DEBIAN "$stage" | cut -f 1)/" systemd/debian/control >"$stage/DEBIAN/control"
(cd "$stage" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$stage" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +

package=build/vocative_${VERSION}_$ARCHITECTURE.deb
mkdir -p build
dpkg-deb --root-owner-group --build "$stage" "$package" >/dev/null
echo "==> $package: $(($(wc -c <"$package") / 1000000)) MB. To install it: sudo apt install ./$package"
