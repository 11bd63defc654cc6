# Keeps 40 MiB, and writes their hash when it gets SIGUSR1.
import hashlib, os, signal
part = bytearray(os.urandom(1024) * 1024)
kept = []
for i in range(40):
    part[0:2] = i.to_bytes(2, "little")
    kept.append(bytes(part))
def answer(*_):
    digest = hashlib.sha256()
    for bytes_kept in kept:
        digest.update(bytes_kept)
    with open("/shared/part", "w") as file:
        file.write(digest.hexdigest())
    os.rename("/shared/part", "/shared/digest")
signal.signal(signal.SIGUSR1, answer)
answer()
while True:
    signal.pause()
