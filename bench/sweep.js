'use strict';
// How each client is used best: which style and which window give it the highest
// rate. Every window is tried shortly; the best few then run again, so that one
// lucky run does not decide.

const fs = require('fs');

const { median } = require('./statistics');

const COUNT_MIN = 400;
const COUNT_MAX = 20000000;
// Half of it has to be more than one window, or all would be under way at once.
const COUNT_WINDOWS = 4;
const FINALISTS = 3;
const REPEATS = 2;
// A window with which so short a run has no end is a bad one.
const TIMEOUT_MS = 20000;
const QUICK_TIMEOUT_MS = 5000;

// The number of messages whose second half takes about as long as asked for.
function countFor(rate, seconds, window = 1) {
  const count = Math.max(COUNT_MIN, COUNT_WINDOWS * window, 2 * Math.ceil(rate * seconds));
  return Math.min(COUNT_MAX, count);
}

// A rate is believed when its run took half as long as asked for.
async function calibrate(runOnce, seconds, firstCount) {
  let count = firstCount;
  for (;;) {
    const { rate, seconds: taken } = await runOnce(count);
    if (taken >= seconds / 2 || count >= COUNT_MAX) return rate;
    count = Math.min(countFor(rate, seconds), count * 10);
  }
}

// runOnce(how) measures. Fills `tried` with { style, window, rates } or an error.
async function climb(runOnce, style, windows, { seconds, count, isQuick }, tried) {
  const timeout = isQuick && !count ? QUICK_TIMEOUT_MS : TIMEOUT_MS;
  let rate = 0;
  for (const window of windows) {
    const result = { style, window, rates: [] };
    tried.push(result);
    const once = (messages) =>
      runOnce({ style, window, count: count || messages, timeout });
    try {
      rate = count ? (await once()).rate
        : await calibrate(once, seconds, countFor(rate, seconds, window));
    } catch (error) {
      // What fails with one window is no better with a larger one.
      result.error = error.message;
      return;
    }
    result.rates.push(rate);
  }
}

// Longer, as JavaScript is compiled while it runs; only these rates count then.
async function repeat(runOnce, finalists, { finalSeconds, count }) {
  const known = finalists.map((result) => result.rates[0]);
  for (const result of finalists) result.rates = [];
  for (let i = 0; i < REPEATS; i++) {
    for (const [j, result] of finalists.entries()) {
      if (result.error) continue;
      const { style, window } = result;
      const messages = count || countFor(known[j], finalSeconds, window);
      try {
        result.rates.push((await runOnce({ style, window, count: messages })).rate);
      } catch (error) {
        result.error = error.message;
      }
    }
  }
}

// Resolves with { style, window, rate, tried }, or { error, tried }.
async function sweep(runOnce, styles, windows, options) {
  const tried = []; // { style, window, rates, error }
  if (options.count && styles.length === 1 && windows.length === 1) {
    return { style: styles[0], window: windows[0], tried }; // nothing to choose
  }
  for (const style of styles) {
    await climb(runOnce, style, windows, options, tried);
  }
  const rank = () => tried.filter((result) => !result.error)
    .sort((a, b) => median(b.rates) - median(a.rates));
  const finalists = rank().slice(0, FINALISTS);
  if (!options.isQuick && finalists.length > 1) await repeat(runOnce, finalists, options);
  const [best] = rank().filter((result) => finalists.includes(result));
  const told = tried.map(({ style, window, rates, error }) =>
    ({ style, window, ...error ? { error } : { rate: Math.round(median(rates)) } }));
  if (!best) return { error: tried[0].error, tried: told };
  return { style: best.style, window: best.window, rate: median(best.rates), tried: told };
}

function describeSweep({ tried, style, window, error }) {
  const parts = tried.map((one) =>
    `${one.style} ${one.window}: ${one.error || one.rate.toLocaleString('en-US')}`);
  return `${error ? 'none' : `best: ${style} ${window}`} (${parts.join(', ')})`;
}

// A file of windows may be of another version of this bench: without its rates
// nobody knows how long a run takes.
const isWhole = (found) => found !== undefined && found.tried.every(
  ({ rate, error }) => rate > 0 || error) && (found.rate > 0 || Boolean(found.error));

// What was found, kept in a file: "<scheme> <work>" -> client -> result.
class Windows {
  // Whether the file is read if it is there, and written.
  constructor(file, { isRead, isWritten }) {
    this.file = isWritten && file;
    this.found = isRead && fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
  }

  get(work, client) {
    const found = (this.found[`${work.scheme} ${work.id}`] || {})[client.name];
    return isWhole(found) ? found : undefined;
  }

  set(work, client, result) {
    const key = `${work.scheme} ${work.id}`;
    this.found[key] = { ...this.found[key], [client.name]: result };
    if (this.file) fs.writeFileSync(this.file, `${JSON.stringify(this.found, null, 1)}\n`);
  }
}

module.exports = { Windows, calibrate, countFor, describeSweep, sweep };
