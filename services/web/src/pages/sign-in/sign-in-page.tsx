import { useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { sessionQuery, signIn } from '../../api/session.ts';
import { ErrorNote } from '../../ui/notes.tsx';

export function SignInPage() {
  const queries = useQueryClient();
  const [key, setKey] = useState('');
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      queries.setQueryData(sessionQuery.queryKey, await signIn(key));
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="sign-in">
      <h1>Sign in to Weft</h1>
      <p className="soft" style={{ margin: 0 }}>
        With the API key that your SDK uses. An operator makes one with <code>weft keys create</code>.
      </p>
      <form onSubmit={(event) => void submit(event)}>
        <label htmlFor="key">API key</label>
        <input
          id="key"
          className="field"
          type="password"
          autoComplete="current-password"
          autoFocus
          required
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
        <button className="button primary" disabled={isBusy || key.trim() === ''}>
          Sign in
        </button>
      </form>
      {error !== undefined && <ErrorNote error={error} />}
    </main>
  );
}
