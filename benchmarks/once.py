"""Live the whole life of a fresh process: import one job, load once, end.

`once.py JOB` says nothing; `once.py JOB peak` prints the most memory it held, in bytes.
"""

from __future__ import annotations

import sys

sys.path.append(__file__.rpartition("/")[0])  # the isolated mode leaves the script's folder out


def peak() -> int:
    """Return the peak of the resident memory of this process."""
    # On Linux `ru_maxrss` survives exec: it would count the process that started this one.
    try:
        with open("/proc/self/status") as status:  # noqa: PTH123 - as little as can be
            return next(int(line.split()[1]) * 1024 for line in status if line[:6] == "VmHWM:")
    except (OSError, StopIteration):
        import resource

        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return size if sys.platform == "darwin" else size * 1024


kept = __import__(f"jobs.{sys.argv[1]}", fromlist=["load"]).load()
if sys.argv[2:] == ["peak"]:
    print(peak())
