"""Run a program as another user: `python as_user.py UID GID enter|plain PROGRAM ARGUMENTS...`

PostgreSQL refuses to run as root. In a container everything is root, and the checkout may lie in a
folder that only root may enter. With `enter` the program keeps one capability of root, to pass
through such folders; that leaves the folders' modes alone. It is a script of its own, on nothing
but the standard library, because the project cannot be imported any more after the change of user.
"""

import ctypes
import os
import sys

CAP_DAC_OVERRIDE = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
LINUX_CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _check(result: int, what: str) -> None:
    if result != 0:
        sys.exit(f"{what}: {os.strerror(ctypes.get_errno())}")


def _keep_entry(libc: ctypes.CDLL) -> None:
    """Make CAP_DAC_OVERRIDE survive the coming exec, and nothing else of root."""
    mask = 1 << CAP_DAC_OVERRIDE
    header = _Header(LINUX_CAPABILITY_VERSION_3, 0)
    sets = (_Sets * 2)(_Sets(mask, mask, mask), _Sets(0, 0, 0))
    _check(libc.capset(ctypes.byref(header), sets), "capset")
    _check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0), "prctl")


def main(uid: int, gid: int, entry: str, command: list[str]) -> None:
    """Become the user and turn into the command."""
    libc = ctypes.CDLL(None, use_errno=True)
    if entry == "enter":
        # Or the change of user would drop the capability, and access(2), by which PostgreSQL looks
        # for its own programs, would not count it.
        _check(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "prctl")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if entry == "enter":
        _keep_entry(libc)
    os.execv(command[0], command)  # noqa: S606 # replacing this process is the purpose


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
