'use strict';
// mosquitto is killed and forgets all, in bad weather: the ledger finds nothing but
// what was under way then. MIDGE_TEST_CHAOS_S says for how long.
const { storm } = require('./support/storm');

storm('mosquitto is killed in bad weather', { persistence: false,
  faults: ['reset', 'close', 'silence', 'killed'] });
