"""`headgate serve`."""

import os
from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[
    Path | None, typer.Option("--config", envvar="HEADGATE_CONFIG", help="Settings file (TOML).")
]


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (8080); 0: any free one.")] = None,
    fronts: Annotated[
        int | None, typer.Option(help="Processes for HTTP and TLS; 0: the server's own.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of this installation.")] = None,
    engine: Annotated[str | None, typer.Option(help="What runs the jobs (local, slurm).")] = None,
    config: ConfigFile = None,
    public_url: Annotated[str | None, typer.Option(help="Address under which clients reach it.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key (PEM).")] = None,
    tls_self_signed: Annotated[
        bool | None,
        typer.Option("--tls-self-signed", help="Make a certificate and keep it in the data folder."),
    ] = None,
    insecure: Annotated[
        bool | None, typer.Option("--insecure", help="Serve other machines without TLS all the same.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    log_format: Annotated[str | None, typer.Option(help="json, console or auto.")] = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C. Jobs that are running go on running."""
    from headgate.app import plugin_options, serving
    from headgate.config import load

    given = {
        "host": host,
        "port": port,
        "fronts": fronts,
        "data": data and str(data),
        "engine": engine,
        "public_url": public_url,
        "tls_cert": tls_cert and str(tls_cert),
        "tls_key": tls_key and str(tls_key),
        "tls_self_signed": tls_self_signed,
        "insecure": insecure,
        "log_level": log_level,
        "log_format": log_format,
    }
    flags = {f"server.{name}": value for name, value in given.items() if value is not None}
    loaded = load(config, os.environ, flags, plugin_options())
    serving.serve(loaded, lambda line: print(line, flush=True))
