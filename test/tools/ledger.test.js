'use strict';
// The ledger of test/chaos notices what is wrong, and excuses what a broker that
// was killed cannot do.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Ledger } = require('../chaos/support/ledger');

function ledgerOf(...receivers) {
  const ledger = new Ledger();
  for (const name of receivers) ledger.addReceiver(name);
  return ledger;
}

function publish(ledger, number, qos = 1) {
  ledger.published(`a ${number}`, qos);
  ledger.ended(`a ${number}`);
}

test('all is well', () => {
  const ledger = ledgerOf('b', 'c');
  for (const number of [0, 1]) {
    publish(ledger, number, 2);
    for (const name of ['b', 'c']) ledger.received(name, `a ${number}`);
  }
  assert.ok(ledger.isSettled());
  assert.deepEqual(ledger.judge(), []);
});

test('an acknowledged message that one receiver never has', () => {
  const ledger = ledgerOf('b', 'c');
  publish(ledger, 0);
  ledger.received('b', 'a 0');
  assert.ok(!ledger.isSettled());
  assert.deepEqual(ledger.judge(), ['c has never received a 0']);
});

test('one that was refused is a fault, and need not arrive', () => {
  const ledger = ledgerOf('b');
  ledger.published('a 0', 1);
  ledger.ended('a 0', Object.assign(new Error('refused'), { code: 'EREFUSED' }));
  assert.deepEqual(ledger.judge(), ['a 0 ended with EREFUSED']);
});

test('QoS 2 comes once, QoS 1 may come again', () => {
  const ledger = ledgerOf('b');
  for (const qos of [1, 2]) {
    publish(ledger, qos, qos);
    for (let i = 0; i < 2; i += 1) ledger.received('b', `a ${qos}`);
  }
  assert.deepEqual(ledger.judge(), ['b received a 2 of QoS 2 again']);
});

test('order of a sender and a quality of service', () => {
  const ledger = ledgerOf('b');
  publish(ledger, 0, 1);
  publish(ledger, 1, 2);
  publish(ledger, 2, 1);
  for (const number of [2, 1, 0]) ledger.received('b', `a ${number}`);
  assert.deepEqual(ledger.judge(), ['b received a 0 of QoS 1 after 2']);
});

test('a publish ends once, and does end', () => {
  const ledger = ledgerOf();
  publish(ledger, 0);
  ledger.ended('a 0');
  ledger.published('a 1', 1);
  assert.ok(!ledger.isSettled());
  assert.deepEqual(ledger.judge(), ['a 0 ended 2 times', 'a 1 has no outcome']);
});

test('a message that nobody published', () => {
  const ledger = ledgerOf('b');
  ledger.received('b', 'a 0');
  assert.deepEqual(ledger.judge(), ['b received a 0, which nobody published']);
});

test('what a killed broker forgets is excused, and what comes later is not', () => {
  const ledger = ledgerOf('b');
  publish(ledger, 0); // acknowledged by the one that is killed
  ledger.published('a 1', 2); // under way
  ledger.published('a -1', 2);
  ledger.received('b', 'a 1');
  ledger.died('SIGKILL');
  ledger.received('b', 'a 1');
  ledger.ended('a 1');
  ledger.received('b', 'a -1');
  ledger.ended('a -1');
  ledger.died('SIGKILL');
  publish(ledger, 2); // before it knows the receiver
  publish(ledger, 3);
  ledger.received('b', 'a 3');
  publish(ledger, 4);
  assert.deepEqual(ledger.judge(), ['b has never received a 4']);
  assert.equal(ledger.counts.lostByBroker, 2);
  assert.equal(ledger.counts.repeatedByBroker, 1);
});

test('order is disturbed until the receiver of a killed broker is back', () => {
  const ledger = ledgerOf('b');
  publish(ledger, 9, 2);
  ledger.died('SIGKILL');
  ledger.received('b', 'a 9'); // it was on its way
  for (const number of [0, 1]) publish(ledger, number);
  for (const number of [1, 0]) ledger.received('b', `a ${number}`);
  for (const number of [2, 3]) publish(ledger, number);
  for (const number of [3, 2]) ledger.received('b', `a ${number}`);
  assert.deepEqual(ledger.judge(), ['b received a 2 of QoS 1 after 3']);
});

test('what a broker sends again after PUBREL is excused', () => {
  const ledger = ledgerOf('b');
  publish(ledger, 0, 2);
  ledger.received('b', 'a 0');
  ledger.sentAfterRelease('a 0');
  ledger.received('b', 'a 0');
  assert.deepEqual(ledger.judge(), []);
  assert.equal(ledger.counts.repeatedByBroker, 1);
});

test('what a stopped broker forgets is not excused', () => {
  const ledger = ledgerOf('b');
  publish(ledger, 0);
  ledger.died('SIGTERM');
  assert.deepEqual(ledger.judge(), ['b has never received a 0']);
});
