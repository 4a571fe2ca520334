/** Whether Markdown is shown as what it means. Of this browser, for all texts. */

const KEY = 'weft.markdown';
const watchers = new Set<() => void>();

export function readMarkdown(): boolean {
  return localStorage.getItem(KEY) !== 'off';
}

export function keepMarkdown(isWanted: boolean): void {
  if (isWanted) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, 'off');
  for (const watcher of watchers) watcher();
}

export function watchMarkdown(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
