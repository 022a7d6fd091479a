"""What the tests read out of a README: tables, names in backticks, links, commands."""

import re


def tables(text):
    """Each table as (heads, rows); a cell is its text."""
    found, heads, rows = [], None, []
    for line in text.splitlines() + [""]:
        if not line.startswith("|"):
            if heads is not None:
                found.append((heads, rows))
            heads, rows = None, []
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if heads is None:
            heads = cells
        elif not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            rows.append(cells)
    return found


def without_code(text):
    """The text without its indented and fenced lines."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return re.sub(r"^    .*$", "", text, flags=re.M)


def spans(text):
    """What stands in backticks."""
    return [re.sub(r"\s+", " ", span) for span in re.findall(r"`([^`]+)`", text)]


def links(text):
    """What links and pictures point to."""
    return re.findall(r"\]\(([^)\s]+)\)", text)


def code_words(text):
    """The words of indented lines, which are commands or what they print."""
    return [
        word
        for line in re.findall(r"^    (.*)$", text, re.M)
        for word in re.split(r"[\s'\"=;,()|]+", line)
        if word
    ]
