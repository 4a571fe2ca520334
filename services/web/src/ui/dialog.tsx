import { useEffect, useRef, type ReactNode } from 'react';

/**
 * A window over the page. The browser's own: it keeps the focus, closes on Escape and gives the focus back. Rendered
 * only while it is open. @param title is also what it is called for those who do not see it.
 */
export function Dialog({
  title,
  onClose,
  children,
  isWide = false,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly isWide?: boolean;
}) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => element.current?.showModal(), []);
  return (
    <dialog
      ref={element}
      className={`dialog${isWide ? ' wide' : ''}`}
      aria-label={title}
      onClose={onClose}
      onClick={(event) => event.target === element.current && element.current?.close()}
    >
      <div className="dialog-body">
        <header>
          <h2>{title}</h2>
          <button className="button quiet push" aria-label="Close" onClick={() => element.current?.close()}>
            ✕
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
