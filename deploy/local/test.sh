#!/usr/bin/env bash
# Runs every test: builds, starts a stack in folder $1 with ports from $2, tests, stops it whatever
# happened. Logs stay in $1/logs. The exit code is that of the tests.
# Further arguments go to cargo test, for example `--test containment`; the console's tests are left out
# then. Not `-p`: another selection of packages has other features, and everything would be compiled again.
set -uo pipefail

{ # read whole before it runs: an edit meanwhile changes nothing

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$1
ports=$2
shift 2
cd "$root" || exit 1
export CARGO_TARGET_DIR=$root/target
serialtrail="$root/target/release/serialtrail"
parts=${SERIALTRAIL_PARTS:-$root/.local/parts}

# Tests and programs in one build: one set of features, nothing is compiled twice.
targets=(--bins --tests)
[ $# -eq 0 ] || targets=(--bins --test local_stack)
cargo build --release --workspace "${targets[@]}" || exit 1

# A stack that an interrupted run left is stopped, and each run begins with empty data.
"$serialtrail" --dir "$folder" clean || exit 1
trap '"$serialtrail" --dir "$folder" down' EXIT
trap 'exit 130' INT TERM
"$serialtrail" --dir "$folder" up --clock replay --port-base "$ports" || exit 1

export SERIALTRAIL_TEST_DIR=$folder
export SERIALTRAIL_TEST_CONFIG=$folder/serialtrail.toml
export SERIALTRAIL_TEST_BROKERS=127.0.0.1:$ports
export SERIALTRAIL_TEST_REGISTRY=http://127.0.0.1:$((ports + 2))/apis/ccompat/v7
export SERIALTRAIL_TEST_CLICKHOUSE=http://127.0.0.1:$((ports + 3))
export SERIALTRAIL_CHDB_LIB=$parts/chdb/libchdb.so
# A passed test that skipped itself says so only in its output.
cargo test --release --workspace --no-fail-fast "$@" -- --show-output
code=$?
[ $# -eq 0 ] || exit $code

# Two stacks beside each other would take more memory than small machines have.
"$serialtrail" --dir "$folder" down
deploy/local/console.sh test || code=1
tests/browser/run.sh || code=1
tests/conformance/run.sh || code=1
exit $code
}
