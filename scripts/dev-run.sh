#!/bin/sh
# The development cluster in the background: three nodes on 127.0.0.1, clients at 7001 to 7003.
# APEX_DEV_PORT names another first port, APEX_DEV_FOLDER another folder than .apex-dev.
#
#   start    builds what is missing, starts the nodes that are down, returns when all are ready
#   stop     asks its nodes to stop, and ends those that do not
#   status   one line a node; ends with 9 unless all are ready
#   logs     prints the logs in the order of time; logs -f goes on as they grow
#   bench    runs `kv bench` against all three; what follows is handed on
#   clean    stops the nodes and removes their data
#
# 1. Everything it makes is in that folder, beside the sources: data, logs, process ids.
# 2. It signals a process only if that process is the node of this folder that the id was noted for:
#    ids are used again.
# 3. It neither starts a node where another one answers nor removes data while one does.
set -eu

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd -P)
folder=${APEX_DEV_FOLDER:-.apex-dev}
case $folder in
  /*) data=$folder ;;
  *) data=$root/$folder ;;
esac
first_port=${APEX_DEV_PORT:-7001}
kv=$root/build/kv
ids='1 2 3'
ready_within_s=60
stop_within_s=8

cd "$root"

fail() {
  echo "dev-run.sh: $1" >&2
  exit 1
}

port_of() { echo $((first_port + $1 - 1)); }
pid_file() { echo "$data/node-$1.pid"; }
log_file() { echo "$data/node-$1.log"; }

peers_of() {
  peers=
  for other in $ids; do
    [ "$other" = "$1" ] || peers="$peers${peers:+,}127.0.0.1:$(port_of "$other"):$other"
  done
  echo "$peers"
}

# All nodes at their ports + $1, as kv takes them.
addresses_at() {
  addresses=
  for id in $ids; do
    addresses="$addresses${addresses:+,}127.0.0.1:$(($(port_of "$id") + $1))"
  done
  echo "$addresses"
}

# Fails when there is no such process, or it ends while it is looked at.
arguments_of_process() {
  if [ -r "/proc/$1/cmdline" ]; then
    tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline"
  else
    ps -ww -o args= -p "$1"
  fi
}

# Prints the process id of node $1 if it runs and is ours.
running_pid() {
  [ -r "$(pid_file "$1")" ] || return 1
  pid=$(cat "$(pid_file "$1")")
  case $pid in
    '' | *[!0-9]*) return 1 ;;
  esac
  arguments=$(arguments_of_process "$pid") || return 1
  case $arguments in
    # The launcher, for a moment, and then src/main.ts under Node.
    *"$root/"*" serve --id $1 --port $(port_of "$1") "*) echo "$pid" ;;
    *) return 1 ;;
  esac
}

# Whether a node answers at all; one that lost its quorum is alive and not ready.
is_alive() { "$kv" client --timeout 2s "127.0.0.1:$(port_of "$1")" PING >/dev/null 2>&1; }
is_ready() { "$kv" healthcheck "127.0.0.1:$(port_of "$1")" 2>/dev/null; }

must_be_built() { [ -x "$kv" ] || fail 'nothing is built yet; scripts/dev-run.sh start does it'; }

# Installs what the lockfile names and is not there, a new enough Node included.
build() {
  command -v node >/dev/null 2>&1 || fail 'Node 20 or newer is needed to begin with'
  node scripts/prepare.mjs >/dev/null || fail 'the installation failed'
}

start_node() {
  if running_pid "$1" >/dev/null; then
    echo "node $1 runs already"
    return
  fi
  if is_alive "$1"; then
    fail "port $(port_of "$1") belongs to a node that this script did not start"
  fi
  # A session of its own: a Ctrl-C for this script is not meant for the nodes.
  detach=nohup
  if command -v setsid >/dev/null 2>&1; then detach=setsid; fi
  "$detach" "$kv" serve --id "$1" --port "$(port_of "$1")" \
    --peers "$(peers_of "$1")" --wal-dir "$data" >>"$(log_file "$1")" 2>&1 </dev/null &
  echo $! >"$(pid_file "$1")"
  echo "node $1 started"
}

wait_until_ready() {
  deadline=$(($(date +%s) + ready_within_s))
  for id in $ids; do
    until is_ready "$id"; do
      if ! running_pid "$id" >/dev/null; then
        tail -n 3 "$(log_file "$id")" >&2
        fail "node $id has ended; its last lines are above, the rest in $(log_file "$id")"
      fi
      if [ "$(date +%s)" -ge "$deadline" ]; then
        status >&2 || true
        fail "not ready after $ready_within_s s; scripts/dev-run.sh logs says more"
      fi
      sleep 0.2
    done
  done
}

start() {
  build
  mkdir -p "$data"
  for id in $ids; do start_node "$id"; done
  wait_until_ready
  status
  echo
  echo "Talk to it:  ./build/kv --client 127.0.0.1:$first_port"
  echo 'Stop it:     scripts/dev-run.sh stop'
}

status() {
  must_be_built
  "$kv" status --http "$(addresses_at 2000)"
}

bench() {
  must_be_built
  "$kv" bench "$(addresses_at 0)" "$@"
}

stop_node() {
  pid=$(running_pid "$1") || return 0
  # It may end by itself between the look and the signal.
  kill "-$2" "$pid" 2>/dev/null || true
}

any_running() {
  for id in $ids; do
    if running_pid "$id" >/dev/null; then return 0; fi
  done
  return 1
}

stop() {
  for id in $ids; do stop_node "$id" TERM; done
  deadline=$(($(date +%s) + stop_within_s))
  while any_running && [ "$(date +%s)" -lt "$deadline" ]; do sleep 0.1; done
  for id in $ids; do stop_node "$id" KILL; done
  while any_running; do sleep 0.1; done
  for id in $ids; do rm -f "$(pid_file "$id")"; done
  echo 'stopped'
}

pretty() {
  bin=$root/node_modules/.bin
  "$bin/node" "$bin/pino-pretty" -S -i service,version,cluster
}

# Each line is a JSON object whose time, in ISO 8601, is the eighth piece between quotes.
logs() {
  set -- "${1:-}" "$data"/node-*.log
  [ -e "$2" ] || fail 'there are no logs; start the cluster first'
  follow=$1
  shift
  case $follow in
    '') sort -s -t '"' -k 8,8 "$@" | pretty ;;
    -f) tail -q -n 20 -F "$@" | pretty ;;
    *) fail "logs takes -f or nothing, not $follow" ;;
  esac
}

clean() {
  stop
  for id in $ids; do
    if is_alive "$id"; then
      fail "something else uses $data, or port $(port_of "$id"); the data stays"
    fi
  done
  for id in $ids; do rm -rf "$data/apex-$id" "$(log_file "$id")"; done
  if [ -d "$data" ]; then rmdir "$data" 2>/dev/null || echo "$data holds other files; they stay"; fi
  echo 'removed the data'
}

usage='usage: scripts/dev-run.sh start|stop|status|logs [-f]|bench [flags of kv bench]|clean'
command=${1:-}
[ $# -eq 0 ] || shift
case $command in
  logs | bench) ;;
  *) [ $# -eq 0 ] || { echo "$usage" >&2; exit 2; } ;;
esac
case $command in
  start | stop | status | logs | bench | clean) "$command" "$@" ;;
  *)
    echo "$usage" >&2
    exit 2
    ;;
esac
