#!/usr/bin/env bash
# Installs what test/interop, test/fleet, test/local and the check of the site can use beside Node: mosquitto, AWS' SDKs for Python and Java, Flink, Kafka,
# cfn-lint, Chromium; and zsh and fish, for test/cli. What cannot be installed here is left out, and the tests that need it are skipped and say so.
# Where a step fails, nothing of it stays: the tests believe a folder that is there to be complete.
# Ends with 0 whatever happens; at most PEERS_SECONDS for each step (90).
set -uo pipefail

PEERS="${GGRX_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/greengrass-rx/peers}"
PYTHON_SDK=1.31.0
CFN_LINT=1.58.0
TESTS="$(dirname "$0")/../test"
limit=()
if command -v timeout >/dev/null; then limit=(timeout --kill-after=5 "${PEERS_SECONDS:-90}"); fi
mkdir -p "$PEERS"

# The version that a pom of the tests names: Flink's is a property, for it has many parts.
version_in() {
  sed -n -e 's|.*<flink>\(.*\)</flink>.*|\1|p' -e 's|.*<version>\(.*\..*\)</version>.*|\1|p' "$TESTS/$1/pom.xml" | head -n 1
}

quietly() {
  local log
  log=$(mktemp)
  ${limit[@]+"${limit[@]}"} "$@" >"$log" 2>&1 || { echo "  failed: $*"; tail -n 3 "$log"; rm "$log"; return 1; }
  rm "$log"
}

debian_packages() {
  local missing=()
  [ -x /usr/sbin/mosquitto ] || command -v mosquitto >/dev/null || missing+=(mosquitto)
  command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
  for shell in zsh fish; do command -v "$shell" >/dev/null || missing+=("$shell"); done
  if [ "${#missing[@]}" = 0 ]; then echo 'mosquitto, chromium, zsh, fish: are there'; return; fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then echo "${missing[*]}: left out (needs apt-get and root)"; return; fi
  quietly apt-get update -qq
  for package in "${missing[@]}"; do
    # A service must not be started: the tests start their own, each at a port of its own.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive quietly apt-get install -y -qq --no-install-recommends "$package" && echo "$package: installed"
  done
}

# python_package FOLDER VERSION PACKAGE WHAT: a package of Python's, in an environment of its own.
python_package() {
  if [ -f "$PEERS/$1-$2" ]; then echo "$4 $2: is there"; return; fi
  if ! command -v python3 >/dev/null; then echo "$4: left out (needs python3)"; return; fi
  rm -rf "${PEERS:?}/$1"
  quietly python3 -m venv "$PEERS/$1" &&
    quietly "$PEERS/$1/bin/python" -m pip install --quiet --disable-pip-version-check "$3==$2" &&
    touch "$PEERS/$1-$2" && echo "$4 $2: installed" || rm -rf "${PEERS:?}/$1"
}

# jars FOLDER VERSION POM WHAT: what a pom of the tests names.
jars() {
  if [ -f "$PEERS/$1-$2" ]; then echo "$4 $2: is there"; return; fi
  if ! command -v mvn >/dev/null || ! command -v javac >/dev/null; then echo "$4: left out (needs mvn and javac)"; return; fi
  rm -rf "${PEERS:?}/$1"
  quietly mvn -B -q -f "$TESTS/$3/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies -DoutputDirectory="$PEERS/$1" &&
    touch "$PEERS/$1-$2" && echo "$4 $2: installed" || rm -rf "${PEERS:?}/$1"
}

python_package python "$PYTHON_SDK" awsiotsdk 'awsiotsdk (Python)' &
python_package cfn-lint "$CFN_LINT" cfn-lint cfn-lint &
(
  jars java "$(version_in interop/java)" interop/java 'aws-iot-device-sdk (Java)'
  jars flink "$(version_in fleet/java)" fleet/java Flink
  jars kafka "$(version_in fleet/kafka)" fleet/kafka Kafka
) &
debian_packages
wait
exit 0
