"""One child of the fake system; its only argument is how it behaves."""

import signal
import subprocess
import sys
import time

behaviour = sys.argv[1]


def on_stop(number: int, frame: object) -> None:
    print("asked to stop", flush=True)
    if behaviour != "stubborn":
        sys.exit(0)


signal.signal(signal.SIGTERM, on_stop)
print("started", flush=True)
if behaviour == "dies":
    time.sleep(0.2)
    sys.exit(3)
if behaviour == "parent":
    offspring = subprocess.Popen(["sleep", "600"], start_new_session=True)
    print(f"offspring {offspring.pid}", flush=True)
while True:
    time.sleep(0.05)
