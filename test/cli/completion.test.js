'use strict';
// What shells offer for a line whose last word is at the cursor, from what the program prints for
// them: bash, and zsh and fish where they are.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { optionsOf, words } = require('./support/help');
const { MIDGE } = require('./support/program');

const LIMIT_MS = 120000;

let folder; // with two files to offer

function said(...args) {
  const { status, stdout, stderr } = spawnSync(MIDGE, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

const commands = said('man', '--list').trim().split('\n');
const completions = path.join(path.dirname(MIDGE), 'completions');

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-completion-'));
  for (const name of ['a file', 'other']) fs.writeFileSync(path.join(folder, name), '');
});

after(() => fs.rmSync(folder, { recursive: true }));

// Undefined: there is no such shell.
function run(shell, args, input) {
  const env = { ...process.env, TERM: 'xterm', LC_ALL: 'C.UTF-8', HOME: folder };
  const done = spawnSync(shell, args,
    { cwd: folder, input, encoding: 'utf8', timeout: LIMIT_MS, env });
  if (done.error?.code === 'ENOENT') return undefined;
  assert.equal(done.error, undefined);
  assert.equal(done.stderr, '');
  assert.equal(done.status, 0);
  return done.stdout;
}

const linesOf = (text) => text.replace(/\n$/, '').split('\n');

// The words of a line have single spaces between them; the last one may be empty.
function bash(...lines) {
  const script = `${said('completion', 'bash')}
    while IFS= read -r line; do
      IFS=, read -ra COMP_WORDS <<<"$line,"
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _midge
      (IFS=,; echo "\${COMPREPLY[*]}")
    done`;
  const input = lines.map((line) => `${line.replaceAll(' ', ',')}\n`).join('');
  return linesOf(run('bash', ['-c', script], input)).map((line) => line.split(',').filter(Boolean));
}

// The editor of an interactive zsh, told to insert all that it offers.
function zsh(...lines) {
  const file = (name) => path.join(folder, `.${name}`);
  fs.writeFileSync(file('lines'), lines.join('\n'));
  fs.writeFileSync(file('setup'), `
    PS1= ; unsetopt automenu
    autoload -Uz compinit; fpath=(${completions} $fpath); compinit -u -D
    insert_all() { compstate[insert]=all }
    every() {
      local line
      for line in "\${(@f)$(<${file('lines')})}"; do
        BUFFER=$line CURSOR=$#line comppostfuncs=(insert_all)
        zle complete-word
        print -r -- "$BUFFER"
      done >${file('offered')}
      exit
    }
    zle -N every; bindkey '^X' every`);
  const script = `zmodload zsh/zpty
    zpty inner 'zsh -f -i'
    zpty -w inner 'source ${file('setup')}; print it is' ready
    zpty -r inner said '*it is ready*it is ready*'
    zpty -w -n inner $'\\C-x'
    while zpty -r inner said; do :; done`;
  if (run('zsh', ['-f', '-c', script]) === undefined) return undefined;
  return linesOf(fs.readFileSync(file('offered'), 'utf8')).map((line, i) => {
    const kept = lines[i].lastIndexOf(' ') + 1;
    if (line === lines[i]) return [];
    return line.slice(kept).match(/(\\.|[^ \\])+/g).map((word) => word.replaceAll('\\', ''));
  });
}

function fish(...lines) {
  const script = `source ${path.join(completions, 'midge.fish')}
    while read -l line
      set -l words (complete -C "$line" | string split -f1 \\t)
      echo (string join -- , $words)
    end`;
  const input = lines.map((line) => `${line}\n`).join('');
  const offered = run('fish', ['--no-config', '-c', script], input);
  return offered && linesOf(offered).map((line) => line.split(',').filter(Boolean));
}

// Its options follow what it is to do.
const lineOf = (command) => (command === 'bench' ? 'bench pub' : command);

for (const [name, complete] of Object.entries({ bash, zsh, fish })) {
  test(`${name} completes commands, options and values`, (t) => {
    const cases = {
      'midge re': ['record', 'replay'],
      'midge store ch': ['check'],
      'midge bench ': [...(name === 'bash' ? ['--help'] : []), 'conn', 'echo', 'pub', 'sub'],
      'midge man st': ['store'],
      'midge completion z': ['zsh'],
      'midge pub --top': ['--topic'],
      'midge pub -q ': ['0', '1', '2'],
      'midge sub -V mqttv3': ['mqttv31', 'mqttv311'],
      'midge pub -D p': ['publish'],
      'midge pub --cafile a': ['a file'],
      'midge replay o': ['other'],
      'midge store check o': ['other'],
      // Nothing that is another command's, and no files where none are taken.
      'midge pub -m ': [],
      'midge pub o': [],
      'midge bench pub --repea': [],
      'midge bench pub --ht': ['--html'],
      'midge man pub --top': [],
    };
    const offered = complete(...Object.keys(cases));
    if (offered === undefined) {
      t.skip(`there is no ${name}`);
      return;
    }
    const sorted = offered.map((some) => [...new Set(some)].sort());
    assert.deepEqual(
      Object.fromEntries(Object.keys(cases).map((line, i) => [line, sorted[i]])), cases);
  });

  test(`${name} completes every option of every command`, (t) => {
    const some = commands.filter((command) => command !== 'store');
    const offered = complete(...some.map((command) => `midge ${lineOf(command)} --`));
    if (offered === undefined) {
      t.skip(`there is no ${name}`);
      return;
    }
    some.forEach((command, i) => {
      const long = words(optionsOf(said(command, '--help=all'))).filter((word) => /^--/.test(word));
      assert.deepEqual([...new Set(offered[i])].sort(), ['--help', ...long].sort(), command);
    });
  });
}

test('bash completes every letter of every command', () => {
  const offered = bash(...commands.map((command) => `midge ${lineOf(command)} -`));
  commands.forEach((command, i) => {
    if (command === 'store') return;
    assert.deepEqual(offered[i], ['--help', ...words(optionsOf(said(command, '--help=all')))]);
  });
});
