"""Becomes another program that dies with its parent and, started by root, does not run as root.

    python -I -S launch.py PARENT_PID DEATH_SIGNAL UID:GID[+traverse]|- PROGRAM ARGUMENTS...

A supervisor that is killed with SIGKILL cannot stop its children; on Linux the kernel does it, if each child has asked
for a signal on its parent's death. That request, and the change of user, belong between fork and exec; doing them
here, in a fresh single-threaded process, avoids running Python in the fork of a process with threads. It uses the
standard library alone, because it stands in the way of every start.
"""

import ctypes
import os
import signal
import sys
from typing import Final, NoReturn

# From linux/prctl.h and linux/capability.h.
PR_SET_PDEATHSIG: Final = 1
PR_SET_KEEPCAPS: Final = 8
PR_SET_SECUREBITS: Final = 28
SECBIT_NO_SETUID_FIXUP: Final = 1 << 2
PR_CAP_AMBIENT: Final = 47
PR_CAP_AMBIENT_RAISE: Final = 2
CAPABILITY_VERSION_3: Final = 0x20080522
CAP_DAC_OVERRIDE: Final = 1

TRAVERSE: Final = "+traverse"


def main(arguments: list[str]) -> NoReturn:
    parent, death_signal, identity, *command = arguments
    if identity != "-":
        change_user(identity)
    # After the change of user, because that withdraws the request.
    if sys.platform == "linux":
        die_with_parent(int(parent), int(death_signal))
    try:
        os.execvp(command[0], command)  # noqa: S606 - the command comes from this package
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")


def die_with_parent(parent: int, death_signal: int) -> None:
    _libc().prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before the request: nobody would ever stop this process
        os.kill(os.getpid(), signal.SIGKILL)


def change_user(identity: str) -> None:
    """Drops root. With `+traverse` it keeps the right to pass folders closed to others, such as /root."""
    numbers, traverse, _ = identity.partition(TRAVERSE)
    uid, gid = (int(number) for number in numbers.split(":"))
    keep = bool(traverse) and sys.platform == "linux"
    if keep:
        # Without it access(2), by which initdb looks for the server's program, does as if the capability were not there.
        _libc().prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
        _libc().prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if keep:
        _keep_only(CAP_DAC_OVERRIDE)


def _keep_only(capability: int) -> None:
    """Gives up all capabilities but one, and hands that one to the next program.

    Where the machine refuses (a container without it), the program fails by itself with "permission denied".
    """
    bits = 1 << capability
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    # Effective, permitted and inheritable, for capabilities 0..31 and then 32..63.
    data = (ctypes.c_uint32 * 6)(bits, bits, bits, 0, 0, 0)
    if _libc().capset(header, data) == 0:
        _libc().prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    main(sys.argv[1:])
