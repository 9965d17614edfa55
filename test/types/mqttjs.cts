// mqtt.connect as a CommonJS program meets it, beside the class.
import mqtt = require('midge');
import byDefault from 'midge';
import { connect, MqttClient } from 'midge';

const client: mqtt.MqttClient = mqtt.connect('mqtt://localhost', { clientId: 'mine' });
const same: MqttClient = connect({ host: 'localhost' });
const given: mqtt.IClientOptions = client.options;
const kitchen: mqtt = new byDefault('kitchen', null, null, true, 60000, true);
byDefault.connectAsync('mqtt://localhost').then((one) => one.endAsync());
client.end(true);

// @ts-expect-error an option is spelt as it is
connect('mqtt://localhost', { keepAlive: 10 });

export type Packets = [mqtt.IPublishPacket, mqtt.IConnackPacket, mqtt.Packet];
export type Beyond = [mqtt.ClientStats, mqtt.IMessagesOptions, mqtt.IRequestOptions];
export { same, given, kitchen };
