"""A user's program: publishes a dataset, reads and edits it. argv: project, rows. Prints one JSON object."""

import json
import sys

import weave

project, count = sys.argv[1], int(sys.argv[2])
client = weave.init(project)


def plain(row) -> dict:
    return {name: row[name] for name in ("n", "text")}


ref = weave.publish(weave.Dataset(name="data", rows=[{"n": i, "text": f"row {i}"} for i in range(count)]))
client.flush()
read = weave.ref(ref.uri()).get()
added = read.add_rows([{"n": -1, "text": "added"}, {"n": -2, "text": "and one"}])
edited = weave.ref(weave.publish(added, name="data").uri()).get()
print(
    json.dumps(
        {
            "length": len(read.rows),
            "rows": [plain(row) for row in read.rows],
            "first": [plain(read.rows[i]) for i in range(3)],
            "edited": [plain(row) for row in edited.rows],
        }
    )
)
