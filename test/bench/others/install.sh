#!/usr/bin/env bash
# Installs what `npm run bench:others` measures beside this library, into the folder of the other peers: Effect and Node-RED from npm, Telegraf and Benthos
# built by Go, which takes minutes. What cannot be installed is left out, and the benchmark says so.
set -uo pipefail

PROGRAMS="$(cd "$(dirname "${BASH_SOURCE[0]}")/programs" && pwd)"
FOLDER="${GGRX_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/greengrass-rx/peers}/others"
TELEGRAF=1.37.2
# Its own way to a build with few plugins: https://github.com/influxdata/telegraf/tree/master/tools/custom_builder.
PLUGINS=custom,inputs.mqtt_consumer,parsers.json_v2,aggregators.basicstats,outputs.mqtt,serializers.template
export CGO_ENABLED=0

mkdir -p "$FOLDER/bin"
cp -R "$PROGRAMS/." "$FOLDER"
cd "$FOLDER" || exit

if ! cmp -s package.json installed.json; then
  npm install --no-audit --no-fund --no-package-lock && cp package.json installed.json || rm -rf node_modules
fi
if ! command -v go >/dev/null; then
  echo 'Telegraf, Benthos: left out (need go)'
  exit 0
fi
if [ ! -x "bin/telegraf-$TELEGRAF" ]; then
  echo "Telegraf $TELEGRAF is being built"
  GOBIN="$FOLDER/bin" go install -tags "$PLUGINS" "github.com/influxdata/telegraf/cmd/telegraf@v$TELEGRAF" &&
    cp bin/telegraf "bin/telegraf-$TELEGRAF" || rm -f bin/telegraf
fi
# Go itself knows whether anything has changed. The sums of what it fetches are those of its public list.
(cd benthos && go build -mod=mod -o ../bin/benthos .) || rm -f bin/benthos
exit 0
