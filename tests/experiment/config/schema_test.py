"""The JSON Schema, for editors, and the parser must agree: both read configs/valid.json and configs/invalid.json (config_test.cpp).

Each case edits BASE: "set" writes at JSON pointers, "remove" removes. "schema" says why the schema cannot see a mistake.
Exit code 77: jsonschema is not installed, the test is skipped.
"""

import copy
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: the Python package jsonschema is not installed (Debian: python3-jsonschema)")
    sys.exit(77)

BASE = {"model": "m", "objective": [{"channel": {"layer": "a", "unit": 97}}]}


def parent(document, pointer):
    *path, last = pointer.strip("/").split("/")
    for key in path:
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document, int(last) if isinstance(document, list) else last


def edited(edits, removed=None):
    config = copy.deepcopy(BASE)
    for pointer, value in edits.items():
        place, key = parent(config, pointer)
        if isinstance(place, list) and key == len(place):
            place.append(value)
        else:
            place[key] = value
    if removed:
        place, key = parent(config, removed)
        del place[key]
    return config


def main(top):
    schema = json.loads((top / "configs/schema/config.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    cases = top / "tests/experiment/config"
    valid = json.loads((cases / "valid.json").read_text())
    invalid = json.loads((cases / "invalid.json").read_text())
    folders = [top / "configs", top / "configs/article", top / "configs/figures"]
    examples = sorted(path for folder in folders for path in folder.glob("*.json"))

    wrong = []
    for name, edits in valid.items():
        wrong += [f"refused: {name}: {error.message}" for error in validator.iter_errors(edited(edits))]
    for path in examples:
        wrong += [f"refused: {path.name}: {error.message}" for error in validator.iter_errors(json.loads(path.read_text()))]
    for name, case in invalid.items():
        accepted = validator.is_valid(edited(case.get("set", {}), case.get("remove")))
        if accepted != ("schema" in case):
            wrong.append(f"{'accepted' if accepted else 'refused, though it says it cannot'}: {name}")
    print("\n".join(wrong) or f"{len(valid)} valid, {len(invalid)} invalid configurations and {len(examples)} examples")
    return 1 if wrong or not valid or not invalid or not examples else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
