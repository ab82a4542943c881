"""The mutants of properties/mutants/, as ci/mutants says what they are: read, applied to texts, and
with the test sources that judge them."""

import dataclasses
import fnmatch
import pathlib
import re
import tomllib

FOLDER = pathlib.Path("properties/mutants")
DEFAULT_SCENARIOS, DEFAULT_SEEDS = ["scenarios/fast"], 20
# Suite and name of a test.
TEST = re.compile(r"^(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP)\(\s*(\w+),\s*(\w+)", re.MULTILINE)


@dataclasses.dataclass
class Mutant:
    name: str
    path: pathlib.Path
    sentence: str
    tags: list
    edits: list  # of (file, text, replacement)
    kill: str
    tests: str
    scenarios: list
    seeds: int

    def needs(self):
        """What the unbroken copy must pass too, as a key."""
        if self.kill == "scenario":
            return ("scenario", tuple(self.scenarios), self.seeds)
        return ("properties", self.tests)


class Unfit(Exception):
    """The mutant file is wrong, or no longer fits the code."""


def load(path, root):
    try:
        table = tomllib.loads((root / path).read_text())
    except tomllib.TOMLDecodeError as error:
        raise Unfit(f"{path}: {error}") from error
    kinds = {"sentence": str, "tags": list, "file": str, "text": str, "replacement": str,
             "tests": str, "kill": str, "scenarios": list, "seeds": int, "also": list}
    edit_keys = ("file", "text", "replacement")
    for key, value in table.items():
        if key not in kinds:
            raise Unfit(f"{path}: unknown key '{key}'; there are {', '.join(kinds)}")
        if not isinstance(value, kinds[key]):
            raise Unfit(f"{path}: '{key}' is to be of type {kinds[key].__name__}")
    edits = [table] + table.get("also", [])
    for edit in edits:
        for key in edit_keys + (("sentence", "tags") if edit is table else ()):
            if key not in edit:
                raise Unfit(f"{path}: '{key}' is missing")
        if edit is not table and set(edit) != set(edit_keys):
            raise Unfit(f"{path}: an [[also]] has file, text and replacement, nothing else")
    if table.get("kill", "properties") not in ("properties", "scenario"):
        raise Unfit(f"{path}: 'kill' is \"properties\" or \"scenario\"")
    unread = {"scenarios", "seeds"} if table.get("kill") != "scenario" else {"tests"}
    for key in unread & set(table):
        raise Unfit(f"{path}: '{key}' has no effect with this 'kill'; remove it")
    name = str(path.relative_to(FOLDER).with_suffix(""))
    return Mutant(name, path, table["sentence"], table["tags"],
                  [tuple(edit[key] for key in edit_keys) for edit in edits],
                  table.get("kill", "properties"), table.get("tests") or "*",
                  table.get("scenarios", DEFAULT_SCENARIOS), table.get("seeds", DEFAULT_SEEDS))


def broken_files(mutant, root):
    """File name to its text with all edits of the mutant applied."""
    texts = {}
    for file, text, replacement in mutant.edits:
        if file not in texts:
            if not (root / file).is_file():
                raise Unfit(f"{mutant.path}: there is no file {file}")
            texts[file] = (root / file).read_text()
        count = texts[file].count(text)
        if not text or count != 1:
            raise Unfit(f"{mutant.path}: its text is found {count} times in {file}, not once; "
                        "quote what stands there now")
        if text == replacement:
            raise Unfit(f"{mutant.path}: its replacement changes nothing")
        texts[file] = texts[file].replace(text, replacement)
    return texts


def load_all(root):
    """All mutants that fit, and a complaint for each that does not."""
    mutants, complaints = [], []
    for path in sorted((root / FOLDER).rglob("*.toml")):
        try:
            mutant = load(path.relative_to(root), root)
            broken_files(mutant, root)
            mutants.append(mutant)
        except Unfit as error:
            complaints.append(str(error))
    return mutants, complaints


def test_sources(tree):
    """Each source of the property tests with the names of its tests; helpers have none."""
    other = ("benchmarks", "fuzz", "interop", "load", "mutants")
    sources = {}
    for path in sorted((tree / "properties").rglob("*.cpp")):
        name = path.relative_to(tree)
        if name.parts[1] not in other:
            sources[str(name)] = [".".join(found) for found in TEST.findall(path.read_text())]
    return sources


def chosen_sources(mutant, sources):
    """What to build for a mutant, where that is less than everything: a broken header rebuilds all
    that includes it. None if it needs all tests, or if none is known by that name."""
    in_header = any(file.endswith(".h") for file, _, _ in mutant.edits)
    if mutant.kill != "properties" or mutant.tests == "*" or not in_header:
        return None
    patterns = mutant.tests.split("-")[0].split(":")
    def fits(test):  # parametrised ones have a word before and a number behind
        return any(fnmatch.fnmatchcase(name, pattern)
                   for name in (test, f"x/{test}/0") for pattern in patterns)
    chosen = {name for name, tests in sources.items() if any(fits(test) for test in tests)}
    helpers = {name for name, tests in sources.items() if not tests}
    return sorted(chosen | helpers) if chosen else None
