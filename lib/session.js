'use strict';
// One client of the addon: the events that come from it, and what JavaScript
// has to remember of it. What they mean goes to the presenter.
const native = require('./native');
const batch = require('./batch');
const { errors, failure, LOWEST_REASON } = require('./errors');
const { decode } = require('./properties');
const { Intake } = require('./intake');
const { Life, CANCELLED, ABANDONED, SILENT } = require('./life');
const { Outcomes } = require('./outcomes');

const versions = [5, 4, 3]; // of midge_version

class Session {
  // `handle`: { index }, shared with the finalizer.
  constructor(presenter, handle, { isAsynchronous, isMqtt5, limits }) {
    this.presenter = presenter;
    this.handle = handle;
    this.isAsynchronous = isAsynchronous;
    this.isMqtt5 = isMqtt5;
    this.life = new Life();
    this.outcomes = new Outcomes(isAsynchronous ? limits.offlineTimeout : 0,
      (request, mid) =>
        presenter.overdue(request, mid, failure(errors.ETIMEOUT,
          { text: 'there is no connection: the request waits for one' })));
    this.intake = new Intake({
      hold: (on) => native.hold(handle.index, on),
      deliver: (message) => presenter.received(...message),
      isHeard: () => presenter.isHeard(),
      limit: limits.holdTimeout,
    });
    this.isRef = true;
    this.isKept = false;
    this.lastError = undefined; // of an attempt, since the last connection
    this.attempt = undefined; // (attempt, retry, last error): who is asked
  }

  get index() {
    return this.handle.index;
  }

  // An open client lives, and keeps the process alive unless told not to.
  keepAlive() {
    const isOpen = !this.life.isOver;
    batch.root(this, isOpen);
    const isKept = isOpen && this.isRef;
    if (isKept !== this.isKept) batch.keep(isKept);
    this.isKept = isKept;
  }

  begin() {
    this.life.begin();
    this.outcomes.missed();
    this.keepAlive();
  }

  // Another takes its place: what was wished here still has its outcome to
  // come. Unless it has said its goodbye (`isClosed`), that is told now, before
  // anything is heard of the other.
  giveUp(isClosed) {
    native.close(this.index);
    batch.root(this, true);
    this.outcomes.content();
    if (isClosed) return;
    for (let ends = this.life.silence(); ends > 0; ends -= 1) {
      process.nextTick(() => this.presenter.closed({ isLast: true }));
    }
  }

  connecting(attempt, connect, [retry]) {
    if (this.attempt !== undefined) {
      this.attempt(attempt, connect, retry, this.lastError);
    }
  }

  opened(attempt, connect,
    [sessionPresent, version, clientId, keepAlive, renewed, list]) {
    this.isMqtt5 = version === 0;
    // Given up between the server's answer and now: nobody hears of it.
    if (!this.life.opened(connect)) return;
    this.lastError = undefined;
    this.outcomes.content();
    this.intake.opened(!this.isAsynchronous);
    this.presenter.opened({
      sessionPresent: sessionPresent !== 0,
      reasonCode: 0,
      protocolVersion: versions[version],
      clientId,
      keepalive: keepAlive,
      renewed,
      properties: decode(list),
    });
  }

  closed(attempt, connect, [status, reason, text, code, statusCode, retry, list, sent]) {
    const isLast = retry < 0;
    const { fate, wasOpen } = this.life.closed(connect, isLast);
    if (isLast) this.#ended();
    else if (wasOpen) this.outcomes.missed();
    if (fate === SILENT) return;
    const isWished = status === 0 || fate === CANCELLED;
    if (isWished && fate !== ABANDONED) {
      if (isLast) this.presenter.closed({ isLast });
      return;
    }
    const error = failure(status === 0 ? errors.ETIMEOUT : status, {
      text, code, reasonCode: reason, statusCode, properties: decode(list),
    });
    this.lastError = error;
    if (fate === ABANDONED) this.presenter.failed(error);
    else this.presenter.closed({ error, wasOpen, isLast, sent });
  }

  #ended() {
    if (!this.life.isOver) return;
    this.outcomes.content();
    this.intake.end();
    this.keepAlive();
  }

  message(topic, payload, qos, retain, mid, properties, duplicate) {
    const { intake, presenter } = this;
    if (intake.isGoing) {
      presenter.received(topic, payload, qos, retain, mid, properties, duplicate);
    } else {
      intake.take([topic, payload, qos, retain, mid, properties, duplicate]);
    }
  }

  // `count` requests from `mid` on went well, with `reason` if one was given;
  // most have nobody to tell.
  succeeded(mid, count, reason) {
    const { outcomes, presenter } = this;
    if (outcomes.isEmpty && !presenter.hearsSuccess()) return;
    for (const end = mid + count; mid < end; mid += 1) {
      presenter.succeeded(outcomes.take(mid), mid, reason, this.isMqtt5);
    }
  }

  done(mid, status, reasons, properties, text) {
    const { outcomes, presenter } = this;
    const request = outcomes.take(mid);
    const refused = reasons && reasons.find((code) => code >= LOWEST_REASON);
    const wrong = status !== 0 || refused === undefined ? status : -refused;
    const answer = { reasons, properties, isMqtt5: this.isMqtt5 };
    if (wrong === 0) presenter.answered(request, mid, answer);
    else presenter.refused(request, mid, failure(wrong, { text, properties }), answer);
  }

  authenticate(attempt, connect, [reasonCode, list]) {
    this.presenter.authenticating(reasonCode, decode(list));
  }
}

module.exports = { Session };
