#!/usr/bin/env bash
# Tests the console in Chromium, each page against the data of a small demo on a stack of its own, which is
# removed afterwards whatever happened. Further arguments go to `playwright test`.
#
#   SERIALTRAIL_CONSOLE_URL   tests a console that already runs, and starts and stops nothing
#   CHROMIUM                  the browser; default: the one on the PATH
#   SERIALTRAIL               the command that runs the demo, absolute; default target/release/serialtrail
set -uo pipefail

{ # read whole before it runs: an edit meanwhile changes nothing

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
serialtrail=${SERIALTRAIL:-$root/target/release/serialtrail}
folder=$root/.local/browser
ports=9600

skipped() { printf 'SKIPPED: browser tests: %s\n' "$*" >&2; exit 0; }

for name in chromium chromium-browser google-chrome; do
  CHROMIUM=${CHROMIUM:-$(command -v "$name" || true)}
done
[ -x "${CHROMIUM:-}" ] || skipped "no Chromium: run deploy/local/install.sh, or set CHROMIUM"
export CHROMIUM

# Only what the lock file names, and no browser of npm's own. npm writes its list when it has finished.
cd "$here" || exit 1
if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --loglevel=error || exit 1
fi

if [ -z "${SERIALTRAIL_CONSOLE_URL:-}" ]; then
  "$serialtrail" --dir "$folder" clean || exit 1 # what an interrupted run left
  trap '"$serialtrail" --dir "$folder" clean' EXIT
  trap 'exit 130' INT TERM
  log=$folder.log
  # Exit code 3: an alert is missed or false. That is for other tests to judge.
  "$serialtrail" --dir "$folder" demo --items 2000 --port-base "$ports" >"$log" 2>&1
  code=$?
  if [ $code -ne 0 ] && [ $code -ne 3 ]; then
    cat "$log" >&2
    echo "error: the demo the browser tests need ended with $code" >&2
    exit 1
  fi
  rm -f "$log"
  export SERIALTRAIL_CONSOLE_URL=http://127.0.0.1:$((ports + 15))
fi
npx --no-install playwright test "$@"
exit
}
