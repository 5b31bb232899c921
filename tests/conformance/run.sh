#!/usr/bin/env bash
# Tests the gateway and the query service with schemathesis against the official OpenAPI document of
# EPCIS 2.0 (gs1-epcis/REST/openapi.json of the published vectors), on a stack of its own, which is removed
# afterwards whatever happened. The document's own errors are corrected by name in hooks.py; anything else
# it does not allow, and any 5xx, is a failure.
#
#   VECTORS_DIR           folder of the published vectors; default: ../shared/vectors beside the checkout
#   EXAMPLES              random requests per operation, default 25
#   BORDERS=all           every border case of every parameter and body, which takes long
#   SEED                  default 1
#   SERIALTRAIL           the command that runs the stack, absolute; default target/release/serialtrail
#   PORTS                 first port of the stack, default 9700
#   GATEWAY_URL QUERY_URL tests services that already run, such as http://127.0.0.1:8410, and starts and
#                         stops nothing; they are given events and named queries
set -uo pipefail

{ # read whole before it runs: an edit meanwhile changes nothing

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
serialtrail=${SERIALTRAIL:-$root/target/release/serialtrail}
vectors=${VECTORS_DIR:-$root/../shared/vectors}
document=$vectors/gs1-epcis/REST/openapi.json
work=$root/target/conformance
folder=$root/.local/conformance
ports=${PORTS:-9700}
key=local-import-key

if ! [ -f "$document" ]; then
  echo "SKIPPED: conformance: no official OpenAPI document at $document (VECTORS_DIR)" >&2
  exit 0
fi

# pip writes the stamp's file last: an interrupted installation is done again.
mkdir -p "$work"
if ! cmp -s "$here/requirements.txt" "$work/installed.txt"; then
  rm -rf "$work/venv" "$work/installed.txt"
  python3 -m venv "$work/venv" &&
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" &&
    cp "$here/requirements.txt" "$work/installed.txt" || exit 1
fi

if [ -z "${GATEWAY_URL:-}" ]; then
  "$serialtrail" --dir "$folder" clean || exit 1 # what an interrupted run left
  trap '"$serialtrail" --dir "$folder" clean' EXIT
  trap 'exit 130' INT TERM
  members=(kafka schema-registry clickhouse gateway dispatcher enricher detector sink query)
  "$serialtrail" --dir "$folder" up --clock replay --port-base "$ports" "${members[@]/#/--only=}" || exit 1
  GATEWAY_URL=http://127.0.0.1:$((ports + 10))
  QUERY_URL=http://127.0.0.1:$((ports + 15))
fi

# Something to be found: the official examples.
for file in "$vectors"/gs1-epcis/JSON/*.jsonld "$vectors"/gs1-epcis/JSON/*/*.jsonld; do
  curl --silent --show-error --output /dev/null --header "x-api-key: $key" \
    --header 'content-type: application/ld+json' --data-binary "@$file" \
    "$GATEWAY_URL/epcis/v2/capture" || exit 1
done
for _ in $(seq 60); do # until they can be asked for
  events=$(curl --silent "$QUERY_URL/epcis/v2/events?perPage=30" --header "x-api-key: $key" |
    grep -o '"eventTime"' | wc -l)
  [ "$events" -ge 10 ] && break
  sleep 1
done

export SCHEMATHESIS_HOOKS=hooks PYTHONPATH=$here
export CONFORMANCE_QUERY=$QUERY_URL/epcis/v2 CONFORMANCE_KEY=$key
cd "$work" || exit 1
code=0

# run NAME URL OPTIONS...: one run; its summary, and what was found, on standard output.
run() {
  local name=$1 url=$2
  shift 2
  rm -f "$name-known.txt"
  CONFORMANCE_KNOWN=$work/$name-known.txt \
    venv/bin/schemathesis run "$document" --url "$url/epcis/v2" --header "x-api-key: $key" \
    --seed "${SEED:-1}" --max-examples "${EXAMPLES:-25}" --continue-on-failure --no-shrink --no-color \
    --generation-database none --warnings off --request-timeout 60 \
    --report json --report-json-path "$name.json" "$@" \
    >"$name.txt" 2>&1
  local ended=$?
  if [ $ended -ne 0 ]; then
    code=1
    cat "$name.txt"
  fi
  python3 "$here/summary.py" "$name" "$name.json" "$name-known.txt" || code=1
}

# Which service answers what: capture is the gateway's, the rest the query service's; the root is both's.
# Bodies and lists of events have thousands of border cases: only with BORDERS=all.
gateway=(--include-path-regex '^/capture|^/$' --include-name 'POST /events' --include-name 'OPTIONS /events')
query=(--exclude-path-regex '^/capture' --exclude-name 'POST /events' --exclude-name 'OPTIONS /events')
run gateway "$GATEWAY_URL" --phases examples,fuzzing "${gateway[@]}"
run query "$QUERY_URL" --phases examples,fuzzing "${query[@]}"
if [ "${BORDERS:-}" = all ]; then
  run gateway-borders "$GATEWAY_URL" --phases coverage "${gateway[@]}"
  run query-borders "$QUERY_URL" --phases coverage "${query[@]}"
else
  run gateway-borders "$GATEWAY_URL" --phases coverage --include-path-regex '^/capture|^/$' \
    --exclude-name 'POST /capture'
  run query-borders "$QUERY_URL" --phases coverage --exclude-path-regex '^/capture|/events$|^/queries'
fi
exit $code
}
