"""Cases of one client: each prints "ok NAME" or "FAIL NAME: why"; the last line is "end"."""
import sys
import traceback

HOST, PORT, USER, PASSWORD = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
MODE = sys.argv[5] if len(sys.argv) > 5 else ""


def equal(got, want):
    assert got == want, f"got {got!r}, not {want!r}"


def run(*cases):
    for case in cases:
        name = case.__name__.replace("_", " ")
        try:
            case()
            print(f"ok {name}", flush=True)
        except Exception as error:  # whatever a client raises is the finding
            traceback.print_exc()
            print(f"FAIL {name}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", flush=True)
    print("end", flush=True)
