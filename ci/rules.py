"""The rules of ci/check. Each is a function of a Tree and yields (file, line, sentence)."""

import ast
import json
import os
import pathlib
import re
import subprocess

RULES = {}
HERE = pathlib.Path(__file__).resolve().parent

# Beside standard headers, which are recognised by having neither slash nor dot.
CORE_EXTRA = {"core/check.cpp": {"unistd.h"}, "core/address.cpp": {"arpa/inet.h"}}
# I/O, clocks, threads, ambient randomness and locale do not belong into the core.
CORE_BANNED_HEADERS = set("iostream fstream cstdio print thread mutex shared_mutex atomic future "
                          "condition_variable stop_token semaphore latch barrier random ctime "
                          "filesystem locale clocale cassert unordered_map unordered_set".split())
DOORS = {  # how an include begins: (where it may stand, what to say)
    "openssl/": (r"core/stun/integrity\.cpp", "OpenSSL has one door, core/stun/integrity.cpp"),
    "toml++/": (r"sim/.*\.cpp", "toml++ is slow to compile; include it in one .cpp of sim/"),
    "CLI/": (r"sim/program/program\.cpp", "CLI11 has one door, sim/program/program.cpp"),
    "boost/": (r"sim/live/.*", "Boost.Asio lives in sim/live/ only"),
    "rapidcheck": (r"properties/.*", "RapidCheck is for properties/ only"),
    "gtest/": (r"properties/.*", "GoogleTest is for properties/ only"),
    "gmock/": (r"properties/.*", "GoogleMock is for properties/ only"),
    "re.h": (r"properties/(benchmarks/libre|interop/libre/client)\.cpp", "libre is a peer of tests"),
    "benchmark/": (r"properties/benchmarks/.*", "benchmarks live in properties/benchmarks/ only"),
}
WIRE = re.compile(r"core/(stun/(types|integrity|message_\w+|crc\w*)|turn/(addresses|channel_data))"
                  r"\.(h|cpp)$")
NAIVE = re.compile(r"sim/oracles/(wire_decoder|reference_)[^/]*$")
NAIVE_MAY = {f"core/{name}.h" for name in ("time", "ratio", "address", "bytes", "check")}
DICE = r"random_device|mt19937\w*|\w+_distribution|std::rand|srand"
CORE_WORDS = {
    r"steady_clock|system_clock|high_resolution_clock": "time is an argument named `now`",
    DICE: "randomness is an argument",
    r"float|double": "use integers or Ratio: no decision may depend on floating point",
    r"printf|fprintf|puts|std::cout|std::cerr|std::clog": "events are the log; the core is silent",
    r"assert(?=\s*\()": "use CHECK, which is on in every build",
}
SIM_WORDS = {DICE: "dice are keyed by the seed (DESIGN section 5)"}
TOP_LEVEL = set("core sim properties scenarios ci README.md ARCHITECTURE.md CHANGELOG.md LICENSE "
                "CMakeLists.txt CMakePresets.json".split())
MOST_LINES = 400


class Tree:
    """The files of a checkout that git knows or would add."""

    def __init__(self, root):
        self.root = root
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root, check=True, capture_output=True, text=True).stdout
        self.files = sorted(f for f in set(listed.split("\0")) if f and (root / f).is_file())
        self.texts = {}

    def text(self, file):
        if file not in self.texts:
            self.texts[file] = (self.root / file).read_text(errors="replace")
        return self.texts[file]

    def lines(self, file):
        return enumerate(self.text(file).splitlines(), 1)

    def code(self, *folders):
        return [f for f in self.files if f.split("/")[0] in (folders or ("core", "sim", "properties"))
                and f.endswith((".h", ".cpp"))]

    def scripts(self):
        return [f for f in self.files if re.fullmatch(r"ci/[\w-]+|\.ci/\w+", f)]

    def includes(self, file):
        """(line, name, whether quoted) of each."""
        for number, line in self.lines(file):
            if found := re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line):
                yield number, found[2], found[1] == '"'


def rule(function):
    RULES[function.__name__.replace("_", "-")] = function
    return function


def without_comments(text):
    """Comments and literals become blanks; lines stay where they are."""
    pattern = (r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
               r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'")
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.DOTALL)


@rule
def formatting(tree):
    files = tree.code()
    done = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *files], cwd=tree.root,
                          capture_output=True, text=True) if files else None
    if done and done.returncode != 0:
        for file, line in dict(re.findall(r"^([^:\n]+):(\d+):\d+: error", done.stderr, re.M)
                               ).items() or [("ci/check", 1)]:
            yield file, int(line), f"not formatted: run clang-format-19 -i {file}"


@rule
def includes_run_one_way(tree):
    may = {"core": ("core/",), "sim": ("core/", "sim/"),
           "properties": ("core/", "sim/", "properties/")}
    for file in tree.code():
        top = file.split("/")[0]
        for number, name, quoted in tree.includes(file):
            if quoted and not name.startswith(may[top]):
                yield (file, number, f"{top}/ includes only {', '.join(may[top])} by full path; "
                       f"move what you need out of {name}, or down")


@rule
def core_includes_little(tree):
    for file in tree.code("core"):
        for number, name, quoted in tree.includes(file):
            standard = re.fullmatch(r"[a-z_0-9]+", name) and name not in CORE_BANNED_HEADERS
            known = name.startswith(("fmt/", *DOORS)) or name in CORE_EXTRA.get(file, ())
            if not quoted and not standard and not known:
                yield (file, number, f"core/ has no I/O, clock, threads or locale, so no <{name}>; "
                       "let the caller hand in what it is for")


@rule
def one_door_per_library(tree):
    toml = []
    for file in tree.code():
        for number, name, quoted in tree.includes(file):
            for begin, (where, sentence) in DOORS.items():
                if name.startswith(begin) and not re.fullmatch(where, file):
                    yield file, number, sentence
                elif name.startswith(begin) and begin == "toml++/":
                    toml.append((file, number))
    for file, number in toml[1:]:
        yield file, number, f"toml++ is already included in {toml[0][0]}; parse there"


@rule
def values_then_wire_then_machines(tree):
    for file in tree.code("core"):
        for number, name, quoted in tree.includes(file):
            is_value = file.count("/") == 1
            if is_value and name.startswith(("core/stun/", "core/turn/")):
                yield file, number, f"a value must not include {name}: it is wire or machine"
            elif WIRE.match(file) and name.count("/") == 2 and name.startswith("core/") \
                    and not WIRE.match(name):
                yield file, number, f"wire code must not include the machine {name}"
            for one, other in (("client", "server"), ("server", "client")):
                if file.startswith(f"core/turn/{one}/") and name.startswith(f"core/turn/{other}/"):
                    yield file, number, "client and server know each other by the wire alone"


@rule
def judges_share_nothing_with_the_core(tree):
    def reached(file, seen):
        for _, name, quoted in tree.includes(file):
            if quoted and name in tree.files and name not in seen:
                seen.add(name)
                reached(name, seen)
        return seen

    for file in tree.code("sim"):
        for number, name, quoted in tree.includes(file) if NAIVE.match(file) else ():
            below = {name} | (reached(name, set()) if name in tree.files else set())
            shared = [n for n in sorted(below) if n.startswith(("core/stun/", "core/turn/"))]
            if (name.startswith("core/") and name not in NAIVE_MAY) or shared:
                yield (file, number, f"{name} brings in {shared[0] if shared else name}; the naive "
                       "decoder and the model must not be able to share the core's mistakes")


@rule
def banned_words(tree):
    for file in tree.code("core", "sim"):
        words = {r"unordered_(multi)?(map|set)": "nothing may depend on hash order; sort instead"}
        if file.startswith("core/"):
            words |= CORE_WORDS
        elif not file.startswith("sim/live/"):
            words |= SIM_WORDS
        for number, line in enumerate(without_comments(tree.text(file)).splitlines(), 1):
            for word, sentence in words.items():
                if found := re.search(rf"(?<!\w)({word})(?!\w)", line):
                    yield file, number, f"`{found[0]}` is banned here: {sentence}"


@rule
def one_name_one_type(tree):
    """Of two types with one name the linker keeps one, and says nothing."""
    type_ = re.compile(r"(?:struct|class|enum class|enum|union) (?:alignas\(\w+\) |\[\[\w+\]\] )?"
                       r"(\w+)(?: final)?(?: : .*)?(?: \{.*|)$")
    seen = {}
    for file in tree.code():
        inside = []
        for number, line in tree.lines(file):
            if found := re.match(r"(?:inline )?namespace ?([\w:]*) \{$", line):
                inside.append(found[1])
            elif line.startswith("}  // namespace") and inside:
                inside.pop()
            elif (found := type_.match(line)) and "" not in inside:
                name = "::".join([*inside, found[1]])
                if name in seen:
                    yield file, number, (f"{name} is another type at {seen[name]}; rename one, or "
                                         "move it into a namespace without a name")
                seen.setdefault(name, f"{file}:{number}")


@rule
def files_stay_short(tree):
    for file in tree.code() + tree.scripts():
        count = tree.text(file).count("\n")
        if count > MOST_LINES:
            yield (file, MOST_LINES, f"{count} lines; cut along what owns its own timers, "
                   f"under {MOST_LINES}")


@rule
def no_loose_ends(tree):
    words = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
    for file in tree.files:
        if "\0" in tree.text(file)[:1000]:
            continue
        for number, line in tree.lines(file):
            if found := words.search(line):
                yield file, number, f"{found[0]}: do it, or say in a sentence what does not work yet"


@rule
def top_level_is_fixed(tree):
    for entry in sorted({file.split("/")[0] for file in tree.files}):
        if entry not in TOP_LEVEL and not entry.startswith("."):
            yield entry, 1, "the top level is fixed; move this into one of its folders"


@rule
def test_names_are_sentences(tree):
    macro = re.compile(r"^\s*(?:TYPED_)?(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP)"
                       r"\(\s*(\w+),\s*(\w+)", re.M)
    for file in tree.code("properties"):
        for found in macro.finditer(tree.text(file)):
            number = tree.text(file).count("\n", 0, found.start(1)) + 1
            if "_" in found[1]:
                yield file, number, f"suite {found[1]}: a noun without underscore, as in `Backoff`"
            if found[2].startswith("_"):
                yield file, number, f"test {found[2]}: a sentence, without a leading underscore"


@rule
def readme_names_what_exists(tree):
    if "README.md" not in tree.files:
        yield "README.md", 1, "there is no README.md; it is the map"
        return
    presets = set()
    if "CMakePresets.json" in tree.files:
        presets = {p["name"] for p in json.loads(tree.text("CMakePresets.json"))["configurePresets"]}
    for number, line in tree.lines("README.md"):
        for command in re.findall(r"(?<![\w/])ci/[\w-]+", line):
            if not os.access(tree.root / command, os.X_OK):
                yield "README.md", number, f"{command} does not exist or is not executable"
        for path in re.findall(r"(?<![\w/])(?:core|sim|properties|scenarios)/[\w/.-]+\.\w+", line):
            if path not in tree.files:
                yield "README.md", number, f"{path} does not exist; name one that does"
        for preset in re.findall(r"--preset[ =](\w+)", line):
            if preset not in presets:
                yield "README.md", number, f"CMakePresets.json has no preset {preset}"


@rule
def scripts_run(tree):
    for file in tree.scripts():
        if not os.access(tree.root / file, os.X_OK):
            yield file, 1, f"not executable: chmod +x {file}"
        first = tree.text(file).split("\n", 1)[0]
        if "python" in first:
            try:
                ast.parse(tree.text(file))
            except SyntaxError as error:
                yield file, error.lineno or 1, f"Python cannot read it: {error.msg}"
        elif "bash" in first:
            done = subprocess.run(["bash", "-n", file], cwd=tree.root, capture_output=True, text=True)
            if done.returncode != 0:
                found = re.search(r"line (\d+)", done.stderr)
                yield file, int(found[1]) if found else 1, f"bash: {done.stderr.strip()}"
        else:
            yield file, 1, "a script begins with #!/usr/bin/env bash or python3"


@rule
def mutants_fit(tree):
    done = subprocess.run([HERE / "mutants", "--verify", "--root", tree.root], capture_output=True,
                          text=True)
    for line in done.stderr.splitlines() if done.returncode != 0 else ():
        file, _, sentence = line.partition(": ")
        yield file, 1, sentence
