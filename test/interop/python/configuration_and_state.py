# The way of the developer guide's pages "Interact with component configuration" and "Interact with component lifecycle", with the SDK's client of version 2.
import datetime

from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import ReportedLifecycleState

ipc_client = GreengrassCoreIPCClientV2()
# With a fraction: Lite refuses a whole second.
timestamp = datetime.datetime.fromtimestamp(4102444800.5, datetime.timezone.utc)
ipc_client.update_configuration(key_path=[], timestamp=timestamp, value_to_merge={"interval": 5})
print(int(ipc_client.get_configuration(key_path=["interval"]).value["interval"]), flush=True)
ipc_client.update_state(state=ReportedLifecycleState.RUNNING)
print("Reported", flush=True)
ipc_client.close()
