// Benthos, the engine of Redpanda Connect and of its fork Bento, with an MQTT input and output: those of both are not part of the
// engine. These do with the same client what theirs do: https://warpstreamlabs.github.io/bento/docs/components/inputs/mqtt.
package main

import (
	"context"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
)

func main() {
	service.RunCLI(context.Background())
}

func connected(conf *service.ParsedConfig) (mqtt.Client, error) {
	url, err := conf.FieldString("url")
	if err != nil {
		return nil, err
	}
	client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url))
	token := client.Connect()
	token.Wait()
	return client, token.Error()
}

type input struct {
	conf     *service.ParsedConfig
	messages chan mqtt.Message
}

func (i *input) Connect(context.Context) error {
	topic, err := i.conf.FieldString("topic")
	if err != nil {
		return err
	}
	qos, err := i.conf.FieldInt("qos")
	if err != nil {
		return err
	}
	client, err := connected(i.conf)
	if err != nil {
		return err
	}
	token := client.Subscribe(topic, byte(qos), func(_ mqtt.Client, message mqtt.Message) { i.messages <- message })
	token.Wait()
	return token.Error()
}

func (i *input) Read(ctx context.Context) (*service.Message, service.AckFunc, error) {
	select {
	case received := <-i.messages:
		message := service.NewMessage(received.Payload())
		message.MetaSetMut("mqtt_topic", received.Topic())
		// The client acknowledges what its handler has taken.
		return message, func(context.Context, error) error { return nil }, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

func (i *input) Close(context.Context) error { return nil }

type output struct {
	conf   *service.ParsedConfig
	topic  *service.InterpolatedString
	qos    byte
	client mqtt.Client
}

func (o *output) Connect(context.Context) (err error) {
	o.client, err = connected(o.conf)
	return err
}

func (o *output) Write(_ context.Context, message *service.Message) error {
	topic, err := o.topic.TryString(message)
	if err != nil {
		return err
	}
	payload, err := message.AsBytes()
	if err != nil {
		return err
	}
	token := o.client.Publish(topic, o.qos, false, payload)
	token.Wait()
	return token.Error()
}

func (o *output) Close(context.Context) error { return nil }

func init() {
	fields := func() *service.ConfigSpec {
		return service.NewConfigSpec().Field(service.NewStringField("url")).Field(service.NewIntField("qos").Default(1))
	}
	service.MustRegisterInput("mqtt", fields().Field(service.NewStringField("topic")),
		func(conf *service.ParsedConfig, _ *service.Resources) (service.Input, error) {
			return service.AutoRetryNacks(&input{conf: conf, messages: make(chan mqtt.Message)}), nil
		})
	service.MustRegisterOutput("mqtt", fields().Field(service.NewInterpolatedStringField("topic")).Field(service.NewOutputMaxInFlightField()),
		func(conf *service.ParsedConfig, _ *service.Resources) (service.Output, int, error) {
			topic, err := conf.FieldInterpolatedString("topic")
			if err != nil {
				return nil, 0, err
			}
			qos, err := conf.FieldInt("qos")
			if err != nil {
				return nil, 0, err
			}
			atOnce, err := conf.FieldMaxInFlight()
			return &output{conf: conf, topic: topic, qos: byte(qos)}, atOnce, err
		})
}
