#!/bin/sh
# Follows mesos-init-wrapper of the Debian and RPM packages: flags come from the default files and
# from one file per flag in /etc/mesos-master or /etc/mesos-slave. A flag given in both places is
# handed over twice, and Mesos then refuses to start.
set -eu
root=@ROOT@

load_defaults() {
  for file in "$root/etc/default/mesos" "$root/etc/default/mesos-$1"; do
    [ ! -f "$file" ] || { set -a; . "$file"; set +a; }
  done
}

# Joins the files of a folder with ";" as name:content.
joined() {
  out=
  for file in "$2"/*; do
    [ -s "$file" ] || continue
    [ -z "$out" ] || out="$out;"
    out="$out$(basename "$file"):$(cat "$file")"
  done
  [ -z "$out" ] || printf -- '--%s=%s' "$1" "$out"
}

role=$1
shift
load_defaults "$role"
[ -z "${ULIMIT:-}" ] || ulimit $ULIMIT || true
case $role in
  master)
    program="$root/usr/sbin/mesos-master"
    [ -z "${ZK:-}" ] || set -- "$@" "--zk=$ZK"
    [ -z "${PORT:-}" ] || set -- "$@" "--port=$PORT"
    [ -z "${CLUSTER:-}" ] || set -- "$@" "--cluster=$CLUSTER"
    ;;
  slave)
    program="$root/usr/sbin/mesos-slave"
    [ -z "${MASTER:-}" ] || set -- "$@" "--master=$MASTER"
    [ -z "${ISOLATION:-}" ] || set -- "$@" "--isolation=$ISOLATION"
    ;;
  *)
    echo "mesos-init-wrapper: no such role: $role" >&2
    exit 1
    ;;
esac
[ -z "${IP:-}" ] || set -- "$@" "--ip=$IP"
[ -z "${LOGS:-}" ] || set -- "$@" "--log_dir=$LOGS"
for path in "$root/etc/mesos-$role"/*; do
  [ -e "$path" ] || continue
  name=$(basename "$path")
  if [ -d "$path" ]; then
    flag=$(joined "$name" "$path")
    [ -z "$flag" ] || set -- "$@" "$flag"
    continue
  fi
  case $name in
    \?*) set -- "$@" "--${name#\?}" ;;
    *) set -- "$@" "--$name=$(cat "$path")" ;;
  esac
done
exec "$program" "$@"
