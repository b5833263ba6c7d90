#!/usr/bin/env bash
# Installs what test/interop, test/fleet, test/local and the check of the site can use beside Node: mosquitto, AWS' SDKs for Python and Java, Flink, Kafka, cfn-lint,
# Chromium. What
# cannot be installed here is left out, and the tests that need it are skipped and say so. Ends with 0 whatever happens; at most PEERS_SECONDS for each step (90).
set -uo pipefail

PEERS="${GGRX_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/greengrass-rx/peers}"
PYTHON_SDK=1.31.0
CFN_LINT=1.58.0
FLINK="$(sed -n 's|.*<flink>\(.*\)</flink>.*|\1|p' "$(dirname "$0")/../test/fleet/java/pom.xml")"
KAFKA="$(sed -n 's|.*<version>\(.*\..*\)</version>.*|\1|p' "$(dirname "$0")/../test/fleet/kafka/pom.xml")"
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

# A linter of CloudFormation templates, by their published schema.
cfn_lint() {
  if [ -f "$PEERS/cfn-lint-$CFN_LINT" ]; then echo "cfn-lint $CFN_LINT: is there"; return; fi
  if ! command -v python3 >/dev/null; then echo 'cfn-lint: left out (needs python3)'; return; fi
  rm -rf "$PEERS/cfn-lint"
  quietly python3 -m venv "$PEERS/cfn-lint" &&
    quietly "$PEERS/cfn-lint/bin/python" -m pip install --quiet --disable-pip-version-check "cfn-lint==$CFN_LINT" &&
    touch "$PEERS/cfn-lint-$CFN_LINT" && echo "cfn-lint $CFN_LINT: installed"
}

# jars NAME VERSION FOLDER: what a pom of the tests names, into a folder.
jars() {
  if [ -f "$PEERS/$1-$2" ]; then echo "$1 $2: is there"; return; fi
  if ! command -v mvn >/dev/null || ! command -v javac >/dev/null; then echo "$1: left out (needs mvn and javac)"; return; fi
  rm -rf "${PEERS:?}/$1"
  quietly mvn -B -q -f "$(dirname "$0")/../test/fleet/$3/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies -DoutputDirectory="$PEERS/$1" &&
    touch "$PEERS/$1-$2" && echo "$1 $2: installed"
}

python_sdk &
cfn_lint &
(java_sdk; jars flink "$FLINK" java; jars kafka "$KAFKA" kafka) &
debian_packages
wait
rm -f "$PEERS"/log.*
exit 0
