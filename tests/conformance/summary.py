"""What a run of schemathesis was: cases, failures, and the stated differences it met.

usage: summary.py NAME REPORT KNOWN
"""

import json
import sys
from collections import Counter
from pathlib import Path

name, report, known = sys.argv[1:]
report = json.loads(Path(report).read_text())
cases = report["test_cases"]
operations = report["operations"]
print(
    f"{name}: {cases['generated']} cases on {operations['tested']} operations, "
    f"{cases['unique_failures']} failures, {len(report['errors'])} errors"
)
lines = Path(known).read_text().splitlines() if Path(known).exists() else []
for line, times in sorted(Counter(lines).items()):
    print(f"  stated: {line}: {times}")
if not report["complete"] or operations["tested"] == 0 or cases["generated"] < operations["tested"]:
    sys.exit(f"error: {name} was not run whole")
