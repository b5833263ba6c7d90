# Reports that it runs, defers the first announcement of an update and lets the second one go on, with the SDK's client of version 2.
import threading

from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import ComponentUpdatePolicyEvents, ReportedLifecycleState, ServiceError

over = threading.Event()
has_deferred = False


def on_stream_event(event: ComponentUpdatePolicyEvents) -> None:
    global has_deferred
    if event.pre_update_event:
        is_first = not has_deferred
        has_deferred = True
        print("defers" if is_first else "lets go on", flush=True)
        ipc_client.defer_component_update_async(deployment_id=event.pre_update_event.deployment_id, recheck_after_ms=1 if is_first else 0)
    if event.post_update_event:
        print("updated", flush=True)
        over.set()


ipc_client = GreengrassCoreIPCClientV2()
ipc_client.update_state(state=ReportedLifecycleState.RUNNING)
try:
    ipc_client.subscribe_to_component_updates(on_stream_event=on_stream_event, on_stream_error=lambda error: True, on_stream_closed=lambda: None)
    print("waits for updates", flush=True)
    over.wait()
except ServiceError:
    print("no updates here", flush=True)
ipc_client.close()
