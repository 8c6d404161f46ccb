"""Accounting for a test cluster: MariaDB on a socket in the cluster's folder, and slurmdbd over it.

MariaDB starts on an empty folder without its own tables (--skip-grant-tables): whoever reaches the socket may
do everything, which is root and the daemon itself.
"""

import shutil
import socket
from pathlib import Path

DAEMONS = ("mariadbd", "slurmdbd")
DATABASE_USER = "mysql"


def database(folder: Path) -> tuple[tuple[str, ...], Path]:
    """Arguments of a mariadbd, and its socket. Makes the folder that it needs."""
    place = folder / "mariadb"
    place.mkdir(0o700)
    shutil.chown(place, DATABASE_USER, DATABASE_USER)
    address = place / "socket"
    arguments = (
        "--no-defaults",
        f"--datadir={place}",
        f"--socket={address}",
        f"--pid-file={place}/pid",
        "--skip-networking",
        "--skip-grant-tables",
        # A database for a minute: nothing in it has to survive the machine.
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=32M",
        "--innodb-log-file-size=8M",
    )
    return arguments, address


def listens(address: Path) -> bool:
    """Whether somebody takes connections on it."""
    with socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(str(address)) == 0


def write_slurmdbd_conf(folder: Path, port: int, munge: Path) -> None:
    """slurmdbd.conf(5), beside slurm.conf, where slurmdbd looks for it; it wants nobody else to read it."""
    lines = [
        "AuthType=auth/munge",
        f"AuthInfo=socket={munge}",
        "DbdHost=localhost",
        "DbdAddr=127.0.0.1",
        f"DbdPort={port}",
        "SlurmUser=root",
        f"PidFile={folder}/slurmdbd.pid",
        "StorageType=accounting_storage/mysql",
        # By the socket that MYSQL_UNIX_PORT names.
        "StorageHost=localhost",
        "StorageUser=root",
        "StorageLoc=slurm_acct_db",
    ]
    conf = folder / "slurmdbd.conf"
    conf.touch(0o600)
    conf.write_text("\n".join(lines) + "\n")


def settings(port: int, munge: Path) -> list[str]:
    """Lines of slurm.conf(5). With auth/munge the password is the name of munged's socket."""
    return [
        "AccountingStorageType=accounting_storage/slurmdbd",
        "AccountingStorageHost=127.0.0.1",
        f"AccountingStoragePort={port}",
        f"AccountingStoragePass={munge}",
    ]
