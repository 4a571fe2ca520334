import type { Framework } from '../fields.ts';

/** Keys that people set by hand for W&B, and the bare names of the contract. */
export const weave: Framework = {
  name: 'weave',
  fields: {
    inputs: [
      { rank: 100, key: 'input', except: ['input.value', 'input.mime_type'] },
      { rank: 110, key: 'inputs' },
      { rank: 280, key: 'tool_arguments' },
    ],
    output: [
      { rank: 110, key: 'output', except: ['output.value', 'output.mime_type'] },
      { rank: 120, key: 'outputs' },
      { rank: 300, key: 'tool_response' },
    ],
    kind: [{ rank: 10, key: 'weave.span.kind' }],
    display_name: [{ rank: 10, key: 'wandb.display_name' }],
    thread_id: [{ rank: 20, key: 'wandb.thread_id' }],
    // An explicit false must be seen: it keeps a root from being taken for a turn.
    is_turn: [{ rank: 20, key: 'wandb.is_turn', map: (value) => (value === false ? 'no' : value) }],
    run_id: [
      { rank: 10, key: 'wb_run_id' },
      { rank: 20, key: 'wandb.wb_run_id' },
    ],
    run_step: [{ rank: 10, key: 'wandb.wb_run_step' }],
    run_step_end: [{ rank: 10, key: 'wandb.wb_run_step_end' }],
    wandb_attributes: [{ rank: 10, key: 'wandb.attributes' }],
    weave_attributes: [{ rank: 10, key: 'weave.attributes' }],
  },
};
