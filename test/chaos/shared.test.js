'use strict';
// Three processes share a subscription in bad weather, and are killed: the ledger
// finds nothing. mosquitto itself goes on, as this version forgets shared
// subscriptions when it is stopped. MIDGE_TEST_CHAOS_S says for how long.
const { storm } = require('./support/storm');

storm('processes that share a subscription are killed in bad weather', { members: 3,
  faults: ['reset', 'reset', 'close', 'silence', 'process', 'process'] });
