'use strict';
// The hook that is asked before every attempt to connect. It may take its
// time; when it fails, the attempt has failed, and the next one asks again.
const { types } = require('node:util');
const native = require('./native');
const { invalidType } = require('./errors');
const { headers } = require('./options');

const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 60000;

function text(answer, name) {
  const value = answer[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') {
    throw invalidType(`credentials.${name}`, 'string', value);
  }
  return value;
}

// What the hook gave, as the addon takes it; throws what cannot be.
function read(answer) {
  if (answer === undefined || answer === null) return {};
  if (typeof answer !== 'object') {
    throw invalidType('credentials', 'object', answer);
  }
  const { password } = answer;
  return {
    url: text(answer, 'url'),
    userName: text(answer, 'username'),
    password: types.isUint8Array(password) ? password
      : text(answer, 'password'),
    headers: answer.headers == null
      ? undefined : headers('credentials.headers', answer.headers),
  };
}

class Credentials {
  #hook;
  #min;
  #max;

  constructor(hook, { reconnectMin, reconnectMax }) {
    this.#hook = hook;
    this.#min = reconnectMin ?? RETRY_MIN_MS;
    this.#max = reconnectMax ?? Math.max(this.#min, RETRY_MAX_MS);
  }

  serve(link) {
    let turn = 0;
    link.attempt = (attempt, lastError) => {
      turn += 1;
      this.#answer(link, turn, () => turn, attempt, lastError, 0);
    };
  }

  // `current` tells whether a newer attempt has begun meanwhile.
  async #answer(link, turn, current, attempt, lastError, failures) {
    const { asked } = link;
    const isOver = () => current() !== turn || link.asked !== asked ||
      link.left === asked || !link.isWanted;
    try {
      const answer = read(await this.#hook({ attempt, lastError }));
      if (!isOver()) native.proceed(link.index, answer);
    } catch (error) {
      if (isOver()) return;
      link.lastError = error;
      link.failed(error instanceof Error ? error : new Error(String(error)));
      const delay = Math.min(this.#min * 2 ** failures, this.#max);
      const timer = setTimeout(() => {
        if (isOver()) return;
        this.#answer(link, turn, current, attempt + 1, error, failures + 1);
      }, delay);
      if (!link.isRef) timer.unref();
    }
  }

  // In a blocking connect there is no later: a promise cannot be awaited.
  answerNow(link) {
    try {
      const answer = this.#hook({ attempt: 1, lastError: link.lastError });
      if (types.isPromise(answer)) {
        throw new TypeError('a blocking connect cannot await credentials');
      }
      return native.proceed(link.index, read(answer));
    } catch (error) {
      link.lastError = error;
      return undefined;
    }
  }
}

module.exports = { Credentials };
