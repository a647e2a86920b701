# Runs a command as long as standard input stays open: when whoever holds the other end dies, however it dies, so does the command.
# Prints "pid N" first. Exits as the command does.
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
echo "pid $child"
(
  exec >/dev/null 2>&1
  cat <&3
  kill -9 "$child"
) &
watcher=$!
wait "$child"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
