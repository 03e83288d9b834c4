"""What the kernel lets a question do: no capabilities, and a filter of system calls. Runs inside the sandbox."""

import ctypes
import os
import platform
import struct
import sys

LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

# System calls that an answer never needs, by machine. Without fork, exec, signals and namespaces there is no fork bomb,
# no survivor, and little of the kernel within reach. Whoever grades as root owns /dev/null, and so does the question:
# no change of modes, owners and times either, and no locks, leases and watches on files that others use. Threads
# remain: TensorFlow needs them.
DENIED = {
    "x86_64": dict(
        fork=57, vfork=58, execve=59, execveat=322, kill=62, tkill=200, tgkill=234, rt_sigqueueinfo=129,
        rt_tgsigqueueinfo=297, pidfd_open=434, pidfd_send_signal=424, pidfd_getfd=438, ptrace=101,
        process_vm_readv=310, process_vm_writev=311, unshare=272, setns=308, mount=165, umount2=166, pivot_root=155,
        chroot=161, open_tree=428, move_mount=429, fsopen=430, fsconfig=431, fsmount=432, mount_setattr=442,
        bpf=321, perf_event_open=298, userfaultfd=323, io_uring_setup=425, add_key=248, request_key=249, keyctl=250,
        memfd_create=319, shmget=29, msgget=68, semget=64, socket=41, syslog=103, kcmp=312, chmod=90, fchmod=91,
        fchmodat=268, fchmodat2=452, chown=92, fchown=93, lchown=94, fchownat=260, utime=132, utimes=235, futimesat=261,
        utimensat=280, setxattr=188, lsetxattr=189, fsetxattr=190, setxattrat=463, removexattr=197, lremovexattr=198,
        fremovexattr=199, removexattrat=466, file_setattr=469,
        flock=73, io_setup=206, inotify_init=253, inotify_init1=294, fanotify_init=300,
    ),
    "aarch64": dict(
        execve=221, execveat=281, kill=129, tkill=130, tgkill=131, rt_sigqueueinfo=138, rt_tgsigqueueinfo=240,
        pidfd_open=434, pidfd_send_signal=424, pidfd_getfd=438, ptrace=117, process_vm_readv=270,
        process_vm_writev=271, unshare=97, setns=268, mount=40, umount2=39, pivot_root=41, chroot=51, open_tree=428,
        move_mount=429, fsopen=430, fsconfig=431, fsmount=432, mount_setattr=442, bpf=280, perf_event_open=241,
        userfaultfd=282, io_uring_setup=425, add_key=217, request_key=218, keyctl=219, memfd_create=279, shmget=194,
        msgget=186, semget=190, socket=198, syslog=116, kcmp=272, fchmod=52, fchmodat=53, fchmodat2=452, fchown=55,
        fchownat=54, utimensat=88, setxattr=5, lsetxattr=6, fsetxattr=7, setxattrat=463, removexattr=14,
        lremovexattr=15, fremovexattr=16, removexattrat=466, file_setattr=469, io_setup=0, flock=32, inotify_init1=26,
        fanotify_init=262,
    ),
}  # fmt: skip
FCNTL = {"x86_64": 72, "aarch64": 25}
# Of fcntl: locks of two kinds, who is told of events, leases, notes of changes, larger pipes.
DENIED_FCNTL = (5, 6, 7, 8, 10, 15, 36, 37, 38, 1024, 1026, 1031)
AUDIT = {"x86_64": (0xC000003E, 56), "aarch64": (0xC00000B7, 220)}  # the machine's number, and that of clone


def system(result):
    """Raise OSError if a call into the C library failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def drop_capabilities():
    system(LIBC.prctl(38, 1, 0, 0, 0))  # PR_SET_NO_NEW_PRIVS
    for capability in range(64):
        LIBC.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP; fails where there is none of this number
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    system(LIBC.capset(ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)())))


def filter_system_calls():
    """Let the kernel answer the calls in DENIED, and clone for anything but a thread, with "not permitted"."""
    machine = platform.machine()
    audit, clone = AUDIT[machine]
    refuse, allow = 0x00050000 | 1, 0x7FFF0000
    code = [
        (0x20, 0, 0, 4), (0x15, 1, 0, audit), (0x06, 0, 0, 0x80000000),  # another machine's calls: the end
        (0x20, 0, 0, 0), (0x35, 0, 1, 0x40000000), (0x06, 0, 0, refuse),
    ]  # fmt: skip
    for number in DENIED[machine].values():
        code += [(0x15, 0, 1, number), (0x06, 0, 0, refuse)]
    most = len(DENIED_FCNTL)
    code += [(0x15, 0, 2 * most + 2, FCNTL[machine]), (0x20, 0, 0, 24)]  # its second argument
    for number in DENIED_FCNTL:
        code += [(0x15, 0, 1, number), (0x06, 0, 0, refuse)]
    code += [(0x06, 0, 0, allow)]
    code += [(0x15, 0, 1, 435), (0x06, 0, 0, 0x00050000 | 38)]  # clone3: "unknown", so that the C library uses clone
    code += [(0x15, 0, 3, clone), (0x20, 0, 0, 16), (0x45, 1, 0, 0x00010000), (0x06, 0, 0, refuse), (0x06, 0, 0, allow)]
    packed = b"".join(struct.pack("=HBBI", *line) for line in code)
    memory = ctypes.create_string_buffer(packed, len(packed))
    program = struct.pack("@HxxxxxxP", len(code), ctypes.addressof(memory))
    system(LIBC.prctl(22, 2, ctypes.c_char_p(program), 0, 0))  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
