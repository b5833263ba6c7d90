module greengrass-rx/bench/benthos

go 1.25.2

require (
	github.com/eclipse/paho.mqtt.golang v1.5.1
	github.com/redpanda-data/benthos/v4 v4.60.0
)
