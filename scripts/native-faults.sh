#!/bin/bash
# Real system calls of real nodes fail, and what becomes of the node is as written here.
#
# Usage: scripts/native-faults.sh [native|node …]        the disk; without any: native
#
# For each fault a node of `kv serve` is started and written to; then strace lets the calls of its
# threads fail, and it is written to again. Expected is either that it ends with DISK_FAILED and
# status 1, its log having said the machine's own words, or that it goes on as if nothing had been.
# Whatever was acknowledged must be there when the directory is started again without the fault.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PWD/node_modules/.bin:$PATH
command -v strace >/dev/null || { echo 'skipped: strace is not installed'; exit 0; }
[ -f native/build/apex.node ] || { echo 'skipped: the native helper is not built'; exit 0; }

# | name | what strace injects | what becomes of the node |
FAULTS=(
  'eio-sync      pwrite64,pwritev,fdatasync:error=EIO   ends'
  'eio-once      pwrite64,fdatasync:error=EIO:when=1    ends'
  'no-room       pwrite64,pwritev:error=ENOSPC          ends'
  'interrupted   pwrite64,pwritev,fdatasync:error=EINTR:when=1+2  goes-on'
)

folder=$(mktemp -d)
node_pid='' strace_pid=''
finish() {
  [ -z "$strace_pid" ] || kill "$strace_pid" 2>/dev/null || true
  [ -z "$node_pid" ] || kill -9 "$node_pid" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

# A port p with p + 1000 and p + 2000 likely free: below those that the kernel hands out.
port=$((21000 + $$ % 900 * 10))

start() { # directory, disk
  node src/main.ts serve --port "$port" --wal-dir "$1" --disk "$2" >"$1/log" 2>&1 &
  node_pid=$!
  for _ in $(seq 600); do
    if grep -q '"role":"leader"' "$1/log"; then return 0; fi
    sleep 0.1
  done
  echo 'the node did not lead within a minute'; cat "$1/log"; return 1
}

ask() { timeout 60 node src/main.ts --client "127.0.0.1:$port" 2>&1 <<<"$1" || true; }

inject() { # fault
  strace -f -q -p "$node_pid" -o "$folder/strace" -e "trace=${1%%:*}" -e "inject=$1" &
  strace_pid=$!
  for _ in $(seq 100); do
    if grep -q "^TracerPid:.*[1-9]" "/proc/$node_pid/status"; then break; fi
    sleep 0.1
  done
  sleep 1 # every thread is attached one by one
}

failed=0
complain() { echo "  FAIL: $1"; failed=$((failed + 1)); }

try() { # disk, name, fault, expected
  local directory=$folder/$1-$2 status=0
  mkdir "$directory"
  echo "$1, $2: $3 ($4)"
  start "$directory" "$1"
  [ "$(ask 'PUT before kept')" = OK ] || complain 'a write before the fault'
  inject "$3"
  local answer; answer=$(ask 'PUT during fault')
  if [ "$4" = ends ]; then
    [ "$answer" != OK ] || complain 'a write was acknowledged that no disk had taken'
    wait "$node_pid" || status=$?
    [ "$status" = 1 ] || complain "the node ended with status $status"
    grep -q '"event":"disk.error"' "$directory/log" || complain 'the disk was not reported'
    tail -1 "$directory/log" | grep -q '"code":"DISK_FAILED"' || complain "$(tail -1 "$directory/log")"
  else
    [ "$answer" = OK ] || complain "the write was answered: $answer"
    kill "$strace_pid"; wait "$strace_pid" 2>/dev/null || true
    kill "$node_pid"; wait "$node_pid" || status=$?
    [ "$status" = 0 ] || complain "the node ended with status $status"
  fi
  wait "$strace_pid" 2>/dev/null || true
  grep -q INJECTED "$folder/strace" || complain 'no call was made to fail'
  node_pid='' strace_pid=''
  start "$directory" "$1"
  [ "$(ask 'GET before')" = kept ] || complain 'an acknowledged write is lost'
  if [ "$answer" = OK ] && [ "$(ask 'GET during')" != fault ]; then
    complain 'the write during the fault is lost'
  fi
  status=0
  kill "$node_pid"; wait "$node_pid" || status=$?
  node_pid=''
}

for disk in "${@:-native}"; do
  for fault in "${FAULTS[@]}"; do
    read -r name injected expected <<<"$fault"
    try "$disk" "$name" "$injected" "$expected"
  done
done
echo "$((${#FAULTS[@]} * ($# > 0 ? $# : 1))) faults, $failed claims did not hold"
[ "$failed" = 0 ]
