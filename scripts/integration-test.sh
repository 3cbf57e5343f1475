#!/bin/sh
# Boots real clusters on this machine, does to them what machines do, and judges what clients saw.
#
# Usage: scripts/integration-test.sh [--only NAME,…] [--out DIR] [--seed N] [--keep]
#
# Ends with 0 if everything held, else with 1. scripts/integration/main.ts has the rest.
set -eu

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd -P)
cd "$root"
[ -x node_modules/.bin/node ] && [ -x build/kv ] || npm ci --no-audit --no-fund
PATH=$root/node_modules/.bin:$PATH
exec node scripts/integration/main.ts "$@"
