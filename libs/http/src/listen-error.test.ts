import { describe, expect, it } from '@jest/globals';
import { explainListenError } from './listen-error.ts';
import { startApp, stopApps } from './test-app.ts';

describe('an address that cannot be listened on', () => {
  it('says what to do about it, by the settings it came from', async () => {
    const { port } = await startApp({ routes: [] });
    await expect(startApp({ routes: [], port })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: something else listens there: stop it, or choose another port with --port`,
    );
    await stopApps();
    const names = ['QUERY_HOST', 'QUERY_PORT'] as const;
    const gone = Object.assign(new Error('x'), { code: 'EADDRNOTAVAIL' });
    expect(explainListenError(gone, { host: '192.0.2.1', port, names })).toMatchObject({
      message: `cannot listen on 192.0.2.1:${port}: this machine does not have that address: choose another one with QUERY_HOST`,
      cause: gone,
    });
  });

  it('leaves other errors alone', () => {
    const other = new Error('x');
    expect(explainListenError(other, { host: 'h', port: 1, names: ['a', 'b'] })).toBe(other);
  });
});
