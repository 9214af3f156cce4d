"""The commands as a person reads them: grouped, within 80 columns; and as the table of docs/command_line.md."""

from utilities.command.table import GROUPS, OF_THE_COMMAND_LINE, names

INTRODUCTION = """\
usage: ./millrace COMMAND [ARGUMENT ...]

Leads a shop's clickstream from a remote Kafka to a star schema, exactly once.
./millrace COMMAND --help tells a command's options.\
"""
ENDING = "docs/command_line.md: completion, exit statuses. docs/settings.md: settings."


def command_list() -> str:
    """What `./millrace help` prints."""
    width = max(map(len, names()))
    sections = {group: [(one.name, one.text) for one in commands] for group, commands in GROUPS.items()}
    sections["this command line"] = list(OF_THE_COMMAND_LINE.items())
    lines = [INTRODUCTION]
    for group, commands in sections.items():
        lines += ["", group, *(f"  {name:{width}}  {text}" for name, text in commands)]
    return "\n".join([*lines, "", ENDING])


def command_table() -> str:
    """One row a command, for docs/command_line.md; `./millrace help --markdown` prints it."""
    rows = ["| command | does | is |", "|---|---|---|"]
    for group, commands in GROUPS.items():
        rows.append(f"| **{group}** | | |")
        rows += [f"| `{one.name}` | {one.text} | {_place(one.entry, one.action)} |" for one in commands]
    rows.append("| **this command line** | | |")
    rows += [f"| `{name}` | {text} | |" for name, text in OF_THE_COMMAND_LINE.items()]
    return "\n".join(rows)


def _place(entry: str, action: tuple[str, ...]) -> str:
    module = entry.partition(":")[0]
    if module.startswith("utilities.command."):
        return ""
    return f"`{' '.join(['python -m', module.removesuffix('.__main__'), *action])}`"
