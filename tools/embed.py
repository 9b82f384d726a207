#!/usr/bin/env python3
"""Writes the files of the status page as C: SERVER_PAGE_FILES of server/page_int.h. Usage: embed.py OUT.c FILE..."""
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


def main():
    out, names = pathlib.Path(sys.argv[1]), [pathlib.Path(name) for name in sys.argv[2:]]
    lines, rows = ['#include "server/page_int.h"'], []
    for number, name in enumerate(names):
        lines.append(f"static const unsigned char file_{number}[] = {{" + ",".join(str(byte) for byte in name.read_bytes()) + "};")
        path = "/" if name.suffix == ".html" else "/" + name.name
        rows.append(f'{{"{path}", "{TYPES[name.suffix]}", file_{number}, sizeof file_{number}}}')
    lines.append("const ServerPageFile SERVER_PAGE_FILES[] = {" + ", ".join(rows) + "};")
    lines.append("const size_t SERVER_N_PAGE_FILES = sizeof SERVER_PAGE_FILES / sizeof SERVER_PAGE_FILES[0];")
    out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
