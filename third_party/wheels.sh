# Sourced by install and install_gpu_libraries: pinned wheels, checked by digest.
# Needs `say`, `fail` and $prefix.

torch_requirement=torch==2.11.0
torch_sha256=7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a

# A Python that has pip: the one on the path may be a bare one.
python_with_pip() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -m pip --version >/dev/null 2>&1; then printf '%s' "$python"; return; fi
  done
  fail "no python3 with pip found; apt-get install python3-pip provides one"
}

# need_space FOLDER MEGABYTES WHAT
need_space() {
  local free
  mkdir -p "$1" || fail "cannot make the folder $1"
  free="$(df -Pk "$1" | awk 'NR == 2 { print int($4 / 1024) }')"
  [ "$free" -ge "$2" ] || fail "$3 needs $2 MB in $1, where only $free MB are free"
}

# find_wheel FOLDER SHA256 -> its path, or nothing
find_wheel() {
  local file
  for file in "$1"/*.whl; do
    [ -e "$file" ] || return 0
    if [ "$(sha256sum "$file" | cut -d' ' -f1)" = "$2" ]; then printf '%s' "$file"; return 0; fi
  done
}

# download NAME==VERSION SHA256 -> path of the verified wheel, in $prefix/wheels.
# Call it as: path="$(download ...)" || exit 1
download() {
  local requirement="$1" digest="$2" folder="$prefix/wheels" file log python
  mkdir -p "$folder" || fail "cannot make the folder $folder"
  file="$(find_wheel "$folder" "$digest")"
  if [ -z "$file" ]; then
    python="$(python_with_pip)" || exit 1
    say "downloading $requirement" >&2
    log="$(mktemp)"
    "$python" -m pip --disable-pip-version-check download --quiet --no-deps --only-binary=:all: \
      --dest "$folder" --implementation cp --python-version 3.11 --abi cp311 --abi none \
      --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 \
      --platform manylinux_2_25_x86_64 --platform manylinux_2_18_x86_64 \
      --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
      --platform manylinux2010_x86_64 --platform manylinux1_x86_64 \
      "$requirement" >"$log" 2>&1 || fail "$(why_no_download "$requirement" "$log")"
    file="$(find_wheel "$folder" "$digest")"
    [ -n "$file" ] || fail "$requirement was downloaded but no file in $folder has the pinned SHA-256 $digest"
    rm -f "$log"
  fi
  printf '%s' "$file"
}

why_no_download() {
  if grep -qiE 'No space left' "$2"; then
    printf 'there is no room for %s in %s or in the temporary folder (log: %s)' "$1" "$prefix/wheels" "$2"
  elif grep -qiE 'resolution|NewConnectionError|ConnectTimeout|ProxyError|unreachable|timed out|SSLError|from versions: none' "$2"; then
    printf 'could not download %s: is there a network? (log: %s)' "$1" "$2"
  else
    printf 'pip could not download %s: %s (log: %s)' "$1" "$(grep -m 1 '^ERROR' "$2" || tail -n 1 "$2")" "$2"
  fi
}
