# Follows its own configuration until "config/limit" changes, and refuses what a deployment has for it if it is told to validate.
import sys
import threading

from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import ConfigurationUpdateEvents, ConfigurationValidityReport, ConfigurationValidityStatus, ValidateConfigurationUpdateEvents

over = threading.Event()


def on_change(event: ConfigurationUpdateEvents) -> None:
    key = "/".join(event.configuration_update_event.key_path)
    print(f"changed {key}", flush=True)
    if key == "config/limit":
        over.set()


def on_validation(event: ValidateConfigurationUpdateEvents) -> None:
    report = ConfigurationValidityReport(
        status=ConfigurationValidityStatus.REJECTED,
        deployment_id=event.validate_configuration_update_event.deployment_id,
        message="not today")
    ipc_client.send_configuration_validity_report_async(configuration_validity_report=report).add_done_callback(lambda _: over.set())


ipc_client = GreengrassCoreIPCClientV2()
if sys.argv[1] == "validate":
    ipc_client.subscribe_to_validate_configuration_updates(on_stream_event=on_validation, on_stream_error=lambda error: True, on_stream_closed=lambda: None)
    print("validates", flush=True)
else:
    ipc_client.subscribe_to_configuration_update(key_path=[], on_stream_event=on_change, on_stream_error=lambda error: True, on_stream_closed=lambda: None)
    print("follows", flush=True)
over.wait()
ipc_client.close()
