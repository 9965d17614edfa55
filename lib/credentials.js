'use strict';
// The hook that is asked before every attempt to connect. It may take its
// time; when it fails, the attempt has failed, and the next one asks again.
const { types } = require('node:util');
const native = require('./native');
const { copy } = require('./bytes');
const { failure, invalidType, strerror } = require('./errors');
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
  return {
    url: text(answer, 'url'),
    userName: text(answer, 'username'),
    password: copy('credentials.password', answer.password),
    headers: answer.headers == null
      ? undefined : headers('credentials.headers', answer.headers),
  };
}

// An answer that cannot be used is as good as none.
function proceed(session, attempt, answer) {
  const status = native.proceed(session.index, attempt, answer);
  if (status === 0) return;
  throw failure(status, {
    text: `the answer of credentials cannot be used (${strerror(status)}): ` +
      'its url is one like mqtt://host:1883',
  });
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

  serve(session) {
    let current = 0;
    const asked = (attempt, connect, retry, lastError) => {
      current = attempt;
      // Nobody waits for the answer once a newer attempt has begun, or the
      // connect that it serves is given up.
      const isOver = () =>
        current !== attempt || !session.life.isDesiredNow(connect);
      this.#answer(session, attempt, isOver, retry, lastError, 0);
    };
    session.hook = { asked };
  }

  async #answer(session, attempt, isOver, retry, lastError, failures) {
    try {
      // The core takes none that is for another attempt.
      proceed(session, attempt, read(await this.#hook({ attempt: retry, lastError })));
    } catch (error) {
      if (isOver()) return;
      session.lastError = error;
      session.presenter.failed(
        error instanceof Error ? error : new Error(String(error)));
      const delay = Math.min(this.#min * 2 ** failures, this.#max);
      // The client keeps the process alive, or does not; its timers never do.
      setTimeout(() => {
        if (isOver()) return;
        this.#answer(session, attempt, isOver, retry + 1, error, failures + 1);
      }, delay).unref();
    }
  }

  // In a blocking connect there is no later: a promise cannot be awaited. What
  // was wrong, or undefined.
  answerNow(session, attempt) {
    try {
      const answer = this.#hook({ attempt: 1, lastError: session.lastError });
      if (types.isPromise(answer)) {
        throw new TypeError('a blocking connect cannot await credentials');
      }
      proceed(session, attempt, read(answer));
      return undefined;
    } catch (error) {
      session.lastError = error;
      return error;
    }
  }
}

module.exports = { Credentials };
