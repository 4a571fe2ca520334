import { json } from '@codemirror/lang-json';
import { python } from '@codemirror/lang-python';
import { unifiedMergeView } from '@codemirror/merge';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { basicSetup } from 'codemirror';
import { useEffect, useRef } from 'react';
import type { DiffProps, EditorProps } from './editor.tsx';

const LANGUAGES = { json, python, text: (): Extension => [] };

/** Colours come from the page: custom properties reach into the shadow tree. */
const LOOK = EditorView.theme({
  '&': { backgroundColor: 'var(--bg-soft)', color: 'var(--text)', fontSize: '12.5px', maxHeight: '60vh' },
  '.cm-content': { fontFamily: 'var(--mono)', caretColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--bg-soft)', color: 'var(--text-soft)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--bg-hover)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--accent-soft) !important',
  },
});

/** An editor whose styles are sheets of its own shadow tree: the pages' policy refuses `<style>` elements. */
function useView(
  extensions: () => Extension,
  doc: string,
): [React.RefObject<HTMLDivElement | null>, React.RefObject<EditorView | null>] {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const made = useRef(extensions);
  const first = useRef(doc);
  useEffect(() => {
    const root = host.current!.shadowRoot ?? host.current!.attachShadow({ mode: 'open' });
    const editor = new EditorView({
      root,
      parent: root,
      state: EditorState.create({ doc: first.current, extensions: made.current() }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, []);
  return [host, view];
}

export function Editor({ value, onChange, language = 'text', label }: EditorProps) {
  const change = useRef(onChange);
  change.current = onChange;
  const [host, view] = useView(
    () => [
      basicSetup,
      LANGUAGES[language](),
      LOOK,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': label }),
      onChange === undefined ? EditorState.readOnly.of(true) : [],
      EditorView.updateListener.of((update) => {
        if (update.docChanged) change.current?.(update.state.doc.toString());
      }),
    ],
    value,
  );
  useEffect(() => {
    const editor = view.current;
    if (editor === null || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [view, value]);
  return <div className="editor" ref={host} />;
}

export function Diff({ before, after, language = 'text', label }: DiffProps) {
  return (
    <DiffView
      key={`${before.length} ${after.length} ${before}${after}`}
      {...{ before, after, language, label }}
    />
  );
}

function DiffView({ before, after, language, label }: Required<DiffProps>) {
  const [host] = useView(
    () => [
      basicSetup,
      LANGUAGES[language](),
      LOOK,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': label }),
      EditorState.readOnly.of(true),
      unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: { margin: 3 } }),
    ],
    after,
  );
  return <div className="editor" ref={host} />;
}
