"""Type hints for what configurations often hold, with their units and bounds."""

from __future__ import annotations

from typing import Annotated

import annotated_types

__all__ = ["Bytes", "Port", "Ratio", "Seconds"]

#: Seconds as a float in Python; a file or a variable may also say "500ms" or "1h30m".
Seconds = Annotated[float, annotated_types.Unit("s")]

#: Bytes as an int in Python; a file or a variable may also say "64KiB".
Bytes = Annotated[int, annotated_types.Unit("B")]

#: A share between 0 and 1, both included.
Ratio = Annotated[float, annotated_types.Interval(ge=0, le=1)]

#: A TCP or UDP port, 1 to 65535; 0 means "any" to an operating system and is no address.
Port = Annotated[int, annotated_types.Interval(ge=1, le=65535)]
