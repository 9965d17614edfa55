// What mqtt.connect has beyond MQTT.js. It is compiled.
import mqtt, {
  type ClientStats, type IMessagesOptions, type IPublishPacket, type Messages,
} from 'midge';

const { signal } = new AbortController();

export async function main(): Promise<string[]> {
  await using client = await mqtt.connectAsync('mqtt://localhost', { signal });
  client.subscribe('a', { qos: 1, timeout: 10 }, null, (topic, payload, packet: IPublishPacket) =>
    [topic, payload.length, packet.qos]);
  client.subscribe('a', undefined, (error, granted) => [error, granted], () => {});
  await client.subscribeAsync(['a', 'b'], { qos: 2 }, (topic) => topic.length);
  await client.publishAsync('a', 'b', { ttl: 1000, timeout: 2000, signal, coalesce: true });
  await client.unsubscribeAsync('a', { timeout: 1 });
  client.pause().resume();
  const { queue, causes, roundTrip }: ClientStats = client.stats();
  const numbers: number[] = [queue.bytes, causes.MIDGE_ELOST, roundTrip.p99];
  const response = await client.request('a', 'b', { timeout: 10, signal, qos: 1 });
  const answer: [Buffer, string | undefined] = [response.payload, response.properties?.contentType];
  const options: IMessagesOptions = { qos: 1, highWaterMark: 8, signal };
  const messages: Messages = client.messages(['a', 'b'], options);
  const texts: string[] = [String(answer), String(numbers)];
  for await (const { topic, payload } of messages) {
    texts.push(topic, payload.toString('utf8'));
    break;
  }
  await client.endAsync({ signal });
  return texts;
}

const one = mqtt.connect('mqtt://localhost', { manualAcks: true, sessionLost: 'drop' });
one.on('failed', (messageId, error) => [messageId + 1, error.message]);
one.on('message', (topic, payload, packet) => packet.ack?.(0));
one.publish('a', new Uint8Array(1)).publish('a', new ArrayBuffer(1), { qos: 1 });
one.reschedulePing();
one.onKeepaliveTimeout();
export const waiting: [boolean, string[]] = [one.outgoing[1].volatile, one.messageIdToTopic[1]];
// @ts-expect-error a handler is a function
one.subscribe('a', {}, null, 'handler');
// @ts-expect-error a number of milliseconds
one.publish('a', 'b', { ttl: '1' });
// @ts-expect-error options of messages are spelt as they are
one.messages('a', { highWatermark: 1 });
// @ts-expect-error options of TLS are spelt as they are
mqtt.connect('mqtts://localhost', { tls: { verifyhost: 'a' } });
