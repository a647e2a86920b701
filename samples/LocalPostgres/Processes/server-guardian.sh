# Guards one PostgreSQL server and its folder. Arguments: FOLDER keep|remove PROGRAMS OWNER [PREFIX...]
# PROGRAMS is the folder of initdb and postgres; PREFIX runs a command as the user OWNER (empty when nobody else is needed).
# Commands on standard input, one a line: init start kill pause resume. End of input: stop, clear up, end.
set -u
trap '' INT TERM HUP PIPE
folder=$1 fate=$2 programs=$3 owner=$4
shift 4
umask 077
export LC_ALL=C
cd "$folder" || exit 1
exec 2>>log
server=
# Of this guardian alone: another may try a folder that is in use.
held=$folder/held.$$

# Every process of the server inherits the writing end of the pipe `held`; when the last one is gone, its reader goes on.
start() {
  rm -f "$held" && mkfifo "$held" || return 1
  ( cat "$held" >/dev/null; rm -f "$held"; echo ended ) &
  "$@" "$programs/postgres" -D "$folder/data" </dev/null >>log 2>&1 9>"$held" &
  server=$!
}

running() { [ -p "$held" ]; }

children() {
  if [ -r /proc/self/stat ]; then
    for stat in /proc/[0-9]*/stat; do
      { read -r pid name state parent rest <"$stat"; } 2>/dev/null || continue
      if [ "$parent" = "$server" ]; then echo "$pid"; fi
    done
  else
    ps -A -o pid= -o ppid= | awk -v parent="$server" '$2 == parent { print $1 }'
  fi
}

# The parent first, so that it makes no more children meanwhile. A child may end before its signal: that is no failure.
pause() {
  running && kill -STOP "$server" || return 1
  for child in $(children); do kill -STOP "$child"; done
  return 0
}

resume() {
  running || return 1
  for child in $(children); do kill -CONT "$child"; done
  kill -CONT "$server"
}

crash() {
  running && kill -STOP "$server" || return 1
  for child in $(children); do kill -KILL "$child"; done
  kill -KILL "$server"
}

# Waits up to $1 tenths of a second for the end of the last process.
gone_within() {
  n=$1
  while running; do
    [ "$n" -gt 0 ] || return 1
    n=$((n - 1))
    sleep 0.1
  done
}

answer() { if "$@"; then echo done; else echo failed; fi; }

init() {
  mkdir -p data || return 1
  if [ -n "$owner" ]; then chown "$owner" data password || return 1; fi
  # Data that go with the server needn't reach the disk.
  if [ "$fate" = remove ]; then set -- "$@" "$programs/initdb" --no-sync; else set -- "$@" "$programs/initdb"; fi
  "$@" -D "$folder/data" -U postgres --auth=scram-sha-256 --pwfile="$folder/password" \
    --encoding=UTF8 --locale=C </dev/null >>log 2>&1
}

while read -r command; do
  case $command in
    init) answer init "$@" ;;
    start) answer start "$@" ;;
    kill) answer crash ;;
    pause) answer pause ;;
    resume) answer resume ;;
    *) echo unknown ;;
  esac
done

if running; then
  resume
  # Data that stay are checkpointed; those that go needn't be.
  if [ "$fate" = keep ]; then kill -INT "$server"; else kill -QUIT "$server"; fi
  gone_within 300 || { crash; gone_within 50; }
fi
if [ "$fate" = remove ]; then
  # After a kill nobody else frees the segment of shared memory that guards the data folder.
  if [ -f data/postmaster.pid ] && command -v ipcrm >/dev/null; then
    segment=$(sed -n 7p data/postmaster.pid)
    set -- $segment
    if [ $# -eq 2 ]; then ipcrm -m "$2"; fi
  fi
  cd / && rm -rf "$folder"
fi
