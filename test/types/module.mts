// Types as a module meets them. It is compiled, and run by types.test.js.
import mqtt, { mqtt as named, errors, strerror } from 'midge';

const client: mqtt = new named('', '', '', true, 0, true);
const same: boolean = mqtt === named;
const text: string = strerror(errors.EQUEUE);
const code: number = client.publish(0, false, 'topic', 'message');

if (!same || text === '' || code !== errors.ENOCONN) process.exit(1);
