// The status page: asks the agent for /debug/page every two seconds and shows what it says. Whatever comes from the cluster or the hub
// is a stranger's text, and is put in as text (textContent), never as markup.
import { bars, lines } from './charts.js';

const INTERVAL = 2000, LIMIT = 8000, LOG_LINES = 500;
const SEVERITY = ['debug', 'info', 'warn', 'error', 'fatal'];

const byId = id => document.getElementById(id);
const tables = new Map(['components', 'operations', 'vms', 'vdcs', 'templates', 'caches', 'history', 'settings']
  .map(id => [id, { body: byId(id).querySelector('tbody'), labels: [...byId(id).querySelectorAll('thead th')].map(th => th.textContent), rows: new Map() }]));
let lastLine = 0, startedAt = null, awaySince = null, timer = null, asking = false, again = false;

// ---- texts

const time = text => {
  if (!text) return '';
  const at = new Date(text), today = new Date().toDateString() === at.toDateString();
  return today ? at.toLocaleTimeString() : at.toLocaleString();
};
const number = value => value.toLocaleString(undefined, { maximumFractionDigits: 1 });
const duration = ms => ms === undefined || ms === null ? '' : ms < 1000 ? `${Math.round(ms)} ms` : ms < 60000 ? `${number(ms / 1000)} s`
  : ms < 3600000 ? `${Math.floor(ms / 60000)} min ${Math.floor(ms / 1000 % 60)} s` : ms < 86400000 ? `${Math.floor(ms / 3600000)} h ${Math.floor(ms / 60000 % 60)} min`
  : `${Math.floor(ms / 86400000)} d ${Math.floor(ms / 3600000 % 24)} h`;
const bytes = value => value >= 2 ** 30 ? `${number(value / 2 ** 30)} GiB` : value >= 2 ** 20 ? `${number(value / 2 ** 20)} MiB` : `${Math.round(value / 1024)} KiB`;
const joined = (parts, separator = ', ') => parts.filter(part => part !== undefined && part !== null && part !== '').join(separator);
const of = (part, whole) => whole ? `${part} of ${whole}` : part;

const KINDS = {
  good: ['Healthy', 'registered', 'running', 'completed', 'Active', 'Synced', 'delivered', 'yes'],
  warn: ['Warning', 'Degraded', 'Connecting', 'connecting', 'Pending', 'pending', 'provisioning', 'starting', 'stopping', 'deleting', 'migrating', 'paused', 'Starting', 'Terminating', 'Suspended', 'waiting'],
  bad: ['Unhealthy', 'Disconnected', 'error', 'failed', 'Failed', 'Failing', 'refused', 'no'],
};
const kindOf = word => Object.keys(KINDS).find(kind => KINDS[kind].includes(word)) ?? 'plain';
const word = text => ({ text, kind: kindOf(text) });

function put(node, content) {
  const { text, kind = '' } = typeof content === 'object' ? content : { text: content };
  const shown = String(text ?? '');
  if (node.textContent !== shown) node.textContent = shown;
  if (node.dataset.kind !== kind) {
    node.classList.remove('good', 'warn', 'bad', 'plain');
    if (kind !== '') node.classList.add(kind);
    node.dataset.kind = kind;
  }
}

// ---- tables: a row stays the same element while what it is about does

function show(id, items) {
  const { body, labels, rows } = tables.get(id);
  body.parentElement.hidden = items.length === 0;
  const before = new Set(rows.keys());
  let next = body.firstElementChild;
  for (const { key, data = {}, cells } of items) {
    let row = rows.get(key);
    if (row === undefined) rows.set(key, row = emptyRow(labels));
    before.delete(key);
    for (const [name, value] of Object.entries(data)) if (row.dataset[name] !== value) row.dataset[name] = value;
    cells.forEach((cell, index) => put(row.children[index], cell));
    if (row === next) next = next.nextElementSibling;
    else body.insertBefore(row, next);
  }
  for (const gone of before) {
    rows.get(gone).remove();
    rows.delete(gone);
  }
}

// With roles of their own: as cards on a narrow screen they would be no table to a screen reader.
function emptyRow(labels) {
  const row = document.createElement('tr');
  row.setAttribute('role', 'row');
  labels.forEach((label, index) => {
    const cell = document.createElement(index === 0 ? 'th' : 'td');
    if (index === 0) cell.scope = 'row';
    else cell.dataset.label = label;
    cell.setAttribute('role', index === 0 ? 'rowheader' : 'cell');
    row.append(cell);
  });
  return row;
}

function facts(pairs) {
  const list = byId('overview');
  pairs.forEach(([name, content], index) => {
    let box = list.children[index];
    if (box === undefined) {
      box = document.createElement('div');
      box.append(document.createElement('dt'), document.createElement('dd'));
      list.append(box);
    }
    put(box.children[0], name);
    put(box.children[1], content);
  });
}

// ---- parts

function showOverview({ state, hub, operations }) {
  put(byId('agent-id'), `${state.agent_id} · ${state.version}`);
  put(byId('agent-state'), word(state.state));
  put(byId('hub-state'), hub.problem && hub.state === 'registered' ? { text: hub.state, kind: 'warn' } : word(hub.state));
  document.title = `${state.state} · ${state.agent_id}`;
  const now = new Date(state.now), since = text => duration(Math.max(0, now - new Date(text)));
  facts([
    ['State', { text: `${state.state} for ${since(state.since)}`, kind: kindOf(state.state) }],
    ['Ready', word(state.ready ? 'yes' : 'no')],
    ['Mode', joined([state.mode, state.leader && `${state.leader} leads`, state.leadership_problem])],
    ['Up', `${since(state.started_at)}, since ${time(state.started_at)}`],
    ['Hub', joined([hub.endpoint, hub.problem ?? hub.poll_problem], ': ')],
    ['Hub last took a report', hub.last_contact ? `${since(hub.last_contact)} ago` : 'never'],
    ['Reports not taken', hub.missed_reports],
    ['Hub asked to wait', Object.entries(hub.wait_seconds ?? {}).map(([name, left]) => `${name}: ${left} s`).join(', ') || 'no'],
    ['Results to deliver', joined([hub.undelivered_results, hub.oldest_undelivered && `the oldest for ${since(hub.oldest_undelivered)}`, hub.delivery_problem])],
    ['Operations under way', operations.in_flight_count],
    ['Memory', of(bytes(state.memory_bytes), state.memory_limit_bytes && bytes(state.memory_limit_bytes))],
    ['Log level', joined([state.log_level.current, state.log_level.returns_at && `until ${time(state.log_level.returns_at)}, then ${state.log_level.configured}`])],
    ['Credentials from files', hub.credentials.map(one => joined([one.what, one.expires_at && `ends ${time(one.expires_at)}`, one.problem])).join('; ') || 'none'],
    ['Cluster, zone', `${state.cluster_id}, ${state.zone_id}; agent in ${state.namespace}`],
  ]);
}

function showCharts({ history }) {
  const samples = [...history.samples, history.now];
  const sum = name => samples.reduce((total, sample) => total + sample[name], 0);
  bars(byId('chart-operations'), `${sum('completed')} completed (filled), ${sum('failed')} failed (outlined)`,
    samples.map(sample => [sample.completed, sample.failed]), number);
  const medians = samples.map(sample => sample.median_ms);
  const known = medians.filter(value => value !== undefined);
  lines(byId('chart-latency'), known.length ? `last ${duration(known.at(-1))}, at most ${duration(Math.max(...known))}` : 'no operation ended',
    [{ kind: 'plain', values: medians }], duration);
  const vms = name => samples.map(sample => sample.vms_by_status[name] ?? 0);
  const others = samples.map(sample => Object.entries(sample.vms_by_status).reduce((total, [name, count]) => ['running', 'stopped', 'error'].includes(name) ? total : total + count, 0));
  const series = [
    { name: 'running', sign: 'line', kind: 'good', values: vms('running') }, { name: 'stopped', sign: 'dashes', kind: 'plain', values: vms('stopped'), dashes: '6 3' },
    { name: 'error', sign: 'dots', kind: 'bad', values: vms('error'), dashes: '2 2' }, { name: 'others', sign: 'dash and dot', kind: 'warn', values: others, dashes: '6 2 2 2' },
  ];
  lines(byId('chart-vms'), series.map(one => `${one.values.at(-1)} ${one.name} (${one.sign})`).join(', '), series, number);
  const memory = samples.map(sample => sample.memory_bytes);
  lines(byId('chart-memory'), `now ${bytes(memory.at(-1))}, at most ${bytes(Math.max(...memory))}`, [{ kind: 'plain', values: memory }], bytes);
}

function showTables({ state, components, operations, vms, vdcs, templates, caches }) {
  show('components', Object.entries(components).map(([name, one]) => ({ key: name, data: { component: name, status: one.status }, cells: [name, word(one.status), one.message] })));
  show('operations', [
    ...operations.in_flight.map(one => ({
      key: one.key, data: { operation: one.id, outcome: one.phase },
      cells: [one.id, one.type, one.target, one.phase === 'running' ? { text: one.phase, kind: 'plain' } : word(one.phase), time(one.started_at ?? one.received_at),
        duration(new Date(state.now) - new Date(one.started_at ?? one.received_at)), '', ''],
    })),
    ...operations.ended.map(one => ({
      key: `${one.key} ${one.ended_at}`, data: { operation: one.id, outcome: one.outcome },
      cells: [one.id, one.type, one.target, word(one.outcome), time(one.ended_at), duration(one.duration_ms), one.result ? word(one.result) : '', one.error],
    })),
  ]);
  put(byId('operations-summary'), `${operations.in_flight_count} under way, ${operations.ended.length} ended`);
  show('vms', vms.vms.map(one => ({
    key: `${one.namespace}/${one.name}`, data: { vm: `${one.namespace}/${one.name}`, status: one.status },
    cells: [`${one.namespace}/${one.name}`, word(one.status), joined([one.cpu && `${one.cpu} vCPU`, one.memory, one.storage && `${one.storage} disk`]),
      joined([one.node_name, one.ip_address]), Object.entries(one.labels ?? {}).map(([key, value]) => `${key}=${value}`).join(', '),
      joined([one.message, one.restart_required && 'a change waits for a restart'], '; '), time(one.updated_at)],
  })));
  put(byId('vms-summary'), joined([`${vms.vms.length} of ${vms.matching === vms.count ? vms.count : `${vms.matching} that match, of ${vms.count}`}`,
    Object.entries(vms.by_status).map(([status, count]) => `${count} ${status}`).join(', ')], ': '));
  show('vdcs', vdcs.vdcs.map(one => {
    const use = one.resource_usage;
    return {
      key: one.namespace, data: { vdc: one.namespace, status: one.status },
      cells: [one.name, one.namespace, word(one.status), of(use.cpu_used === undefined ? '?' : number(use.cpu_used / 1000), use.cpu_capacity && number(use.cpu_capacity / 1000)),
        of(use.memory_used === undefined ? '?' : bytes(use.memory_used), use.memory_capacity && bytes(use.memory_capacity)), use.vm_count, (one.warnings ?? []).join('; ')],
    };
  }));
  put(byId('vdcs-summary'), `${vdcs.vdcs.length} of ${vdcs.count}`);
  show('templates', templates.templates.map((one, index) => ({
    key: `${one.source} ${one.name} ${index}`, data: { template: one.name },
    cells: [one.name, one.source, word(one.reason ? 'no' : 'yes'), joined([one.reason, one.hidden && 'another of this name counts'], '; ')],
  })));
  put(byId('templates-summary'), joined([`${templates.templates.length} of ${templates.count}`,
    templates.stored === undefined ? 'those of the hub are not known here' : `${templates.stored} of the hub are stored`, templates.problem, templates.pull_problem,
    templates.lost.length ? `not readable: ${templates.lost.join(', ')}` : '', templates.rejected.map(one => `rejected: ${one.name}: ${one.reason}`).join('; ')], '; '));
  show('caches', caches.caches.map(one => ({ key: one.holds, data: { cache: one.holds, state: one.state }, cells: [one.holds, word(one.state), one.objects, time(one.last_event), one.problem] })));
  show('history', state.history.map(one => ({ key: `${one.at} ${one.to}`, cells: [time(one.at), one.from, word(one.to), one.reason] })));
}

function showLog({ state, log }) {
  const list = byId('log-lines').querySelector('ol');
  if (startedAt !== state.started_at) list.replaceChildren(); // another process, whose lines begin anew
  const box = byId('log-lines'), isAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 20;
  for (const line of log.lines) {
    const item = document.createElement('li');
    item.dataset.level = line.level;
    item.textContent = `${time(line.at)} ${line.level.toUpperCase()} ${line.source}: ${line.message}`;
    list.append(item);
  }
  while (list.children.length > LOG_LINES) list.firstElementChild.remove();
  filterLog();
  if (isAtEnd && log.lines.length) box.scrollTop = box.scrollHeight;
  lastLine = log.last;
}

function filterLog() {
  const least = SEVERITY.indexOf(byId('log-filter').value);
  for (const item of byId('log-lines').querySelector('ol').children) item.hidden = SEVERITY.indexOf(item.dataset.level) < least;
}

async function showSettings() {
  const { settings, warnings } = await ask('debug/settings');
  show('settings', settings.map(one => ({
    key: one.name, data: { setting: one.name },
    cells: [one.name, one.is_hidden ? '(set, not shown)' : one.value ?? one.note ?? '', one.variable && one.variable !== one.name ? `${one.source}, ${one.variable}` : one.source],
  })));
  byId('settings').querySelector('summary').textContent = joined(['All settings', warnings.length ? `${warnings.length} warnings: ${warnings.join('; ')}` : ''], ', ');
}

// ---- asking

async function ask(path, options = {}) {
  const answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(LIMIT), ...options });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error ?? `${answer.status}`);
  return body;
}

async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  clearTimeout(timer);
  try {
    const query = new URLSearchParams({ after: lastLine });
    const name = byId('vm-filter').value.trim();
    if (name !== '') query.set('name', name);
    const page = await ask(`debug/page?${query}`);
    const isNew = startedAt !== page.state.started_at;
    if (isNew && startedAt !== null && lastLine > 0) page.log = await ask('debug/log');
    showOverview(page);
    showCharts(page);
    showTables(page);
    showLog(page);
    if (isNew) await showSettings();
    startedAt = page.state.started_at;
    answered();
  } catch (error) {
    missed(error);
  }
  asking = false;
  timer = setTimeout(refresh, again ? 0 : INTERVAL);
  again = false;
}

function answered() {
  document.body.classList.remove('stale');
  byId('outage').hidden = true;
  if (byId('connection').dataset.state !== 'live') {
    byId('connection').dataset.state = 'live';
    byId('connection').textContent = awaySince === null ? 'live' : `live again since ${new Date().toLocaleTimeString()}`;
  }
  awaySince = null;
}

function missed(error) {
  if (awaySince !== null) return;
  awaySince = new Date();
  document.body.classList.add('stale');
  byId('connection').dataset.state = 'away';
  byId('connection').textContent = 'not live';
  byId('outage').textContent = `The agent does not answer since ${awaySince.toLocaleTimeString()} (${error.message}). What is below is of then; the page goes on asking.`;
  byId('outage').hidden = false;
}

async function act(button) {
  const action = button.dataset.action, result = byId('action-result');
  button.disabled = true;
  result.textContent = `${button.textContent} …`;
  const body = action === 'log-level' ? { level: byId('level').value, minutes: Number(byId('minutes').value) } : {};
  try {
    const done = await ask(`debug/${action}`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), signal: AbortSignal.timeout(60000),
    });
    put(result, { text: `${new Date().toLocaleTimeString()}: ${done.message}`, kind: 'good' });
  } catch (error) {
    put(result, { text: `${new Date().toLocaleTimeString()}: not done: ${error.message}`, kind: 'bad' });
  }
  button.disabled = false;
  refresh();
}

for (const table of document.querySelectorAll('table')) table.setAttribute('role', 'table');
for (const button of document.querySelectorAll('button[data-action]')) button.addEventListener('click', () => act(button));
byId('vm-filter').addEventListener('input', refresh);
byId('log-filter').addEventListener('change', filterLog);
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
refresh();
