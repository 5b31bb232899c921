#!/usr/bin/env bash
# Checks the prerequisites and installs the parts of the local stack: Kafka and Apicurio (Maven), the
# ClickHouse engine (npm), Prometheus and Alertmanager (Debian packages, unpacked and not installed). A
# part is downloaded into a temporary folder, verified and renamed, and carries a manifest of its files'
# sizes: one that was interrupted or damaged is installed again. When everything is there it needs no
# network and takes well under a second.
#
# Prometheus, Alertmanager and Chromium are optional: where they cannot be had the stack goes on without
# them and says so, and what tests need them is skipped visibly.
#
# usage: install.sh [--prerequisites | --parts]      default: both
#   SERIALTRAIL_PARTS   where the parts go; default .local/parts of this checkout
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
parts=${SERIALTRAIL_PARTS:-$root/.local/parts}
# shellcheck source=parts.env
source "$here/parts.env"

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# ---------------------------------------------------------------- prerequisites

java_is_new_enough() {
  have java || return 1
  local major
  major=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -1)
  [ "${major:-0}" -ge 17 ]
}

# Debian package of each missing prerequisite, one a line; empty when nothing is missing.
missing_packages() {
  java_is_new_enough || echo openjdk-17-jre-headless
  have mvn || echo maven
  have node || echo nodejs
  have npm || echo npm
  have python3 || echo python3
  python3 -c 'import ensurepip' >/dev/null 2>&1 || echo python3-venv
  have make || echo make
  have cc && have c++ || echo build-essential
  have flock || echo util-linux
}

prerequisites() {
  local packages
  packages=$(missing_packages | sort -u | tr '\n' ' ')
  if [ -n "${packages// /}" ]; then
    if have apt-get && [ "$(id -u)" = 0 ]; then
      say "installing: $packages"
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $packages >&2 ||
        fail "apt-get could not install: $packages"
      packages=$(missing_packages | sort -u | tr '\n' ' ')
      [ -z "${packages// /}" ] || fail "still missing after apt-get: $packages"
    elif have apt-get; then
      fail "missing prerequisites. Run:  sudo apt-get update && sudo apt-get install -y $packages"
    else
      fail "missing prerequisites (names of the Debian packages): $packages"
    fi
  fi
  if ! have cargo; then
    fail "Rust is missing. Run:  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . \"\$HOME/.cargo/env\""
  fi
  local wanted found
  wanted=$(sed -n 's/^rust-version *= *"\([0-9.]*\)".*/\1/p' "$root/Cargo.toml")
  found=$(rustc --version | awk '{print $2}')
  if [ "$(printf '%s\n%s\n' "$wanted" "${found%%-*}" | sort -V | head -1)" != "$wanted" ]; then
    fail "Rust $wanted or newer is needed, found $found. Run:  rustup update stable"
  fi
  if ! { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1; then
    fail "cargo fmt or cargo clippy is missing. Run:  rustup component add rustfmt clippy"
  fi
  chromium
}

# Only the browser tests need it, and only where they run.
chromium() {
  if have chromium || have chromium-browser || have google-chrome; then return; fi
  if have apt-get && [ "$(id -u)" = 0 ]; then
    say "installing chromium, for the browser tests"
    timeout 120 apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      chromium >&2 && return
    say "chromium could not be installed: the browser tests will be skipped"
  elif have apt-get; then
    say "chromium is missing: the browser tests will be skipped. For them:  sudo apt-get install -y chromium"
  else
    say "chromium is missing: the browser tests will be skipped. They look for chromium on the PATH"
  fi
}

# ---------------------------------------------------------------- parts

# Size and name of every file of a part.
manifest() { (cd "$1" && find . -type f ! -name .installed -exec wc -c {} + | sort -k2 | sed 's/^ *//'); }

# Whether part $1 is installed whole, at version $2.
installed() {
  local folder="$parts/$1"
  [ -f "$folder/.installed" ] || return 1
  [ "$(head -1 "$folder/.installed")" = "$2" ] || return 1
  [ "$(tail -n +2 "$folder/.installed")" = "$(manifest "$folder")" ]
}

# Puts the finished temporary folder $1 in the place of part $2, at version $3.
put_in_place() {
  { echo "$3"; manifest "$1"; } >"$parts/.tmp-manifest"
  mv "$parts/.tmp-manifest" "$1/.installed"
  chmod 755 "$1"
  if [ -e "$parts/$2" ]; then mv "$parts/$2" "$parts/.tmp-old-$2"; fi
  mv "$1" "$parts/$2"
  rm -rf "$parts/.tmp-old-$2"
}

# Maven writes errors and terminal codes to its output: it is shown only when something failed.
maven() {
  local log=$parts/.tmp-maven.log
  mvn -q -B --strict-checksums "$@" >"$log" 2>&1 || { cat "$log" >&2; return 1; }
  rm -f "$log"
}

install_kafka() {
  local version new
  version=$(cksum <"$here/kafka/pom.xml")
  installed kafka "$version" && return
  say "fetching Kafka (45 MB)"
  new=$(mktemp -d "$parts/.tmp-kafka-XXXXXX")
  maven -f "$here/kafka/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$new/libs" || fail "Maven could not fetch Kafka; see its message above"
  ls "$new"/libs/kafka_2.13-*.jar >/dev/null || fail "Maven fetched no broker jar"
  java -cp "$new/libs/*" kafka.tools.StorageTool --help >/dev/null ||
    fail "the fetched Kafka jars do not run; remove ~/.m2/repository/org/apache/kafka and try again"
  put_in_place "$new" kafka "$version"
}

install_apicurio() {
  installed apicurio "$APICURIO_VERSION" && return
  say "fetching Apicurio Registry $APICURIO_VERSION (130 MB)"
  local new archive
  new=$(mktemp -d "$parts/.tmp-apicurio-XXXXXX")
  maven dependency:copy -Dmdep.useBaseVersion=true -DoutputDirectory="$new" \
    -Dartifact="io.apicurio:apicurio-registry-app:$APICURIO_VERSION:tar.gz:all" ||
    fail "Maven could not fetch Apicurio Registry; see its message above"
  archive=$(ls "$new"/*.tar.gz)
  tar -xzf "$archive" -C "$new" && rm "$archive"
  [ -f "$new/apicurio-registry-app-$APICURIO_VERSION-runner.jar" ] ||
    fail "the archive of Apicurio Registry holds no runner jar"
  put_in_place "$new" apicurio "$APICURIO_VERSION"
}

# The npm package of the ClickHouse engine for this machine.
chdb_package() {
  local platform
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) platform=linux-x64-gnu ;;
    Linux-aarch64 | Linux-arm64) platform=linux-arm64-gnu ;;
    *) fail "the ClickHouse engine has no package for $(uname -s) $(uname -m): use Linux on x86-64 or arm64" ;;
  esac
  echo "@chdb/lib-$platform@$CHDB_VERSION"
}

install_chdb() {
  local package=$1 new
  installed chdb "$package" && return
  say "fetching the ClickHouse engine, $package (180 MB)"
  new=$(mktemp -d "$parts/.tmp-chdb-XXXXXX")
  mkdir "$new/fetch"
  (cd "$new/fetch" && npm pack --silent "$package" >/dev/null) || fail "npm could not fetch $package"
  tar -xzf "$new"/fetch/*.tgz -C "$new/fetch" || fail "the package $package is damaged; try again"
  find "$new/fetch/package" -name libchdb.so -exec mv {} "$new/libchdb.so" \;
  rm -rf "$new/fetch"
  [ -s "$new/libchdb.so" ] || fail "the package $package holds no libchdb.so"
  put_in_place "$new" chdb "$package"
}

# Unpacks Debian package $1 into part $2, without installing it, where its programs are run through
# wrappers in bin/. It is optional: where it cannot be had, that is said with what to do, and the stack
# goes on without; further arguments name programs on the PATH that do as well.
install_monitor() {
  local package=$1 part=$2 name new version
  shift 2
  if have apt-get && have dpkg-deb; then
    version="$package, Debian, $(dpkg --print-architecture), 1"
    installed "$part" "$version" && return
    say "fetching $package (a Debian package, unpacked only)"
    new=$(mktemp -d "$parts/.tmp-$part-XXXXXX")
    if fetch_debian "$package" "$new" && "wrap_$part" "$new" && "$new/bin/$part" --version >/dev/null 2>&1; then
      put_in_place "$new" "$part" "$version"
      return
    fi
    rm -rf "$new"
  fi
  for name in "$@"; do
    if have "$name"; then return; fi
  done
  say "$package is missing, and the stack goes on without it. To have it:"
  if have apt-get; then
    say "  sudo apt-get update    and start again; or    sudo apt-get install $package"
  else
    say "  put $1 and its tool (promtool, amtool) on the PATH; its releases: prometheus.io/download"
  fi
}

# Downloads Debian package $1 (apt checks its signature) and unpacks it into folder $2. Fails where a
# library its programs need is not on this machine.
fetch_debian() {
  local log=$parts/.tmp-apt.log program
  if ! (cd "$2" && timeout 120 apt-get -q -o APT::Sandbox::User=root download "$1") >"$log" 2>&1; then
    # The package list may be absent (a fresh container) or older than the archive.
    { [ "$(id -u)" = 0 ] && timeout 120 apt-get update -qq &&
      (cd "$2" && timeout 120 apt-get -q -o APT::Sandbox::User=root download "$1"); } >>"$log" 2>&1 ||
      { tail -3 "$log" >&2; return 1; }
  fi
  rm -f "$log"
  dpkg-deb -x "$2"/*.deb "$2" && rm -f "$2"/*.deb || return 1
  for program in "$2"/usr/bin/*; do
    if have ldd && ldd "$program" 2>/dev/null | grep 'not found' >&2; then
      say "$program lacks the libraries above: install them with apt-get"
      return 1
    fi
  done
}

# Debian's Prometheus reads its pages from /usr/share unless told otherwise.
wrap_prometheus() {
  mkdir "$1/bin"
  printf '#!/bin/sh\nexec "%s" --web.local-assets="%s" "$@"\n' \
    '${0%/*}/../usr/bin/prometheus' '${0%/*}/../usr/share/prometheus/web' >"$1/bin/prometheus"
  chmod 755 "$1/bin/prometheus"
  ln -s ../usr/bin/promtool "$1/bin/promtool"
}

# Debian's Alertmanager reads its templates from a folder in /usr/share that stands in the program and
# no option changes: here the path is made relative, at the same length, and it runs in its own folder.
wrap_alertmanager() {
  local program="$1/usr/bin/prometheus-alertmanager"
  LC_ALL=C sed -i 's#/usr/share/prometheus/alertmanager#usr//share/prometheus/alertmanager#g' "$program"
  mkdir "$1/bin"
  printf '#!/bin/sh\n# Paths in its arguments must be absolute.\ncd "%s" && exec "%s" "$@"\n' \
    '${0%/*}/..' usr/bin/prometheus-alertmanager >"$1/bin/alertmanager"
  chmod 755 "$1/bin/alertmanager"
  ln -s ../usr/bin/amtool "$1/bin/amtool"
}

install_parts() {
  mkdir -p "$parts"
  exec 9>"$parts/.lock"
  flock -w 900 9 || fail "another installation holds $parts/.lock"
  rm -rf "$parts"/.tmp-* # what an interrupted installation left
  local chdb free_mb
  chdb=$(chdb_package)
  if ! { installed kafka "$(cksum <"$here/kafka/pom.xml")" && installed apicurio "$APICURIO_VERSION" &&
    installed chdb "$chdb"; }; then
    free_mb=$(df -Pm "$parts" | awk 'NR==2 {print $4}')
    [ "$free_mb" -ge 2000 ] || fail "$parts has $free_mb MB free; the parts need 2000"
  fi
  install_kafka
  install_apicurio
  install_chdb "$chdb"
  install_monitor prometheus prometheus prometheus
  install_monitor prometheus-alertmanager alertmanager alertmanager prometheus-alertmanager
}

case "${1:-all}" in
  --prerequisites) prerequisites ;;
  --parts) install_parts ;;
  all) prerequisites; install_parts ;;
  *) fail "unknown argument $1; usage: install.sh [--prerequisites | --parts]" ;;
esac
