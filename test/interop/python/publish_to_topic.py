# The way of the developer guide's page "Publish/subscribe local messages" with the SDK's client of version 2.
import sys

from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import (
    BinaryMessage,
    JsonMessage,
    PublishMessage
)

topic = sys.argv[1]
ipc_client = GreengrassCoreIPCClientV2()
ipc_client.publish_to_topic(topic=topic, publish_message=PublishMessage(
    binary_message=BinaryMessage(message=bytes("Hello, World", "utf-8"))))
ipc_client.publish_to_topic(topic=topic, publish_message=PublishMessage(
    json_message=JsonMessage(message={"celsius": 21.5})))
print("Published", flush=True)
ipc_client.close()
