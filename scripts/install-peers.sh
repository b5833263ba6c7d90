#!/usr/bin/env bash
# Installs what test/interop, test/local and the check of the site can use beside Node: mosquitto, AWS' SDKs for Python and Java, Chromium. What
# cannot be installed here is left out, and the tests that need it are skipped and say so. Ends with 0 whatever happens; at most PEERS_SECONDS for each step (90).
set -uo pipefail

PEERS="${GGRX_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/greengrass-rx/peers}"
PYTHON_SDK=1.31.0
JAVA_SDK="$(sed -n 's|.*<version>\(.*\..*\)</version>.*|\1|p' "$(dirname "$0")/../test/interop/java/pom.xml")"
limit=()
if command -v timeout >/dev/null; then limit=(timeout --kill-after=5 "${PEERS_SECONDS:-90}"); fi
mkdir -p "$PEERS"

quietly() {
  "${limit[@]}" "$@" >"$PEERS/log.$BASHPID" 2>&1 || { echo "  failed: $*"; tail -n 3 "$PEERS/log.$BASHPID"; return 1; }
}

debian_packages() {
  local missing=()
  [ -x /usr/sbin/mosquitto ] || command -v mosquitto >/dev/null || missing+=(mosquitto)
  command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
  if [ "${#missing[@]}" = 0 ]; then echo 'mosquitto, chromium: are there'; return; fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then echo "${missing[*]}: left out (needs apt-get and root)"; return; fi
  quietly apt-get update -qq
  for package in "${missing[@]}"; do
    # A service must not be started: the tests start their own, each at a port of its own.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive quietly apt-get install -y -qq --no-install-recommends "$package" && echo "$package: installed"
  done
}

python_sdk() {
  if [ -f "$PEERS/python-$PYTHON_SDK" ]; then echo "awsiotsdk $PYTHON_SDK (Python): is there"; return; fi
  if ! command -v python3 >/dev/null; then echo 'awsiotsdk (Python): left out (needs python3)'; return; fi
  rm -rf "$PEERS/python"
  quietly python3 -m venv "$PEERS/python" &&
    quietly "$PEERS/python/bin/python" -m pip install --quiet --disable-pip-version-check "awsiotsdk==$PYTHON_SDK" &&
    touch "$PEERS/python-$PYTHON_SDK" && echo "awsiotsdk $PYTHON_SDK (Python): installed"
}

java_sdk() {
  if [ -f "$PEERS/java-$JAVA_SDK" ]; then echo "aws-iot-device-sdk $JAVA_SDK (Java): is there"; return; fi
  if ! command -v mvn >/dev/null || ! command -v javac >/dev/null; then echo 'aws-iot-device-sdk (Java): left out (needs mvn and javac)'; return; fi
  rm -rf "$PEERS/java"
  quietly mvn -B -q -f "$(dirname "$0")/../test/interop/java/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies -DoutputDirectory="$PEERS/java" &&
    touch "$PEERS/java-$JAVA_SDK" && echo "aws-iot-device-sdk $JAVA_SDK (Java): installed"
}

python_sdk &
java_sdk &
debian_packages
wait
rm -f "$PEERS"/log.*
exit 0
