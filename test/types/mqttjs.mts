// mqtt.connect as a module meets it, beside the class. It is compiled.
import mqtt, { connect, MqttClient, type IClientOptions } from 'midge';
import * as all from 'midge';

const options: IClientOptions = { reconnectPeriod: 10, maxQueueBytes: 1024 };
const client: MqttClient = mqtt.connect('mqtt://localhost', options);
const same: all.Client = connect('mqtt://localhost');
const kitchen = new mqtt('kitchen', null, null, true, 60000, true);
client.on('message', (topic, payload, packet) => [topic, payload.length, packet.messageId]);
const text: string = all.ReasonCodes[135];

export { same, kitchen, text };
