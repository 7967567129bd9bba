"""What a running system writes about itself."""

from ordercast.infra.local.state import ProcessRecord, StateFolder, SystemInfo


def system_info(folder: StateFolder, supervisor: ProcessRecord) -> SystemInfo:
    return SystemInfo(
        supervisor=supervisor,
        phase="running",
        folder=str(folder.root),
        port_offset=10,
        ports={"order_api": 8010},
        urls={"order_api": "http://127.0.0.1:8010", "console": "http://127.0.0.1:8015"},
        database_url="postgresql+asyncpg://ordercast:secret@127.0.0.1:15442/ordercast",
        kafka_bootstrap="127.0.0.1:19102",
        partitions=8,
        token_private_key_file="private.pem",
        token_public_key_file="public.pem",
        artifacts_dir="artifacts",
        logs_dir="logs",
        control_socket="control",
        processes={},
    )
