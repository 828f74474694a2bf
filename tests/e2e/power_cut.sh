#!/bin/bash
# The power goes while checkouts are acknowledged: an image of the file system, taken at one instant under load, is opened
# elsewhere, and everything that was acknowledged before that instant is in it. SALLYPORT_ROUNDS images.
# A recorded session prints meanwhile; what its client had read by then and the image's recording lacks is measured and said.
# The image is a reflink copy of a loop device's file: all that the file system had written out at that instant, no more.
. "$(dirname "$0")/staged.sh"
load=${SALLYPORT_LOAD:?the load client}
rounds=${SALLYPORT_ROUNDS:-3}
disk=$stage/disk

unmount_all() {
  local place
  for place in "$disk/copy" "$stage/data" "$disk/host"; do umount -l "$place" 2> /dev/null || true; done
}
trap 'status=$?; unmount_all; (exit "$status"); finish' EXIT  # finish ends with the status that it finds

mount_image() { mount -o loop "$1" "$2" 2> /dev/null; }

make_disk() {  # host: xfs, which can copy by reference; live: ext4 in a file on it
  mkdir -p "$disk"/{host,copy} "$stage/data"
  truncate -s 2G "$disk/host.img"
  mkfs.xfs -q -m reflink=1 "$disk/host.img" && mount_image "$disk/host.img" "$disk/host" || { echo "no loop device with xfs here"; exit 77; }
  truncate -s 512M "$disk/host/live.img"
  mkfs.ext4 -q "$disk/host/live.img"
  mount_image "$disk/host/live.img" "$stage/data" || { echo "no second loop device here"; exit 77; }
  chmod 700 "$stage/data"
}

start_load() {
  cp "$stage/people/alice/run/sallyport"/*.token "$stage/token"
  "$load" run "$(jq -r .web "$stage/ready.json")" "$stage/data/tls/ca.pem" "$stage/token" web1 16 4 "$stage/acks" > "$stage/log/load" 2>&1 &
  load_pid=$!
}

# Prints the milliseconds of its clock all the time.
start_session() {
  timeout 60 ssh $(client_options) -p "$broker_port" "alice+root+web1@$broker_host" 'while date +%s%3N; do sleep 0.01; done' < /dev/null > "$stage/shown" 2> "$stage/log/session" &
  session_pid=$!
}
last_shown() { tr -d '\r' < "$1" | grep -E '^[0-9]{13}$' | tail -n 1; }

# In milliseconds of output: between the last that was shown and the last that the image's recording holds.
measure_recording() {
  local id then kept
  kill "$session_pid" 2> /dev/null || true
  wait "$session_pid" 2> /dev/null || true
  id=$(as alice session list -o json | jq -r '.sessions[0].id')
  as alice recording export "$id" --format key --to "$stage/recording.key" || fail "round $round: no key of $id"
  "$program" recording export "$stage/opened/recordings/$id.spr" --key-file "$stage/recording.key" > "$stage/kept" 2> /dev/null || true  # it is cut, of course
  rm -f "$stage/recording.key"
  then=$(last_shown "$stage/shown.then")
  kept=$(jq -rj 'if type == "array" and .[1] == "o" then .[2] else empty end' "$stage/kept" | tr -d '\r' | grep -E '^[0-9]{13}$' | tail -n 1)
  [[ -n $then && -n $kept ]] || fail "round $round: the image's recording of $id holds nothing: $(head -n 3 "$stage/kept")"
  lacks+=($((then > kept ? then - kept : 0)))
}

# The copied store under a server of its own; the live one goes on meanwhile with its own name.
check_copy() {
  mount_image "$disk/host/copy.img" "$disk/copy" || fail "round $round: the image does not mount"
  rm -rf "$stage/opened"
  cp -a "$disk/copy" "$stage/opened"
  rm -f "$stage/opened/run/"*
  "$program" server --dev --data "$stage/opened" --ready-file "$stage/opened.json" 2>> "$stage/log/opened" &
  local pid=$!
  wait_until 20 test -s "$stage/opened.json" || fail "round $round: the copied vault does not open: $(tail -n 5 "$stage/log/opened")"
  "$load" check "$(jq -r .web "$stage/opened.json")" "$stage/opened/tls/ca.pem" "$stage/token" "$stage/acks.then" || fail "round $round: an acknowledged checkout is not in the image"
  [[ $(curl -sS --cacert "$stage/opened/tls/ca.pem" -H "@$stage/admin.header" -X POST "$(jq -r .web "$stage/opened.json")/v1/audit/verify" | jq .ok) == true ]] ||
    fail "round $round: the copy's audit log does not verify"
  kill "$pid"
  wait "$pid" 2> /dev/null || true
  rm -f "$stage/opened.json"
  umount "$disk/copy"
}

lacks=()
check_out() { code alice | as alice checkout root@web1 --reason test --for 2h --otp-stdin > /dev/null; }

make_disk
furnish
as admin role add auditors --actions audit > /dev/null
as admin grant add auditors alice > /dev/null
check_out
(umask 077; printf 'Authorization: Bearer %s' "$(cat "$stage/people/admin/run/sallyport"/*.token)" > "$stage/admin.header")
for i in {0..15}; do as admin account add "load$i@web1" --kind unix_password --code-reuse 15m --secret-stdin <<< "$(random_word)" > /dev/null; done
for ((round = 1; round <= rounds; ++round)); do
  if ((round % 5 == 0)); then
    printf '%s\n%s\n' "$alice_password" "$(code alice)" | as alice login --user alice --password-stdin --otp-stdin > /dev/null
    as alice checkin root@web1 > /dev/null
    check_out
  fi
  start_session
  start_load
  wait_until 20 test -s "$stage/shown" || fail "round $round: no session: $(cat "$stage/log/session")"
  wait_until 20 test -s "$stage/acks" || fail "round $round: nothing is acknowledged: $(cat "$stage/log/load")"
  sleep "$((1 + RANDOM % 2)).$((RANDOM % 10))"  # the moment is meant to be any
  cp "$stage/acks" "$stage/acks.then"
  cp "$stage/shown" "$stage/shown.then"
  cp --reflink=always "$disk/host/live.img" "$disk/host/copy.img" || { echo "no reflink here"; exit 77; }
  wait "$load_pid" || fail "the load met a refusal: $(cat "$stage/log/load")"
  check_copy
  measure_recording
  rm "$disk/host/copy.img" "$stage/acks"
done
echo "$rounds images: nothing lost; what was shown last and is not in the image's recording, in ms: ${lacks[*]}"
