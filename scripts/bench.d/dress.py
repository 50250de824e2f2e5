# SPDX-License-Identifier: MIT
"""Plain bars, timestamp,open,high,low,close,volume, as some write their numbers."""


def grouped(text):
    """1234.5 as "1,234.5", which needs quotes only where there is a comma."""
    whole, _, decimals = text.partition(".")
    written = f"{int(whole):,}" + ("." + decimals if decimals else "")
    return f'"{written}"' if "," in written else written


def scaled(text):
    """A price times 1e9, as an integer."""
    whole, _, decimals = text.partition(".")
    return str(int(whole + decimals.ljust(9, "0")[:9]))


def row(kind, fields):
    time, *prices, volume = fields
    if kind == "grouped":
        return [time, *map(grouped, prices), grouped(volume)]
    if kind == "suffix":
        return [time, *prices, f"{float(volume):.2f}" + "KM"[len(volume) % 2]]
    return [time, *map(scaled, prices), volume]


def dress(kind, path):
    """Write the file anew in place."""
    with open(path, encoding="ascii") as file:
        header, *lines = file.read().splitlines()
    with open(path, "w", encoding="ascii") as file:
        file.write(header + "\n")
        file.writelines(",".join(row(kind, line.split(","))) + "\n" for line in lines)
