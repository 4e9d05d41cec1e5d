"""Two small packages, installed into a folder as pip would: `zoo`, which requires `zoo-keepers`."""

from __future__ import annotations

from pathlib import Path

LONG = "It takes a quarter of an hour in the morning, and longer on days on which many visitors stand around the house."

ZOO = {
    "zoo/__init__.py": '"""A zoo in Python."""\nfrom ._gates import open_gate, _bolt\nfrom .animals import *\n',
    "zoo/_gates.py": f'''
from zoo_keepers import call

def open_gate():
    """Open the gate of the bears.

    {LONG} Only the oldest keeper has a key for it, which hangs behind the door.

    See Also
    --------
    feed : Bring what they eat.
    Lion.brush : Comb the mane with care.
    call : A shout across the grounds.
    Lion : Open the gate of the bears.
    nothing : Is not there at all.
    close : The reverse of this function.
    """

def _bolt():
    """Turn the bolt once.

    {LONG}
    """

def unexported():
    """Nobody imports this from outside.

    {LONG}
    """
''',
    "zoo/animals.py": f'''
class Cat:
    """Whatever purrs or roars.

    {LONG} Some are kept behind glass, where the light falls in from above.
    """
    def brush(self):
        """Make the fur of the animal shine.

        Hold the head with one hand, begin at the neck and go on to the tail, always along the hair and never against.
        """

class Lion(Cat):
    """The largest cat of the savannah.

    Sleeps for twenty hours a day, hunts in the remaining ones, and lives in prides of a dozen, led by the females.
    """

def feed():
    """Give each animal its meal.

    Meat for the lions, hay for the elephants, and for the birds whatever grain the mill has sent us in the week before.
    """
''',
    "zoo/schema.py": '# This file was automatically generated.\ndef made():\n    """Made by a machine."""\n',
    "zoo/tests/test_zoo.py": 'def test():\n    """Tests are not documentation."""\n',
}
KEEPERS = {
    "zoo_keepers.py": '''
def call():
    """Call a keeper by his first name.

    Wait for an answer, and if there is none within a minute ring the bell beside the entrance of the elephant house twice.
    """
''',
}


def install(
    site: Path, name: str, files: dict[str, str], requires: tuple[str, ...] = (), version: str = "1.0"
) -> None:
    """Write a distribution's files, metadata and record into `site`."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {need}\n" for need in requires)
    files = files | {
        f"{info.name}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info.name}/RECORD"])
    for path, text in {**files, f"{info.name}/RECORD": record}.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text, encoding="utf-8")


def install_all(site: Path) -> None:
    """`zoo-app`, which requires `zoo`, which requires `zoo-keepers`; and what only others need."""
    install(
        site,
        "zoo-app",
        {},
        ("zoo>=1", "zoo-dev; extra == 'dev'", "zoo-mac; sys_platform == '*' or os_name != ''"),
    )
    install(site, "zoo", ZOO, ("Zoo_Keepers", "zoo-absent"))
    install(site, "zoo-keepers", KEEPERS)
    for name in ("zoo-dev", "zoo-mac"):
        install(site, name, {f"{name.replace('-', '_')}.py": '"""Not required."""\n'})
