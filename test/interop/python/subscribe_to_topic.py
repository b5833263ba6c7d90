# The way of the developer guide's page "Publish/subscribe local messages" with the SDK's client of version 2.
import sys
import time

from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import SubscriptionResponseMessage


def on_stream_event(event: SubscriptionResponseMessage) -> None:
    if event.binary_message:
        print(f"{event.binary_message.context.topic}: {str(event.binary_message.message, 'utf-8')}", flush=True)
    if event.json_message:
        print(f"{event.json_message.context.topic}: {event.json_message.message['celsius']}", flush=True)


def on_stream_error(error: Exception) -> bool:
    return True


def on_stream_closed() -> None:
    pass


ipc_client = GreengrassCoreIPCClientV2()
ipc_client.subscribe_to_topic(topic=sys.argv[1], on_stream_event=on_stream_event,
                              on_stream_error=on_stream_error, on_stream_closed=on_stream_closed)
print("Subscribed", flush=True)
while True:
    time.sleep(10)
