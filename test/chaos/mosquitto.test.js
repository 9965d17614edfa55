'use strict';
// mosquitto is stopped and started again, with what it had, in bad weather: the
// ledger finds nothing. MIDGE_TEST_CHAOS_S says for how long.
const { storm } = require('./support/storm');

storm('mosquitto is stopped in bad weather', { faults: ['reset', 'reset', 'close', 'silence',
  'stopped', 'stopped'] });
