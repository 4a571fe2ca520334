/** Everything else that the package can ask: the routes of its generated client. */
const { weave, project, run, failureOf } = require('./run.cjs');

const step = weave.op(async function step(n) {
  return { n, text: `step ${n}` };
});
const outer = weave.op(async function outer() {
  await step(1);
  await step(2);
  return 'done';
});

async function calls(client, api) {
  const [, call] = await outer.invoke();
  const id = call.id;
  await client.waitForBatchProcessing();
  const { data: manual } = await api.call.callStartCallStartPost({
    start: {
      project_id: project,
      op_name: 'by hand',
      started_at: new Date(),
      attributes: { a: 1 },
      inputs: { x: null },
    },
  });
  const running = (await api.call.callReadCallReadPost({ project_id: project, id: manual.id })).data.call;
  await api.call.callEndCallEndPost({
    end: { project_id: project, id: manual.id, ended_at: new Date(), output: [1], summary: { own: true } },
  });
  const stream = await api.calls.callsQueryStreamCallsStreamQueryPost({
    project_id: project,
    filter: { trace_roots_only: false },
    query: { $expr: { $gte: [{ $getField: 'output.n' }, { $literal: 2 }] } },
    sort_by: [{ field: 'started_at', direction: 'desc' }],
    columns: ['output', 'op_name'],
  });
  const count = async (body = {}) =>
    (await api.calls.callsQueryStatsCallsQueryStatsPost({ project_id: project, ...body })).data;
  const before = await count();
  const { data: deleted } = await api.calls.callsDeleteCallsDeletePost({
    project_id: project,
    call_ids: [id],
  });
  return {
    manual,
    running,
    ended: await client.getCall(manual.id),
    queried: (await stream.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    before,
    roots: await count({ filter: { trace_roots_only: true } }),
    deleted,
    gone: (await failureOf(client.getCall(id))).message,
    after: await count(),
  };
}

async function objects(client, api) {
  const create = async (n) => (await client.publish({ n }, 'thing')).uri().split(':').at(-1);
  const digests = [await create(1), await create(2), await create(1)];
  const read = async (digest) =>
    (await api.obj.objReadObjReadPost({ project_id: project, object_id: 'thing', digest })).data.obj;
  const { data: listed } = await api.objs.objsQueryObjsQueryPost({
    project_id: project,
    filter: { object_ids: ['thing'], latest_only: false },
  });
  const { data: ops } = await api.objs.objsQueryObjsQueryPost({
    project_id: project,
    filter: { is_op: true },
  });
  const uri = `weave:///${project}/object/thing:${digests[1]}`;
  const { data: refs } = await api.refs.refsReadBatchRefsReadBatchPost({ refs: [uri, `${uri}/attr/n`] });
  // They are published side by side: which one is first is not told.
  const outer = ops.objs.find(({ object_id }) => object_id === 'outer');
  const source = await api.file.fileContentFileContentPost(
    { project_id: project, digest: outer.val.files['obj.py'] },
    { format: 'text' },
  );
  return {
    digests,
    first: await read('v0'),
    latest: await read('latest'),
    listed: listed.objs.map(({ digest, version_index, is_latest, val }) => ({
      digest,
      version_index,
      is_latest,
      val,
    })),
    ops: ops.objs.map(({ object_id, kind }) => [object_id, kind]),
    refs: refs.vals,
    source: source.data,
    unknown: (await failureOf(read('nothing'))).status,
  };
}

async function tables(api) {
  const { data: table } = await api.table.tableCreateTableCreatePost({
    table: { project_id: project, rows: [{ a: 2 }, { a: 1 }, { a: 3 }] },
  });
  const { data: changed } = await api.table.tableUpdateTableUpdatePost({
    project_id: project,
    base_digest: table.digest,
    updates: [{ pop: { index: 0 } }, { append: { row: { a: 4 } } }, { insert: { index: 0, row: { a: 0 } } }],
  });
  const query = async (digest, more = {}) =>
    (await api.table.tableQueryTableQueryPost({ project_id: project, digest, ...more })).data.rows.map(
      ({ val }) => val.a,
    );
  return {
    rows: await query(table.digest),
    changed: await query(changed.digest),
    sorted: await query(table.digest, { sort_by: [{ field: 'a', direction: 'desc' }], limit: 2 }),
    page: await query(changed.digest, { limit: 2, offset: 1 }),
    stats: (
      await api.table.tableQueryStatsTableQueryStatsPost({ project_id: project, digest: changed.digest })
    ).data,
  };
}

async function feedback(client, api) {
  const [, call] = await step.invoke(7);
  await client.waitForBatchProcessing();
  const about = { project_id: project, weave_ref: `weave:///${project}/call/${call.id}` };
  const create = async (feedback_type, payload) =>
    (await api.feedback.feedbackCreateFeedbackCreatePost({ ...about, feedback_type, payload })).data;
  const given = [
    await create('wandb.reaction.1', { emoji: '👍' }),
    await create('wandb.note.1', { note: 'well done ☂' }),
    await create('my.rating', { stars: 5, deep: { why: ['a', null] } }),
  ];
  const query = async (more = {}) =>
    (await api.feedback.feedbackQueryFeedbackQueryPost({ project_id: project, ...more })).data.result;
  const isFor = { $expr: { $eq: [{ $getField: 'weave_ref' }, { $literal: about.weave_ref }] } };
  const all = await query({ query: isFor, sort_by: [{ field: 'created_at', direction: 'asc' }] });
  const fields = await query({ fields: ['feedback_type', 'payload.stars'], query: isFor });
  const { data: replaced } = await api.feedback.feedbackReplaceFeedbackReplacePost({
    ...about,
    feedback_id: given[1].id,
    feedback_type: 'wandb.note.1',
    payload: { note: 'better' },
  });
  await api.feedback.feedbackPurgeFeedbackPurgePost({
    project_id: project,
    query: { $expr: { $eq: [{ $getField: 'id' }, { $literal: given[0].id }] } },
  });
  return { call: call.id, given, all, fields, replaced, left: await query({ query: isFor }) };
}

run(async () => {
  const client = await weave.init(project);
  const api = client.traceServerApi;
  return {
    health: (await api.health.readRootHealthGet({ format: 'json' })).data,
    server: (await api.serverInfo.serverInfoServerInfoGet()).data,
    calls: await calls(client, api),
    objects: await objects(client, api),
    tables: await tables(api),
    feedback: await feedback(client, api),
  };
});
