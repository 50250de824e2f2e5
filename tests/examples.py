#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run the examples of a document, and compare what they print.

usage: examples.py DOCUMENT

Examples are the lines that begin "$ ", with continuation lines that begin "> ", in
```console blocks of a Markdown file and in literal displays of a man page's EXAMPLES.
All of a document run in order in one shell, in the current directory. What follows a
command up to the next one is what it must print, on either output; a man page may
leave it out. A command that fails is an error unless the next one is "echo $?".
"..." on a line of its own stands for any number of lines. Times taken and speeds are
not compared. Other code blocks whose first line is a comment with nothing but a file
name (/* last.c */ or # nightly.sh) are first written to that file.
"""
import re
import subprocess
import sys

MARK = "\x1e"
FIGURES = [
    (re.compile(r"\d+\.\d+ s, \d+ MB/s"), "S s, R MB/s"),
    (re.compile(r'("(?:seconds|mb_per_second)": )[0-9.e+-]+'), r"\1N"),
]


def blocks_of_markdown(text):
    for kind, body in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S):
        named = re.match(r"(?:/\* ([\w.-]+) \*/|# ([\w.-]+))\n", body)
        if kind != "console" and named:
            with open(named[1] or named[2], "w", encoding="utf-8") as out:
                out.write(body)
        elif kind == "console":
            yield body


ESCAPES = {"e": "\\", "-": "-", "&": "", "(dq": '"', "(aq": "'"}


def blocks_of_man(text):
    section = re.search(r"^\.Sh EXAMPLES\n(.*?)(?=^\.Sh |\Z)", text, re.M | re.S)
    for body in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", section[1] if section else "", re.M | re.S):
        yield re.sub(r"\\(\(..|.)", lambda m: ESCAPES[m[1]], body)


def commands(block):
    """(command, what it prints) for each of a block."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif line.startswith("> ") and found and not found[-1][1]:
            found[-1][0] += "\n" + line[2:]
        elif found:
            found[-1][1].append(line)
        else:
            sys.exit(f"a block that begins with output: {line}")
    return found


def run(all_commands):
    """The exit code and the printed lines of each."""
    script = ["status=0"]
    for command, _ in all_commands:
        script += ["(exit $status)", command, f"status=$?; printf '{MARK}%s\\n' $status"]
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", "\n".join(script)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )
    results = []
    text = done.stdout
    for _ in all_commands:
        printed, mark, rest = text.partition(MARK)
        if not mark:
            sys.exit(f"the shell ended early:\n{printed}")
        code, _, text = rest.partition("\n")
        results.append((int(code), plain(printed)))
    return results


def plain(text):
    for pattern, stand_in in FIGURES:
        text = pattern.sub(stand_in, text)
    return text.splitlines()


def same(printed, expected):
    expected = plain("\n".join(expected))
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + "\n" for line in expected)
    return re.fullmatch(pattern, "".join(line + "\n" for line in printed)) is not None


def main():
    with open(sys.argv[1], encoding="utf-8") as document:
        text = document.read()
    is_man = not sys.argv[1].endswith(".md")
    blocks = list(blocks_of_man(text) if is_man else blocks_of_markdown(text))
    all_commands = [command for block in blocks for command in commands(block)]
    if not all_commands:
        sys.exit("no examples")
    n_bad = 0
    results = run(all_commands)
    for i, ((command, expected), (code, printed)) in enumerate(zip(all_commands, results)):
        follower = all_commands[i + 1][0] if i + 1 < len(all_commands) else ""
        complaints = []
        if code != 0 and follower != "echo $?":
            complaints.append(f"exit code {code}")
        if (expected or not is_man) and not same(printed, expected):
            complaints.append("prints something else:\n" + "\n".join(printed))
        if complaints:
            n_bad += 1
            print(f"$ {command}\n" + "\n".join(complaints))
    print(f"{len(all_commands)} commands, {n_bad} wrong")
    sys.exit(n_bad > 0)


if __name__ == "__main__":
    main()
