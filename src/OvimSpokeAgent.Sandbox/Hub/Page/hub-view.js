// Puts what the hub says into the page. Names and messages are others' words: they become text and attributes, never markup.

const byId = id => document.getElementById(id);

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setData(element, name, value) {
  if (value === null || value === undefined) delete element.dataset[name];
  else if (element.dataset[name] !== String(value)) element.dataset[name] = value;
}

/**
 * Makes the children of an element those of the items, in their order. What is there already stays the same element, so that focus,
 * selection and screen readers keep their place.
 */
export function reconcile(parent, items, keyOf, create, update) {
  const left = new Map([...parent.children].map(child => [child.key, child]));
  const used = new Set();
  let next = parent.firstElementChild;
  for (const item of items) {
    let key = String(keyOf(item));
    while (used.has(key)) key += '+'; // one key twice: what reports write is not checked
    used.add(key);
    const element = left.get(key) ?? create(item);
    element.key = key;
    left.delete(key);
    update(element, item);
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
  }
  for (const gone of left.values()) gone.remove();
}

function createRow(headings) {
  const row = document.createElement('tr');
  row.setAttribute('role', 'row');
  for (const heading of headings) {
    const cell = document.createElement('td');
    cell.setAttribute('role', 'cell');
    cell.dataset.heading = heading.textContent;
    cell.className = heading.className;
    cell.append(document.createElement('span'), Object.assign(document.createElement('span'), { className: 'detail' }));
    row.append(cell);
  }
  return row;
}

/** One cell: what counts, and below it, quieter, what explains it. */
function setCell(cell, text, detail = '') {
  setText(cell.firstElementChild, text ?? '');
  setText(cell.lastElementChild, detail ?? '');
  cell.lastElementChild.hidden = !detail;
  cell.toggleAttribute('data-empty', !text && !detail);
}

function fillTable(table, items, keyOf, update) {
  table.hidden = items.length === 0;
  reconcile(table.tBodies[0], items, keyOf, () => createRow(table.tHead.rows[0].cells), update);
}

const countOf = (shown, all) => shown < all ? `(${all}, the first ${shown} are shown)` : `(${all})`;

const joined = (...parts) => parts.filter(Boolean).join(', ');

function updateVm(row, vm) {
  setData(row, 'vm', `${vm.namespace}/${vm.name}`);
  setData(row, 'status', vm.status);
  const [name, status, size, address, node] = row.cells;
  setCell(name, vm.name, vm.namespace);
  setCell(status, vm.status, joined(vm.phase, vm.message));
  setCell(size, joined(vm.cpu && `${vm.cpu} CPU`, vm.memory, vm.storage));
  setCell(address, vm.ip_address);
  setCell(node, vm.node_name);
}

const ofCapacity = (used, capacity, toText) => capacity === null && used === null ? ''
  : `${used === null ? '?' : toText(used)} of ${capacity === null ? 'any' : toText(capacity)}`;

function updateVdc(row, vdc) {
  setData(row, 'vdc', vdc.namespace);
  setData(row, 'status', vdc.status);
  const [name, namespace, status, cpu, memory] = row.cells;
  setCell(name, vdc.name);
  setCell(namespace, vdc.namespace);
  setCell(status, vdc.status);
  setCell(cpu, ofCapacity(vdc.cpu_used, vdc.cpu_capacity, millicores => `${millicores / 1000}`));
  setCell(memory, ofCapacity(vdc.memory_used, vdc.memory_capacity, bytes => `${+(bytes / 2 ** 30).toFixed(2)}Gi`));
}

/** As the hub counts it: an agent is away when it says so, as it does when it ends, or when it has not reported for two minutes. */
function stateOf(agent) {
  if (!agent.connected) return ['away', `away: no report for ${duration(agent.seconds_ago)}`];
  if (agent.status === 'unavailable') return ['away', 'away: it says that it is unavailable'];
  if (agent.status === 'degraded') return ['degraded', 'degraded'];
  return ['connected', agent.status || 'connected'];
}

function duration(seconds) {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

function updateAgent(article, agent) {
  const part = name => article.querySelector(`[data-part="${name}"]`);
  const [state, told] = stateOf(agent);
  setData(article, 'agent', agent.agent_id);
  setData(article, 'state', state);
  setData(part('state'), 'state', state);
  setText(part('id'), agent.agent_id);
  setText(part('state'), told);
  setText(part('seen'), `last report ${duration(agent.seconds_ago)} ago${agent.alive === false ? '; it does not answer the hub' : ''}`);
  setText(part('zone'), agent.zone_id ?? '');
  setText(part('version'), agent.version || 'not told');
  setText(part('queued'), String(agent.queued));
  part('errors').hidden = agent.error_count === 0;
  setText(part('error-count'), countOf(agent.errors.length, agent.error_count));
  reconcile(part('error-list'), agent.errors, error => error, () => document.createElement('li'), setText);
  setText(part('vm-count'), countOf(agent.vms.length, agent.vm_count));
  part('vms').ariaLabel = `VMs of ${agent.agent_id}`;
  fillTable(part('vms'), agent.vms, vm => JSON.stringify([vm.namespace, vm.name]), updateVm);
  setText(part('vdc-count'), countOf(agent.vdcs.length, agent.vdc_count));
  part('vdcs').ariaLabel = `VDCs of ${agent.agent_id}`;
  fillTable(part('vdcs'), agent.vdcs, vdc => JSON.stringify([vdc.namespace, vdc.name]), updateVdc);
}

const stages = {
  queued: () => 'queued',
  pushing: () => 'being pushed',
  sent: operation => operation.pushed ? 'sent (pushed)' : 'sent (polled)',
  lost: () => 'lost: no agent will get it',
  answered: operation => operation.outcome || 'answered',
};

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

const milliseconds = ms => ms === null ? '' : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;

export const nameOf = operation => `${operation.type ?? 'operation'}${operation.subject ? ` ${operation.subject}` : ''}`;

function updateOperation(row, operation) {
  setData(row, 'operation', operation.id);
  setData(row, 'stage', operation.stage);
  setData(row, 'outcome', operation.outcome);
  const [queued, what, to, state, message, took] = row.cells;
  setCell(queued, clock.format(new Date(operation.queued_at)));
  setCell(what, nameOf(operation), operation.id);
  setCell(to, operation.for ?? 'not queued here');
  setCell(state, stages[operation.stage]?.(operation) ?? operation.stage, joined(
    operation.results > 1 && `${operation.results} results came`,
    operation.sharing > 0 && `${operation.sharing} more have its id: the hub cannot tell whose result it is`));
  setCell(message, operation.message);
  setCell(took, milliseconds(operation.duration_ms));
}

/** Shows the whole document. */
export function show(hub) {
  setText(byId('hub-kind'), `It behaves as the hub of kind "${hub.kind}".`);
  setText(byId('agent-count'), countOf(hub.agents.length, hub.agent_count));
  byId('no-agents').hidden = hub.agents.length > 0;
  const template = byId('agent-template').content.firstElementChild;
  reconcile(byId('agents'), hub.agents, agent => agent.agent_id, () => template.cloneNode(true), updateAgent);
  const shown = hub.operations.length;
  setText(byId('operation-count'), shown < hub.operation_count ? `(${hub.operation_count}, the newest ${shown} are shown)` : `(${shown})`);
  byId('no-operations').hidden = shown > 0;
  fillTable(byId('operations'), hub.operations, operation => operation.number, updateOperation);
}

/** Shows whether the hub answers; told to screen readers when it changes. */
export function showHub(state, text) {
  setData(byId('hub-state'), 'state', state);
  setText(byId('hub-state'), text);
}

/** Tells screen readers. */
export function announce(text) {
  setText(byId('announcements'), text);
}
