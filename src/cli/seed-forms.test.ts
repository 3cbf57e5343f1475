import { expect, test } from 'vitest';
import { withCommand } from './seed-forms.ts';

const commands = ['serve', 'client', 'bench', 'test'];
const after = (line: string, known = commands): string =>
  withCommand(
    line.split(' ').filter((word) => word !== ''),
    known,
  ).join(' ');

test("the seed's command lines become ours", () => {
  expect(after('--id 1 --port 7001 --debug')).toBe('serve --id 1 --port 7001 --debug');
  expect(after('--port 7001')).toBe('serve --port 7001');
  expect(after('--client 127.0.0.1:7001')).toBe('client 127.0.0.1:7001');
  expect(after('--client=127.0.0.1:7001')).toBe('client 127.0.0.1:7001');
  expect(after('--bench 127.0.0.1:7001 --threads 8 --ops 100000')).toBe(
    'bench 127.0.0.1:7001 --threads 8 --ops 100000',
  );
  expect(after('--threads 8 --bench 127.0.0.1:7001')).toBe('bench --threads 8 127.0.0.1:7001');
  expect(after('--test')).toBe('test');
});

test('commands, help and version stay as they are', () => {
  for (const line of ['serve --id 1', 'client HOST --client', '--help', '-V', '--version', '']) {
    expect(after(line)).toBe(line);
  }
});

test('a flag of a command that is not there is no command', () => {
  expect(after('--client HOST', ['serve'])).toBe('serve --client HOST');
});
