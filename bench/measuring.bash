# Shared by the measuring scripts: programs on loopback that end with the script, one run of nekod-bench,
# and its figures. To be sourced from the project's root.

programs="${NEKOD_BIN_DIR:-build/release}"
# The address and the process of each started server, by its name.
declare -A address=() process=()

usage() { # SCRIPT CODE: its first lines
  awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$1"
  exit "$2"
}

is_number() {
  [[ "$1" =~ ^[1-9][0-9]*$ ]]
}

# A folder for all files, which is deleted at the end; the servers end too. Sets workplace.
open_workplace() {
  local program
  for program in nekod nekod-sim nekod-bench; do
    [ -x "$programs/$program" ] || {
      echo "there is no $programs/$program; build the preset release first" >&2
      exit 1
    }
  done
  workplace="$(mktemp -d)"
  trap close_workplace EXIT
  trap 'exit 130' INT TERM
}

close_workplace() {
  local name
  for name in "${!process[@]}"; do
    kill "${process[$name]}" 2>/dev/null || true
  done
  for name in "${!process[@]}"; do
    timeout 10 tail --pid="${process[$name]}" -f /dev/null || kill -9 "${process[$name]}" || true
  done
  rm -rf "$workplace"
}

# Starts a server that logs its address. Sets address[NAME] and process[NAME].
start() { # NAME PATH COMMAND...
  local name="$1" path="$2" log="$workplace/$1.log" tries=0 port=
  shift 2
  "$@" >"$log" 2>&1 &
  process[$name]=$!
  while [ -z "$port" ]; do
    if ((++tries > 600)) || ! kill -0 "${process[$name]}" 2>/dev/null; then
      echo "$name does not start:" >&2
      cat "$log" >&2
      exit 1
    fi
    sleep 0.1
    port="$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$log" | head -n 1)"
  done
  address[$name]="http://127.0.0.1:$port$path"
}

# Ends a server, and waits for its end.
stop() { # NAME
  kill "${process[$1]}"
  wait "${process[$1]}" || true
  unset "process[$1]" "address[$1]"
}

start_simulator() { # [FLAG...]
  start simulator /api/v1 "$programs/nekod-sim" --port 0 "$@"
}

# Makes cert.pem for localhost and key.pem in the workplace.
make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$workplace/key.pem" -out "$workplace/cert.pem" \
    2>/dev/null
}

# After make_certificate.
start_secure_simulator() {
  start secure-simulator /api/v1 "$programs/nekod-sim" --port 0 --tls-cert "$workplace/cert.pem" \
    --tls-key "$workplace/key.pem"
  address[secure-simulator]="${address[secure-simulator]/http:/https:}"
}

# Without settings in the working folder and the environment. Later flags replace earlier ones.
start_nekod() { # NAME [FLAG...]
  local name="$1" program
  shift
  program="$(realpath "$programs/nekod")"
  start "$name" /v1 env -i -C "$workplace" "$program" --port 0 --upstream anuneko \
    --anuneko-url "${address[simulator]}" --anuneko-token token "$@"
}

# nekod with TLS on both sides. After start_secure_simulator.
start_secure_nekod() { # NAME [FLAG...]
  start_nekod "$@" --tls-cert "$workplace/cert.pem" --tls-key "$workplace/key.pem" \
    --anuneko-url "${address[secure-simulator]}" --upstream-ca "$workplace/cert.pem"
  address[$1]="${address[$1]/http:/https:}"
}

# nginx in front of a simulator; with TLS on both sides if the simulator has it. After make_certificate. nginx
# cannot pick a free port itself, so several are tried.
start_nginx() { # NAME SIMULATOR
  local name="$1" tries port scheme="${address[$2]%%:*}" upstream="${address[$2]#*://}" ssl=
  [ "$scheme" = http ] || ssl=ssl
  PATH="$PATH:/usr/sbin:/sbin"
  for ((tries = 0; tries < 20; tries++)); do
    port=$((20000 + RANDOM % 12000))
    sed "s|@workplace@|$workplace|; s|@name@|$name|; s|@port@|$port|; s|@ssl@|$ssl|; s|@scheme@|$scheme|
      s|@upstream@|${upstream%%/*}|" bench/nginx.conf >"$workplace/$name.conf"
    nginx -e "$workplace/nginx.errors" -c "$workplace/$name.conf" 2>/dev/null &
    process[$name]=$!
    sleep 0.5
    if kill -0 "${process[$name]}" 2>/dev/null; then
      address[$name]="$scheme://127.0.0.1:$port/api/v1"
      return
    fi
  done
  echo "nginx does not start:" >&2
  cat "$workplace/nginx.errors" >&2
  exit 1
}

# Drives a server. The figures are in figures.json of the workplace. Errors are printed, and returned as
# nekod-bench's exit code; its complaint stays in complaint.
bench() { # NAME [FLAG...]
  local name="$1" code=0
  shift
  rm -f "$workplace/figures.json"
  timeout 300 "$programs/nekod-bench" "${address[$name]}" --watch "${process[$name]}" "$@" \
    --quiet --json "$workplace/figures.json" >"$workplace/table" 2>"$workplace/complaint" || code=$?
  ((code == 0)) || cat "$workplace/complaint" "$workplace/table" >&2
  return "$code"
}

# Runs a command for each of two servers, pair by pair, in changing order.
in_pairs() { # PAIRS NAME NAME COMMAND [ARGUMENT...], which is given a name and the pair's number, too
  local count="$1" one="$2" other="$3" command="$4" pair name order
  shift 4
  for ((pair = 1; pair <= count; pair++)); do
    order=("$one" "$other")
    ((pair % 2 == 1)) || order=("$other" "$one")
    for name in "${order[@]}"; do "$command" "$name" "$pair" "$@"; done
  done
}

# One of these figures, at the top level of the object.
figure() { # NAME
  grep -o "\"$1\":[0-9.]*" "$workplace/figures.json" | head -n 1 | cut -d: -f2
}

# KiB of a server's memory.
resident() { # NAME
  awk '/^Rss:/ { print $2 }' "/proc/${process[$1]}/smaps_rollup"
}

# Seconds of processor time that a server has used since it started.
processor_time() { # NAME
  awk -v ticks="$(getconf CLK_TCK)" '{ print ($14 + $15) / ticks }' "/proc/${process[$1]}/stat"
}

difference() { # A B
  awk -v a="$1" -v b="$2" 'BEGIN { print a - b }'
}

# The server's processor time per unit, in microseconds.
cost_of() { # answers|pieces
  quotient "$(figure watched_cpu_seconds)e6" "$(figure "$1")"
}

median() { # NUMBERS: one word, with spaces between them
  tr -s ' ' '\n' <<<"${1# }" | sort -n | awk '{ n[NR] = $1 } END {
    print NR % 2 ? n[(NR + 1) / 2] : (n[NR / 2] + n[NR / 2 + 1]) / 2 }'
}

quotient() { # A B
  awk -v a="$1" -v b="$2" 'BEGIN { print (b > 0 ? a / b : 0) }'
}

json_text() { # TEXT
  local text="${1//\\/\\\\}"
  text="${text//\"/\\\"}"
  printf '"%s"' "$(tr -d '\000-\037' <<<"$text")"
}
