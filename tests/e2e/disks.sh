# For scripts about disks that fill up or hang: file systems of their own, each in a file, one a mount point. Sourced after staged.sh.
mounted=()
let_go_of_disks() {
  local place
  for place in "${mounted[@]}"; do
    fsfreeze -u "$place" 2> /dev/null || true  # what is frozen holds processes that nothing can end
    umount -l "$place" 2> /dev/null || true
  done
}
trap 'status=$?; let_go_of_disks; (exit "$status"); finish' EXIT  # finish ends with the status that it finds

small_disk() {  # SIZE DIRECTORY
  local image=$stage/disk${#mounted[@]}.img
  mkdir -p "$2"
  truncate -s "$1" "$image"
  # No blocks are kept back for root: the server of these tests is root.
  mkfs.ext4 -q -m 0 "$image"
  mount -o loop "$image" "$2" 2> /dev/null || { echo "no loop device here"; exit 77; }
  mounted+=("$2")
  chmod 700 "$2"
}

space() { df --output=avail -B 1 "$1" | tail -n 1; }
fill_disk() { dd if=/dev/zero of="$1/ballast" bs=64K status=none 2> /dev/null || true; }  # DIRECTORY
free_disk() { rm -f "$1/ballast"; }

session() { timeout "${1}" ssh $(client_options) -p "$broker_port" "alice+root+web1@$broker_host" "${@:2}" < "${stdin:-/dev/null}"; }  # SECONDS COMMAND... ; $stdin: a file for it
newest_session() { as admin session list -o json | jq -r '.sessions[0].id'; }
recording_state() { as admin recording show "$1" -o json | jq -r .recording; }
