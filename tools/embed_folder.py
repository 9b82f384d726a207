#!/usr/bin/env python3
"""Writes a folder as C: demo_files[] of cli/demo_int.h. Usage: embed_folder.py FOLDER OUT.c DEPFILE"""
import os
import sys


def walk(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield folder, None
        for name in sorted(names):
            if not name.startswith("."):
                path = os.path.join(folder, name)
                yield path, os.path.relpath(path, root).replace(os.sep, "/")


def main():
    root, out, depfile = sys.argv[1:4]
    entries = sorted(walk(root), key=lambda entry: entry[0])
    files = [entry for entry in entries if entry[1]]
    with open(out, "w", encoding="utf-8") as c:
        c.write("/* Made by tools/embed_folder.py. */\n#include \"cli/demo_int.h\"\n\n")
        for number, (path, _) in enumerate(files):
            with open(path, "rb") as source:
                data = source.read()
            c.write(f"static const unsigned char file_{number}[] = {{")
            for at in range(0, len(data), 24):
                c.write("\n    " + ", ".join(str(byte) for byte in data[at:at + 24]) + ",")
            c.write("\n    0,\n};\n")
        c.write("\nconst DemoFile demo_files[] = {\n")
        for number, (_, name) in enumerate(files):
            c.write(f'    {{"{name}", file_{number}, sizeof file_{number} - 1}},\n')
        c.write("};\nconst gsize demo_n_files = G_N_ELEMENTS(demo_files);\n")
    with open(depfile, "w", encoding="utf-8") as deps:
        # Folders too: a file that comes or goes changes its folder's time.
        deps.write(f"{out}: " + " ".join(path.replace(" ", "\\ ") for path, _ in entries) + "\n")


if __name__ == "__main__":
    main()
