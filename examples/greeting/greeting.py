"""Greet somebody, as the configuration says."""

import sys
import time

import attrs

import meshconf
from meshconf import Seconds, setting


@attrs.frozen
class Greeting:
    name: str = "world"
    times: int = setting(1, ge=1, le=10, help="How often to greet.")
    pause: Seconds = setting(0.0, ge=0, help="Seconds between two greetings.")


try:
    greeting = meshconf.load("greeting.toml", schema=Greeting, prefix="GREETING_")
except meshconf.ConfigError as error:
    sys.exit(str(error))

for number in range(greeting.times):
    time.sleep(greeting.pause if number else 0.0)
    print(f"Hello, {greeting.name}!")
