// The form that queues an operation.

import { reconcile, setText } from './hub-view.js';

const byId = id => document.getElementById(id);
const [form, agent, type, payload, problem, answer] = ['queue', 'agent', 'type', 'payload', 'payload-problem', 'answer'].map(byId);

const deliveries = {
  today: 'This hub queues it, and the agent takes it with its next poll: every 30 seconds where the hub has pushed something before.',
  active: 'This hub pushes it where the agent has said where it can be reached; else the agent takes it with its next poll.',
};

let examples = new Map();
let before = null; // the type that the payload is for
const drafts = new Map(); // what was written for the other types

function showPayload() {
  if (before !== null) drafts.set(before, payload.value);
  before = type.value;
  payload.value = drafts.get(before) ?? examples.get(before) ?? '{}';
  setProblem('');
}

function setProblem(text) {
  setText(problem, text);
  payload.toggleAttribute('aria-invalid', text !== '');
}

/** What is in the payload; null where it is no object, and the form says so then. */
function readPayload() {
  try {
    const value = JSON.parse(payload.value);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value;
    setProblem('The payload is not an object, expected {"name": …}.');
  } catch (error) {
    setProblem(`The payload is not JSON: ${error.message}`);
  }
  payload.focus();
  return null;
}

async function queue(whenQueued) {
  const value = readPayload();
  if (value === null) return;
  setProblem('');
  const operation = { agent_id: agent.value, type: type.value, payload: value };
  if (byId('timeout').value) operation.timeout_seconds = byId('timeout').valueAsNumber;
  setText(answer, 'Sending it to the hub …');
  try {
    const response = await fetch('sandbox/operations', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(operation),
      signal: AbortSignal.timeout(10_000),
    });
    const said = await response.json();
    setText(answer, response.ok ? `The hub has taken ${operation.type} as ${said.id}.` : `The hub refused it: ${said.error}`);
  } catch (error) {
    setText(answer, `The hub did not answer, it may have taken it or not: ${error.message}`);
  }
  whenQueued();
}

/** Lets the form work. `whenQueued` is called when the hub may have a new operation. */
export function start(whenQueued) {
  type.addEventListener('change', showPayload);
  byId('example').addEventListener('click', () => {
    payload.value = examples.get(type.value) ?? '{}';
    setProblem('');
  });
  form.addEventListener('submit', event => {
    event.preventDefault();
    queue(whenQueued);
  });
}

/** Gets the types and their examples. */
export async function load() {
  if (examples.size > 0) return;
  const response = await fetch('sandbox/examples', { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`the hub answered ${response.status}`);
  const list = await response.json();
  examples = new Map(list.map(example => [example.type, JSON.stringify(example.payload, null, 2)]));
  fill(type, [...examples.keys()]);
  showPayload();
}

/** Shows the agents that one can choose from, and how the hub brings them work. */
export function offer(hub) {
  const chosen = agent.value;
  const agents = hub.agents.map(one => one.agent_id);
  fill(agent, agents);
  if (agents.includes(chosen)) agent.value = chosen;
  form.querySelector('[type="submit"]').disabled = agents.length === 0;
  setText(byId('delivery'), deliveries[hub.kind] ?? '');
}

function fill(select, values) {
  reconcile(select, values, value => value, () => document.createElement('option'), setText);
}
