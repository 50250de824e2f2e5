# SPDX-License-Identifier: MIT
"""harness.py - what the programs beside it share: a job's runs, and what must hold after one.

A job is described in job.bash. UMM_BUILD says where the tools are (default "build").
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
BUILD = TOP / os.environ.get("UMM_BUILD", "build")
SECONDS_MAX = 30  # one run takes a fraction of a second
THREADS_MAX = 2
SHOWN_MAX = 12


def tree(top):
    """All there is below a directory: {path: (mode, bytes or where a link leads)}."""
    found = {}
    for directory, names, files in os.walk(top):
        for name in names + files:
            path = os.path.join(directory, name)
            mode = os.lstat(path).st_mode
            content = None
            if stat.S_ISLNK(mode):
                content = os.readlink(path)
            elif stat.S_ISREG(mode):
                content = pathlib.Path(path).read_bytes()
            found[os.path.relpath(path, top)] = (mode, content)
    return found


class Job:
    def __init__(self, path, scratch, build=BUILD):
        self.path, self.name = path, path.stem
        self.scratch = scratch / self.name
        self.ref = self.scratch / "ref"
        self.ref.mkdir(parents=True)
        self.env = {
            "PATH": f"{build}:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "REF": str(self.ref), "TOP": str(TOP),
            "TMPDIR": str(self.scratch), "PYTHONDONTWRITEBYTECODE": "1", "UMM_POOL_DIR": ".",
            # The look for leaks at an exit takes longer than most runs: where it matters, alloc says so.
            "ASAN_OPTIONS": "exitcode=99:detect_leaks=0:detect_stack_use_after_return=0",
        }
        fields = self.ask("command", self.ref).stdout.split("\0")[:-1]
        self.tool, success, failure, durable, varies, fragile, hasty, self.piped, loose, unsynced, commit, calls, self.outputs, *self.arguments = fields
        self.success, self.failure, self.commit = int(success), int(failure), re.compile(commit)
        self.durable, self.varies, self.fragile, self.hasty = (word == "yes" for word in (durable, varies, fragile, hasty))
        self.calls, self.loose, self.unsynced = calls.split(), loose.split(), unsynced.split()
        self.program = build / self.tool
        self.trees = {}

    def ask(self, action, directory):
        return subprocess.run(["bash", HERE / "job.bash", self.path, action], cwd=directory, env=self.env, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    def start(self, name):
        """A fresh copy of what setup made."""
        directory = self.scratch / name
        shutil.copytree(self.ref / "old", directory, symlinks=True)
        return directory

    def run(self, directory, *tracer, **env):
        """(exit code or -signal, standard error)."""
        given = {"input": (directory / self.piped).read_bytes()} if self.piped else {"stdin": subprocess.DEVNULL}
        with open(directory / "stdout", "wb") as out:
            done = subprocess.run([*tracer, self.program, *self.arguments], cwd=directory, env=self.env | env, stdout=out,
                                  stderr=subprocess.PIPE, timeout=SECONDS_MAX, check=False, **given)
        if "stdout" not in self.outputs.split() and (directory / "stdout").stat().st_size == 0:
            (directory / "stdout").unlink()
        return done.returncode, done.stderr.decode(errors="replace")

    def what_is_wrong(self, action, directory):
        """What keeps a directory from being "complete" or "old", or ''. One in which all is as a clean
        run, or setup, left it is just that; of others the job knows."""
        if action not in self.trees:
            self.trees[action] = tree(self.ref / {"complete": "new", "old": "old"}[action])
        if tree(directory) == self.trees[action]:
            return ""
        answer = self.ask(action, directory)
        return (answer.stdout.strip() or "no") if answer.returncode else ""

    def is_state(self, action, directory):
        return not self.what_is_wrong(action, directory)


def leftovers(directory):
    return sorted(p.name for p in directory.rglob("*") if re.match(r"\..*\.umm-|.*\.lock$", p.name))


def check_clean(job, directory, code, errors):
    """What a run that nothing disturbed must have left."""
    if code != job.success or errors:
        return f"exit code {code}, said {errors!r}"
    if left := leftovers(directory):
        return f"left {' '.join(left)}"
    found = job.what_is_wrong("complete", directory)
    return f"output is not complete: {found}" if found else ""


def check_after(job, directory):
    found = check_clean(job, directory, *job.run(directory))
    return f"the next run: {found}" if found else ""


def make_reference(job):
    """Make ref/old and ref/new: what a job begins with, and what an undisturbed run leaves."""
    if not os.access(job.program, os.X_OK):
        raise ValueError(f"{job.program} is not built")
    old = job.ref / "old"
    old.mkdir()
    answer = job.ask("setup", old)
    if answer.returncode:
        raise ValueError(f"setup failed: {answer.stdout}")
    code, errors = job.run(job.start("new"))
    os.rename(job.scratch / "new", job.ref / "new")
    # By the job itself: nothing has been compared with anything yet.
    answer = job.ask("complete", job.ref / "new")
    found = check_clean(job, job.ref / "new", code, errors)
    if answer.returncode:
        found = f"output is not complete: {answer.stdout.strip()}"
    if found:
        raise ValueError(f"a clean run: {found}")


def report(number, name, tried, findings):
    print(f"{'not ok' if findings else 'ok'} {number} - {name}: {tried}")
    for line in findings[:SHOWN_MAX]:
        print("#", line.replace("\n", "\n# "))
    if len(findings) > SHOWN_MAX:
        print(f"# and {len(findings) - SHOWN_MAX} more")
    sys.stdout.flush()
    return not findings


def run_surroundings(job, surroundings):
    """A job where all is well but for its surroundings, {name: (command before it, environment)}.
    Returns (what was tried, findings)."""
    def run_one(name):
        directory = job.start(name.replace(" ", "-"))
        launcher, env = surroundings[name]
        try:
            found = check_clean(job, directory, *job.run(directory, *launcher, **env))
        except subprocess.TimeoutExpired:
            found = "hangs"
        shutil.rmtree(directory)
        return f"{name}: {found}" if found else ""

    try:
        make_reference(job)
    except (ValueError, subprocess.TimeoutExpired) as problem:
        return "not run", [str(problem)]
    names = [name for name in surroundings if not (job.hasty and name == "signal")]
    with concurrent.futures.ThreadPoolExecutor(THREADS_MAX) as pool:
        return f"{len(names)} surroundings", [found for found in pool.map(run_one, names) if found]


def run_all_surroundings(make_surroundings):
    """Every job wanted, in what make_surroundings(scratch directory) says. Returns the exit code."""
    os.chdir(TOP)
    os.umask(0o022)
    with tempfile.TemporaryDirectory(prefix="umm-fault-") as scratch:
        scratch = pathlib.Path(scratch)
        surroundings = make_surroundings(scratch)
        results = [report(number, path.stem, *run_surroundings(Job(path, scratch), surroundings))
                   for number, path in enumerate(jobs_wanted("jobs", "alloc-jobs"), 1)]
        print(f"1..{len(results)}")
    return 0 if all(results) else 1


def jobs_wanted(*folders):
    """Those of the command line, or all."""
    named = [pathlib.Path(p).resolve() for p in sys.argv[1:]]
    return named or sorted(path for folder in folders for path in (HERE / folder).glob("*.sh"))
