'use strict';
// Scripts made at random, each from its seed: one call or fault after the
// other, what the program saw of it, and what the broker was sent.
// MIDGE_TEST_SCRIPTS says how many.
const { generator } = require('../support/dice');

const SCRIPTS = Number(process.env.MIDGE_TEST_SCRIPTS || 24);
const STEPS = 14;
const TOPICS = ['a', 'a/b', 'a/b/c', 'b', 'no/a', 'no/b'];
const FILTERS = [...TOPICS, 'a/#', '+/b', 'no/#', '#/bad', 'a+'];

const isRefused = (topic) => topic.startsWith('no/');

// A broker that refuses what begins with "no/".
function rules(version) {
  const refusal = version === 5 ? 135 : 128;
  const refuses = (topic) => version === 5 && isRefused(topic);
  return {
    subscribe: ({ messageId, subscriptions }) => ({
      cmd: 'suback', messageId,
      granted: subscriptions.map(({ topic, qos }) => (isRefused(topic) ? refusal : qos)),
    }),
    publish: ({ messageId, qos, topic }) => (qos === 0 ? undefined : {
      cmd: qos === 1 ? 'puback' : 'pubrec', messageId, reasonCode: refuses(topic) ? 135 : 0,
    }),
  };
}

class Walk {
  #sent = 0; // packets of the broker that were written down
  #connects = 1;
  #messages = 0;
  #id = 0;

  constructor(t, client, random) {
    this.t = t;
    this.client = client;
    this.random = random;
  }

  pick(list) {
    return list[this.random(list.length)];
  }

  some(list) {
    return Array.from({ length: 1 + this.random(3) }, () => this.pick(list));
  }

  // What the broker was sent since the last time, without ids; what answers it
  // is counted, as it comes when it likes.
  wire() {
    const { broker } = this.t;
    const packets = broker.seen.slice(this.#sent);
    this.#sent = broker.seen.length;
    const isAnswer = ({ cmd }) => /^pub./.test(cmd) && cmd !== 'publish';
    this.t.add('answers', packets.filter(isAnswer).map(({ cmd }) => cmd).sort());
    this.t.add('wire', packets.filter((packet) => !isAnswer(packet)).map((packet) => {
      const { cmd, topic, payload, qos, retain, subscriptions, unsubscriptions } = packet;
      return { cmd, topic, payload, qos, retain, subscriptions, unsubscriptions };
    }));
  }

  async publish() {
    const options = { qos: this.random(3), retain: this.random(2) === 1 };
    const topic = this.pick(TOPICS);
    const count = this.t.broker.of('publish').length;
    const message = `m${this.random(100)}`;
    await this.t.outcome('publish', this.client.publishAsync(topic, message, options));
    await this.t.broker.saw('publish', count + 1);
  }

  // One packet is granted or refused as a whole.
  async subscribe() {
    const list = [...new Set(this.some(FILTERS))]
      .filter((topic, _, [first]) => isRefused(topic) === isRefused(first));
    const topics = this.random(2) === 0 ? list[0] : list;
    await this.t.outcome('subscribe',
      this.client.subscribeAsync(topics, { qos: this.random(3) }));
  }

  async unsubscribe() {
    const topics = this.random(2) === 0 ? this.pick(FILTERS) : this.some(FILTERS);
    await this.t.outcome('unsubscribe', this.client.unsubscribeAsync(topics));
  }

  async message() {
    this.#id += 1;
    this.#messages += 1;
    this.t.broker.current.send({
      cmd: 'publish', topic: this.pick(TOPICS), payload: `r${this.#id}`, qos: this.random(3),
      retain: this.random(2) === 1, messageId: this.#id,
    });
    await this.t.until('message', this.#messages);
    await this.fence();
  }

  // Everything before it has been answered.
  async fence() {
    await this.client.publishAsync('fence', '', { qos: 2 });
  }

  async cut() {
    this.#connects += 1;
    if (this.random(2) === 0) this.t.broker.current.end();
    else this.t.broker.current.reset();
    await this.t.until('connect', this.#connects);
    await this.fence();
    await this.t.quiet(50);
    this.resubscribed();
  }

  // Which filters were asked for again, in whatever order and packets.
  resubscribed() {
    const { broker } = this.t;
    const packets = broker.seen.slice(this.#sent);
    this.#sent = broker.seen.length;
    this.t.add('resubscribed', packets.flatMap(({ subscriptions }) => subscriptions ?? [])
      .map(({ topic, qos }) => `${topic} ${qos}`).sort());
  }
}

function script(seed) {
  const version = seed % 2 === 0 ? 4 : 5;
  return {
    rules: rules(version),
    run: async (t) => {
      const client = await t.connected({ protocolVersion: version });
      const walk = new Walk(t, client, generator(seed));
      for (let step = 0; step < STEPS; step += 1) {
        const kind = walk.pick(['publish', 'publish', 'subscribe', 'subscribe', 'unsubscribe',
          'message', 'message', 'cut']);
        await walk[kind]();
        walk.wire();
      }
      await client.endAsync();
    },
  };
}

for (let seed = 1; seed <= SCRIPTS; seed += 1) module.exports[`seed ${seed}`] = script(seed);
