// Asks the hub once a second for all that there is to show.

import { announce, nameOf, show, showHub } from './hub-view.js';
import * as form from './hub-form.js';

const interval = 1000;
const patience = 5000;
const announcedAtOnce = 3;

let awaySince = null;
let hubId = null;
let answered = null; // how many results there were of each operation; null: nothing was shown yet
let wake = () => {};

async function ask() {
  await form.load();
  const response = await fetch('sandbox/state', { cache: 'no-store', signal: AbortSignal.timeout(patience) });
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  return response.json();
}

function announceResults(operations) {
  const results = new Map(operations.map(operation => [operation.number, operation.results]));
  const news = answered === null ? [] : operations.filter(operation => operation.results > (answered.get(operation.number) ?? 0));
  answered = results;
  if (news.length === 0) return;
  const told = news.slice(0, announcedAtOnce).map(operation => `${nameOf(operation)}: ${operation.outcome}`);
  announce(told.join('. ') + (news.length > told.length ? `. And ${news.length - told.length} more results.` : ''));
}

async function turn() {
  let hub;
  try {
    hub = await ask();
  } catch (error) {
    if (awaySince !== null) return;
    awaySince = new Date();
    showHub('away', `The hub does not answer since ${awaySince.toLocaleTimeString()}; what is below is older. It is asked again each second. (${error.message})`);
    return;
  }
  awaySince = null;
  if (hub.hub !== hubId) [hubId, answered] = [hub.hub, null]; // another one: it counts anew
  try {
    show(hub);
    form.offer(hub);
    announceResults(hub.operations);
    showHub('answers', 'The hub answers.');
  } catch (error) {
    console.error(error);
    showHub('away', `The hub answers, but this page cannot show it: ${error.message}`);
  }
}

async function run() {
  for (;;) {
    const started = performance.now();
    await turn();
    await new Promise(resolve => {
      wake = resolve;
      setTimeout(resolve, Math.max(0, interval - (performance.now() - started)));
    });
  }
}

form.start(() => wake());
run();
