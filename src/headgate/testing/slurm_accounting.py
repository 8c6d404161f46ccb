"""Accounting for a test cluster: MariaDB on a socket in the cluster's folder, and slurmdbd over it.

Nobody is asked for a password (--skip-grant-tables): whoever reaches the socket may do everything, which is
root and the daemon itself. MariaDB's own tables are there all the same: slurmdbd keeps a procedure in them,
by which a user inherits the limits of the accounts above.
"""

import shutil
import socket
import subprocess
from pathlib import Path

INSTALL = "mariadb-install-db"
DAEMONS = ("mariadbd", "slurmdbd", INSTALL)
DATABASE_USER = "mysql"


def database(folder: Path) -> tuple[tuple[str, ...], Path]:
    """Arguments of a mariadbd, and its socket. Makes the folder that it needs, with its own tables."""
    place = folder / "mariadb"
    place.mkdir(0o700)
    shutil.chown(place, DATABASE_USER, DATABASE_USER)
    address = place / "socket"
    where = ("--no-defaults", f"--datadir={place}", "--innodb-log-file-size=8M")
    quietly = ("--skip-test-db", "--auth-root-authentication-method=normal", f"--user={DATABASE_USER}")
    subprocess.run([INSTALL, *where, *quietly], check=True, capture_output=True, cwd=place)
    arguments = (
        *where,
        f"--socket={address}",
        f"--pid-file={place}/pid",
        "--skip-networking",
        "--skip-grant-tables",
        # A database for a minute: nothing in it has to survive the machine.
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=32M",
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
