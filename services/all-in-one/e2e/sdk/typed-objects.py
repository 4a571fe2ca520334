"""A user's program: makes objects through the typed routes and gets them as any other. argv: project. Prints one JSON object."""

import json
import sys

import weave

project = sys.argv[1]
client = weave.init(project)
server = client.server
about = {"project_id": project}

op = server.op_create(
    {**about, "name": "addone", "source_code": "import weave\n@weave.op\ndef addone(x: int):\n    return x + 1\n"}
)
addone = weave.ref(f"weave:///{project}/op/{op.object_id}:{op.digest}").get()
dataset = server.dataset_create({**about, "name": "My Data", "rows": [{"a": 1}, {"a": 2}]})
data = weave.ref(f"weave:///{project}/object/{dataset.object_id}:{dataset.digest}").get()
scorer = server.scorer_create(
    {
        **about,
        "name": "My Scorer",
        "op_source_code": "import weave\n@weave.op\ndef score(self, output):\n    return {'ok': output == 1}\n",
    }
)
score = weave.ref(scorer.scorer).get().score(output=1)
listed = sorted(each.object_id for each in server.op_list(about))
weave.publish(weave.Dataset(name="theirs", rows=[{"b": 1}]))
client.flush()
read = server.dataset_read({**about, "object_id": "theirs", "digest": "latest"})
deleted = server.op_delete({**about, "object_id": "addone", "digests": [op.digest]})
print(
    json.dumps(
        {
            "op": addone(3),
            "rows": [{"a": row["a"]} for row in data.rows],
            "length": len(data.rows),
            "score": score,
            "listed": listed,
            "published": read.rows[:9],
            "deleted": deleted.num_deleted,
        }
    )
)
