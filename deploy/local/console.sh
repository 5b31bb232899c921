#!/usr/bin/env bash
# Builds the console into target/console, whole or not at all; does nothing (and needs no network) when
# nothing changed since. Its npm packages are installed as its package-lock.json names them.
#
# usage: console.sh [build | lint | test]      default: build
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source=$root/services/query/console
built=$root/target/console
stamp=.stamp

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }

# Vite needs Node 20.19; an older one (Debian 12 has 18) fetches a newer for itself from npm.
node_is_new_enough() {
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
}

run() {
  if node_is_new_enough; then "$@"; else npm exec --yes --package=node@22 -- "$@"; fi
}

# One hash of everything the console is made from.
inputs() {
  cd "$source"
  find . -type d \( -name node_modules -o -name '.vite*' \) -prune -o -type f -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

# npm writes its own list of what is installed when it has finished.
packages() {
  [ "$source/node_modules/.package-lock.json" -nt "$source/package-lock.json" ] && return
  say "installing the console's npm packages"
  (cd "$source" && npm ci --loglevel=error) || fail "npm could not install the console's packages; see above"
}

build() {
  local hash new
  hash=$(inputs)
  if [ -f "$built/index.html" ] && [ "$(cat "$built/$stamp" 2>/dev/null)" = "$hash" ]; then return; fi
  packages
  say "building the console"
  new=$root/target/.console-new
  rm -rf "$new"
  (cd "$source" && run node_modules/.bin/vite build --logLevel warn --outDir "$new" --emptyOutDir >&2) ||
    fail "the console could not be built; see above"
  echo "$hash" >"$new/$stamp"
  rm -rf "$root/target/.console-old"
  if [ -e "$built" ]; then mv "$built" "$root/target/.console-old"; fi
  mv "$new" "$built"
  rm -rf "$root/target/.console-old"
}

[ -f "$source/package.json" ] || { say "SKIPPED: there is no console in services/query/console"; exit 0; }
mkdir -p "$root/target"
exec 9>"$root/target/.console-lock"
flock -w 900 9 || fail "another build of the console holds target/.console-lock"
case "${1:-build}" in
  build) build ;;
  lint)
    packages
    cd "$source"
    run npm run --silent typecheck
    run npm run --silent lint
    ;;
  test)
    packages
    cd "$source"
    run npm test --silent -- --passWithNoTests
    ;;
  *) fail "unknown argument $1; usage: console.sh [build | lint | test]" ;;
esac
