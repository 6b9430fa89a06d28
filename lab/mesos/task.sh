#!/bin/sh
# An executor with its task: waits on a FIFO whose only writer is the agent, so that end-of-file
# tells it that the agent is gone. In plain sh because every task is a process of its own: 1.6 MB.
#
# $1 FIFO  $2 1 = checkpointing  $3 seconds to wait for an agent that went away (recovery_timeout)
fifo=$1 checkpoint=$2 recovery_timeout=$3
waiting=

expire() {
  trap 'kill "$sleeper" 2>/dev/null; exit 0' TERM
  sleep "$recovery_timeout" &
  sleeper=$!
  wait "$sleeper" && kill -TERM "$$"
}

[ -p "$fifo" ] || mkfifo -m 600 "$fifo" || exit 1
while :; do
  # Blocks until an agent opens its end: the (re-)registration.
  exec 3<"$fifo" || exit 1
  if [ -n "$waiting" ]; then
    kill "$waiting" 2>/dev/null
    wait "$waiting" 2>/dev/null
    waiting=
  fi
  while read -r order <&3; do
    case $order in shutdown) exit 0 ;; esac
  done
  exec 3<&-
  [ "$checkpoint" = 1 ] || exit 0
  expire &
  waiting=$!
done
