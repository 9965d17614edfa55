// The pages of the site, as its sidebar has them.
export const GROUPS = {
  Begin: ['README', 'docs/guide', 'docs/migrating-from-mqttjs', 'docs/troubleshooting'],
  'In JavaScript': ['docs/mqtt-connect', 'docs/api', 'docs/durability', 'docs/security',
    'docs/brokers'],
  Beside: ['docs/command-line', 'docs/bench', 'docs/c-api', 'docs/performance', 'bench/RESULTS',
    'bench/RESULTS-transports', 'bench/RESULTS-durability', 'bench/README'],
  'How it is made': ['ARCHITECTURE', 'docs/statements', 'CHANGELOG', 'CONTRIBUTING', 'SECURITY',
    'STYLE'],
};
