import { useEffect, useState } from 'react';

/** Puts a text into the clipboard, and says so. @param text is asked for when it is needed: it may be large. */
export function CopyButton({
  text,
  children = 'Copy',
  label,
  className = 'button quiet',
}: {
  readonly text: () => string;
  readonly children?: React.ReactNode;
  /** For those who do not see what stands beside it. */
  readonly label?: string | undefined;
  readonly className?: string;
}) {
  const [said, setSaid] = useState<'copied' | 'failed'>();
  useEffect(() => {
    if (said === undefined) return;
    const timer = setTimeout(() => setSaid(undefined), 2000);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = () =>
    void copyText(text()).then(
      () => setSaid('copied'),
      () => setSaid('failed'),
    );
  return (
    <button type="button" className={className} aria-label={label} onClick={copy}>
      <span aria-live="polite">
        {said === 'copied' ? 'Copied' : said === 'failed' ? 'Not allowed' : children}
      </span>
    </button>
  );
}

/** @throws Error where the browser refuses. */
export async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  // Plain HTTP has no clipboard but this one.
  const field = document.createElement('textarea');
  field.value = text;
  field.setAttribute('aria-hidden', 'true');
  field.style.position = 'fixed';
  field.style.opacity = '0';
  (document.querySelector('dialog[open]') ?? document.body).append(field);
  field.select();
  const isDone = document.execCommand('copy');
  field.remove();
  if (!isDone) throw new Error('The browser refused to copy.');
}

/** Saves a text as a file of the viewer's. */
export function downloadText(name: string, text: string, type = 'application/json'): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
