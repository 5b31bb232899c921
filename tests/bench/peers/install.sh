#!/usr/bin/env bash
# Installs the libraries the bench runs beside ours into target/bench/peers: PyPI's into a virtual
# environment, npm's, Maven's; versions are pinned in the files beside. They are run, never shipped. What
# cannot be had here is said, and the bench goes on without it. Nothing is fetched twice.
set -uo pipefail

{ # read whole before it runs: an edit meanwhile changes nothing

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
peers=$root/target/bench/peers

say() { printf '%s\n' "$*" >&2; }

# Whether folder $1 holds what the files after it ask for.
installed() {
  local folder=$peers/$1
  shift
  [ -f "$folder/.installed" ] && [ "$(cat "$@" | cksum)" = "$(cat "$folder/.installed")" ]
}

# Makes the folder $1 with function $2, from the files after it.
install() {
  local name=$1 how=$2 log=$peers/$1.log
  shift 2
  if installed "$name" "$@"; then return; fi
  say "installing the bench's peers: $name"
  rm -rf "${peers:?}/$name" && mkdir -p "$peers/$name"
  if "$how" "$peers/$name" >"$log" 2>&1; then
    cat "$@" | cksum >"$peers/$name/.installed"
    rm -f "$log"
  else
    say "SKIPPED: the peers of $name cannot be installed here; see $log"
  fi
}

python() {
  python3 -m venv "$1" && "$1/bin/pip" install --quiet --requirement "$here/python/requirements.txt"
}

node() {
  cp "$here/node/package.json" "$here/node/package-lock.json" "$here/node/.npmrc" "$1" &&
    (cd "$1" && npm ci --ignore-scripts --loglevel=error)
}

java() {
  mvn -q -B --strict-checksums -f "$here/java/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$1/libs" &&
    javac -cp "$1/libs/*" -d "$1/classes" "$here/java/Peer.java"
}

mkdir -p "$peers"
install python python "$here/python/requirements.txt"
install node node "$here/node/package.json" "$here/node/package-lock.json"
install java java "$here/java/pom.xml" "$here/java/Peer.java"
exit 0
}
